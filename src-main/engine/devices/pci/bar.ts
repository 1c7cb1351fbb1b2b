// Base address registers: sizing, decoding and the moves that follow. Reference: PCI Local Bus
// Specification 2.2, 6.2.5.

import { assert } from '../../base/assert.ts';
import {
  COMMAND_IO,
  COMMAND_MEMORY,
  type ConfigSpace,
  PCI_BAR0,
  PCI_COMMAND,
  PCI_ROM,
} from './config-space.ts';

/** One base address register of a function. */
export interface Bar {
  /** 0 to 5, or 6 for the expansion ROM. */
  readonly index: number;
  readonly kind: 'io' | 'memory';
  /** A power of two: at least 4 for I/O, 16 for memory, 2048 for the ROM. */
  readonly bytes: number;
  readonly prefetchable?: boolean;
  /** Region of the function's device that this register places. */
  readonly region?: number;
  /** Hears of a new place, or that there is none; for apertures the machine maps itself. */
  readonly onMove?: (base: number | undefined) => void;
}

export const ROM_BAR = 6;
const ROM_ENABLE = 1;

export function barOffset(bar: Bar): number {
  return bar.index === ROM_BAR ? PCI_ROM : PCI_BAR0 + 4 * bar.index;
}

export function defineBar(config: ConfigSpace, bar: Bar): void {
  const minimum = bar.index === ROM_BAR ? 2048 : bar.kind === 'io' ? 4 : 16;
  assert(
    bar.bytes >= minimum && (bar.bytes & (bar.bytes - 1)) === 0,
    `BAR ${bar.index} of ${bar.bytes} bytes`,
  );
  const flags = bar.kind === 'io' ? 1 : bar.prefetchable ? 8 : 0;
  const enable = bar.index === ROM_BAR ? ROM_ENABLE : 0;
  config.define({ offset: barOffset(bar), width: 4, value: flags, writable: (-bar.bytes | enable) >>> 0 });
}

/** Where the function decodes this register now; an address of zero counts as not set yet. */
export function barAddress(config: ConfigSpace, bar: Bar): number | undefined {
  const command = config.u16(PCI_COMMAND);
  if ((command & (bar.kind === 'io' ? COMMAND_IO : COMMAND_MEMORY)) === 0) return undefined;
  const value = config.u32(barOffset(bar));
  if (bar.index === ROM_BAR && (value & ROM_ENABLE) === 0) return undefined;
  const address = (value & -bar.bytes) >>> 0;
  if (address === 0 || (bar.kind === 'io' && address > 0xffff)) return undefined;
  return address;
}
