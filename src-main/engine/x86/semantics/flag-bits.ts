// Single flags moved as bits of the EFLAGS word, for semantics that set them outside the short forms.
// Reference: Intel SDM vol. 1, 3.4.3.

import { EFLAGS_ZF } from '../state/control-bits.ts';
import type { Emitter, Value } from './emitter.ts';

/** Number of the lowest bit of a mask, for `Emitter.bit`. */
export const bitNumber = (mask: number): number => 31 - Math.clz32(mask & -mask);

/** Sets ZF alone, from a 1-bit value. */
export function setZeroFlag(e: Emitter, zf: Value): void {
  e.setEflags(e.shl(e.zeroExtend(zf, 32), e.constant(32, bitNumber(EFLAGS_ZF))), EFLAGS_ZF);
}
