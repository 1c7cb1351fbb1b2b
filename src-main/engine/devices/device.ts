// What a device is and what it may ask of its machine: narrow capabilities, never the machine itself.

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Dma } from '../bus/dma.ts';
import type { IrqLine } from '../bus/irq-line.ts';
import type { StateSpec } from '../snapshot/define-state.ts';

/** Access width in bytes. Wider guest accesses are split by the bus, low part first. */
export type Width = 1 | 2 | 4;

/** A range a device answers, in I/O ports or in physical memory. PCI BARs move at run time. */
export interface Region {
  readonly space: 'port' | 'memory';
  readonly base: number;
  readonly length: number;
}

export interface DeviceContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly dma: Dma;
  /** The interrupt line wired to a pin of this device; which one it is, only the board knows. */
  irq(pin: string): IrqLine;
}

/** A device decodes offsets inside its own regions; it never learns where it is mapped. */
export interface Device<S extends object = object> {
  /** "rtc", "uart0": also its snapshot section. */
  readonly id: string;
  readonly regions: readonly Region[];
  readonly spec: StateSpec<S>;
  readonly state: S;
  read(region: number, offset: number, width: Width): number;
  write(region: number, offset: number, width: Width, value: number): void;
  reset(): void;
  /** Re-arm timers and recompute derived values. */
  afterRestore?(): void;
}
