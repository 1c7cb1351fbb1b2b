// Decimal adjustment. Flags the manual leaves undefined keep their values, except that AAM and AAD clear them.
// Reference: Intel SDM vol. 2 (AAA, AAD, AAM, AAS, DAA, DAS).

import { VECTOR_DE } from '../helpers/descriptor.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';

/** 1-bit: the low digit of AL is above 9, or a carry left it. */
function lowDigitOverflows(e: Emitter, al: Value): Value {
  const digit = e.and(al, e.constant(8, 0x0f));
  return e.or(e.lessU(e.constant(8, 9), digit), e.flag('af'));
}

function adjustPacked(e: Emitter, subtract: boolean): void {
  const zero = e.constant(8, 0);
  const al = e.register('rax', 8);
  const oldCarry = e.flag('cf');
  const lowAdjust = lowDigitOverflows(e, al);
  const highAdjust = e.or(e.lessU(e.constant(8, 0x99), al), oldCarry);
  const amount = e.add(
    e.select(lowAdjust, e.constant(8, 0x06), zero),
    e.select(highAdjust, e.constant(8, 0x60), zero),
  );
  const result = subtract ? e.sub(al, amount) : e.add(al, amount);
  // Only DAS can borrow by its 6 without adjusting the high digit: AL below 6 with AF set.
  const borrow = e.and(lowAdjust, e.lessU(al, e.constant(8, 6)));
  const cf = subtract ? e.or(highAdjust, borrow) : highAdjust;
  e.setRegister('rax', result);
  e.flags({ result, cf, of: 'clear', af: lowAdjust });
}

const daa: Semantics = (e) => adjustPacked(e, false);
const das: Semantics = (e) => adjustPacked(e, true);

function adjustUnpacked(e: Emitter, subtract: boolean): void {
  const ax = e.register('rax', 16);
  const adjust = lowDigitOverflows(e, e.register('rax', 8));
  const amount = e.select(adjust, e.constant(16, 0x0106), e.constant(16, 0));
  const moved = subtract ? e.sub(ax, amount) : e.add(ax, amount);
  e.setRegister('rax', e.and(moved, e.constant(16, 0xff0f)));
  e.flags({ cf: adjust, af: adjust });
}

const aaa: Semantics = (e) => adjustUnpacked(e, false);
const aas: Semantics = (e) => adjustUnpacked(e, true);

const aam: Semantics = (e, a) => {
  const base = e.zeroExtend(e.read(a), 32);
  e.faultWhen(e.isZero(base), VECTOR_DE);
  const al = e.zeroExtend(e.register('rax', 8), 32);
  const low = e.truncate(e.remU(al, base), 8);
  e.setHigh8('rax', e.truncate(e.divU(al, base), 8));
  e.setRegister('rax', low);
  e.flagsLogic(low);
};

const aad: Semantics = (e, a) => {
  const low = e.add(e.mul(e.high8('rax'), e.read(a)), e.register('rax', 8));
  e.setRegister('rax', e.zeroExtend(low, 16));
  e.flagsLogic(low);
};

export const DECIMAL: Record<string, Semantics> = {
  DAA: daa,
  DAS: das,
  AAA: aaa,
  AAS: aas,
  AAM: aam,
  AAD: aad,
};
