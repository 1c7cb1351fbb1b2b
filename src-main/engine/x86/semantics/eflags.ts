// The bits of the EFLAGS register by name, for semantics that move flags as a word.
// Reference: Intel SDM vol. 1, 3.4.3 and figure 3-8.

import type { Emitter, Value } from './emitter.ts';

export const CF = 1 << 0;
export const PF = 1 << 2;
export const AF = 1 << 4;
export const ZF = 1 << 6;
export const SF = 1 << 7;
export const TF = 1 << 8;
export const IF = 1 << 9;
export const DF = 1 << 10;
export const OF = 1 << 11;
export const IOPL = 3 << 12;
export const NT = 1 << 14;
export const RF = 1 << 16;
export const VM = 1 << 17;
export const AC = 1 << 18;
export const VIF = 1 << 19;
export const VIP = 1 << 20;
export const ID = 1 << 21;

/** The six flags arithmetic sets. */
export const ARITHMETIC_FLAGS = CF | PF | AF | ZF | SF | OF;

/** Number of the lowest bit of a mask, for `Emitter.bit`. */
export const bitNumber = (mask: number): number => 31 - Math.clz32(mask & -mask);

/** Sets ZF alone, from a 1-bit value. */
export function setZeroFlag(e: Emitter, zf: Value): void {
  e.setEflags(e.shl(e.zeroExtend(zf, 32), e.constant(32, bitNumber(ZF))), ZF);
}
