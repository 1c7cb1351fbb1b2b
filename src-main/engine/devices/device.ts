// What a device is and what it may ask of its machine: narrow capabilities, never the machine itself.

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Dma } from '../bus/dma.ts';
import type { IrqLine } from '../bus/irq-line.ts';
import type { BusTarget, Region, Width } from '../bus/region.ts';
import type { StateSpec } from '../snapshot/define-state.ts';

export type { Region, Width };

export interface DeviceContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly dma: Dma;
  /** The interrupt line wired to a pin of this device; which one it is, only the board knows. */
  irq(pin: string): IrqLine;
}

/** A device decodes offsets inside its own regions; it never learns where it is mapped. */
export interface Device<S extends object = object> extends BusTarget {
  /** "rtc", "uart0": also its snapshot section. */
  readonly id: string;
  readonly spec: StateSpec<S>;
  readonly state: S;
  reset(): void;
  /** Re-arm timers, recompute derived values, drive interrupt lines to their restored levels. */
  afterRestore?(): void;
}
