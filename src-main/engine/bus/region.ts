// What an address space knows of the things mapped into it: a name, ranges and two methods.

/** Access width in bytes. Wider guest accesses are split by the bus, low part first. */
export type Width = 1 | 2 | 4;

/** A range a device answers, in I/O ports or in physical memory. PCI BARs move at run time. */
export interface Region {
  readonly space: 'port' | 'memory';
  readonly base: number;
  readonly length: number;
  /** Widest access the device takes in one piece; the bus splits wider ones into bytes. Default 4. */
  readonly maxWidth?: Width;
  /** Where regions overlap, the higher priority answers. Default 0. See `Bus.attach`. */
  readonly priority?: number;
  /** Not answered until `Bus.move` gives it a place (a BAR before the firmware ran). */
  readonly unmapped?: boolean;
}

/** A device as its address space sees it: it decodes offsets inside its own regions. */
export interface BusTarget {
  readonly id: string;
  readonly regions: readonly Region[];
  read(region: number, offset: number, width: Width): number;
  write(region: number, offset: number, width: Width, value: number): void;
}
