// Double-extended addition, multiplication and division for normal operands or zeros, with nearest rounding: emitted
// in line, with no branch that usual operands would take now one way and now the other. Leaves slowly where a result
// is not normal. Same results as `x86/helpers/soft-float/`.
// Reference: Intel SDM vol. 1, 8.1.5; IEEE 754-2019, 5.4.1; Knuth vol. 2, 4.3.1, algorithm D.

import type { IrValue } from '../../ir/types.ts';
import type { Routine } from '../routine.ts';
import {
  BIAS,
  EXPONENT_MASK,
  type FloatParts,
  type Rounding,
  SIGN,
  TOP_BIT,
  type X87File,
} from './x87-file.ts';

export type Rounded = FloatParts & Rounding;

/** Half of the last place, where 64 bits follow it. */
const HALF = TOP_BIT;
/** Bits of a 64-bit significand that one of 53 bits does not have. */
const DOUBLE_DROP = 11;

/** A result before rounding: significand with its top bit set, 64 bits below it; or 0 in both. */
interface Exact {
  readonly high: IrValue;
  readonly low: IrValue;
  readonly exponent: IrValue;
  readonly sign: IrValue;
  /** The sign of a result of 0. */
  readonly zeroSign: IrValue;
}

const wide = (r: Routine, flag: IrValue): IrValue => r.op('i64.extend_i32_u', flag);

/** Whether a significand goes up by one: to nearest, ties to even. `low`: the bits below, the first one worth a half. */
export function roundsUp(r: Routine, significand: IrValue, low: IrValue): IrValue {
  return r.with64('gt_u', r.op('i64.or', low, r.with64('and', significand, 1)), HALF);
}

function round<Slot>(r: X87File<Slot>, exact: Exact): Rounded {
  const { high, low, sign, exponent } = exact;
  const significand = r.variable(high);
  const lost = r.variable(low);
  const up = r.variable(r.i32(0));
  r.when(
    r.isExtended(),
    () => {
      r.set(up, roundsUp(r, high, low));
      r.set(significand, r.op('i64.add', high, wide(r, r.get(up))));
    },
    () => {
      const kept = r.with64('shr_u', high, DOUBLE_DROP);
      const sticky = wide(r, r.with64('ne', low, 0));
      r.set(lost, r.op('i64.or', r.with64('shl', high, 64 - DOUBLE_DROP), sticky));
      r.set(up, roundsUp(r, kept, r.get(lost)));
      r.set(significand, r.with64('shl', r.op('i64.add', kept, wide(r, r.get(up))), DOUBLE_DROP));
    },
  );
  const rounded = r.get(significand);
  const word = r.variable(r.op('i32.or', sign, exponent));
  const isOutside = (value: IrValue) => r.with32('gt_u', r.with32('sub', value, 1), EXPONENT_MASK - 2);
  r.seldom([() => r.op('i64.eqz', rounded), () => isOutside(exponent)], () =>
    r.when(
      r.op('i64.eqz', high),
      () => r.set(word, exact.zeroSign),
      () => {
        // Adding one to all ones leaves 0: the next power of two.
        const carried = r.with64('xor', r.with64('shr_u', rounded, 63), 1);
        const next = r.op('i32.add', exponent, r.op('i32.wrap_i64', carried));
        r.slowly(isOutside(next));
        r.set(significand, r.op('i64.or', rounded, r.with64('shl', carried, 63)));
        r.set(word, r.op('i32.or', sign, next));
      },
    ),
  );
  const result = { significand: r.get(significand), word: r.get(word), lost: r.get(lost), up: r.get(up) };
  return { ...result, isNormalOrZero: true };
}

const exponentOf = (r: Routine, { word }: FloatParts): IrValue => r.with32('and', word, EXPONENT_MASK);

/** A significand moved down by one place more than `distance`, and the bits below it, of which the last one is sticky. */
function aligned(r: Routine, small: IrValue, distance: IrValue): { shifted: IrValue; below: IrValue } {
  // Shift counts are modulo 64.
  const moved = r.op('i64.shr_u', small, wide(r, r.with32('add', distance, 1)));
  const shifted = r.variable(moved);
  const below = r.variable(r.op('i64.shl', small, wide(r, r.with32('xor', distance, 63))));
  r.seldom([() => r.with32('gt_u', distance, 62)], () => {
    const lost = r.op('i64.shl', r.with64('shl', small, 1), wide(r, r.op('i32.sub', r.i32(62), distance)));
    const near = r.op('i64.or', moved, wide(r, r.with64('ne', lost, 0)));
    const far = wide(r, r.with64('ne', small, 0));
    r.set(below, r.f.select(r.with32('lt_u', distance, 127), near, far));
    r.set(shifted, r.i64(0));
  });
  return { shifted: r.get(shifted), below: r.get(below) };
}

export function addFloats<Slot>(r: X87File<Slot>, a: FloatParts, b: FloatParts): Rounded {
  const { f } = r;
  const [aExponent, bExponent] = [exponentOf(r, a), exponentOf(r, b)];
  const difference = r.op('i32.sub', aExponent, bExponent);
  const swap = r.isSmaller(a, b);
  const large = f.select(swap, b.significand, a.significand);
  const small = f.select(swap, a.significand, b.significand);
  const largeWord = f.select(swap, b.word, a.word);
  const signOfDifference = r.with32('shr_s', difference, 31);
  const distance = r.op('i32.sub', r.op('i32.xor', difference, signOfDifference), signOfDifference);
  // Both one place down: a sum may have one bit more.
  const { shifted, below } = aligned(r, small, distance);
  // All ones where the smaller one is to be subtracted.
  const signs = r.with32('shl', r.op('i32.xor', a.word, b.word), 16);
  const minus = r.op('i64.extend_i32_s', r.with32('shr_s', signs, 31));
  const largeLow = r.op('i64.sub', r.with64('shl', large, 63), minus);
  const low = r.op('i64.add', largeLow, r.op('i64.xor', below, minus));
  const carry = wide(r, r.op('i64.lt_u', low, largeLow));
  const uppers = r.op('i64.add', r.with64('shr_u', large, 1), r.op('i64.xor', shifted, minus));
  const upper = r.variable(r.op('i64.add', uppers, carry));
  const lower = r.variable(low);
  const exponent = r.variable(r.with32('add', r.with32('and', largeWord, EXPONENT_MASK), 1));
  r.seldom([() => r.op('i64.eqz', r.get(upper))], () => {
    r.set(upper, low);
    r.set(lower, r.i64(0));
    r.set(exponent, r.with32('sub', r.get(exponent), 64));
  });
  const places = r.op('i64.clz', r.get(upper));
  const moved = r.op('i64.shr_u', r.with64('shr_u', r.get(lower), 1), r.with64('xor', places, 63));
  return round(r, {
    high: r.op('i64.or', r.op('i64.shl', r.get(upper), places), moved),
    low: r.op('i64.shl', r.get(lower), places),
    exponent: r.op('i32.sub', r.get(exponent), r.op('i32.wrap_i64', places)),
    sign: r.with32('and', largeWord, SIGN),
    // Nothing left of numbers with different signs: +0.
    zeroSign: r.with32('and', r.op('i32.and', a.word, b.word), SIGN),
  });
}

const productSign = (r: Routine, a: FloatParts, b: FloatParts): IrValue =>
  r.with32('and', r.op('i32.xor', a.word, b.word), SIGN);

export function multiplyFloats<Slot>(r: X87File<Slot>, a: FloatParts, b: FloatParts): Rounded {
  const lower = (value: IrValue) => r.with64('and', value, 0xffff_ffffn);
  const upper = (value: IrValue) => r.with64('shr_u', value, 32);
  const [x, y] = [a.significand, b.significand];
  const lowest = r.op('i64.mul', lower(x), lower(y));
  const middle = r.op('i64.add', r.op('i64.mul', upper(x), lower(y)), upper(lowest));
  const cross = r.op('i64.add', r.op('i64.mul', lower(x), upper(y)), lower(middle));
  const sum = r.op('i64.add', upper(middle), upper(cross));
  const top = r.op('i64.add', r.op('i64.mul', upper(x), upper(y)), sum);
  const low = r.op('i64.or', r.with64('shl', cross, 32), lower(lowest));
  // The product has its top bit here or one below: all ones.
  const isBelow = r.with64('sub', r.with64('shr_u', top, 63), 1);
  const doubled = (value: IrValue) => r.op('i64.add', value, r.op('i64.and', value, isBelow));
  const moved = r.op('i64.and', r.with64('shr_u', low, 63), isBelow);
  const exponents = r.op('i32.add', exponentOf(r, a), exponentOf(r, b));
  const sign = productSign(r, a, b);
  return round(r, {
    high: r.op('i64.add', doubled(top), moved),
    low: doubled(low),
    exponent: r.op('i32.add', r.with32('sub', exponents, BIAS - 1), r.op('i32.wrap_i64', isBelow)),
    sign,
    zeroSign: sign,
  });
}

export function divideFloats<Slot>(r: X87File<Slot>, a: FloatParts, b: FloatParts): Rounded {
  const { f } = r;
  const [dividend, divisor] = [a.significand, b.significand];
  r.slowly(r.op('i64.eqz', divisor));
  // The dividend is high:low with high below the divisor, so that the quotient has 64 bits and its top bit set.
  const smaller = r.op('i64.lt_u', dividend, divisor);
  const high = f.select(smaller, dividend, r.with64('shr_u', dividend, 1));
  const low = f.select(smaller, r.i64(0), r.with64('shl', dividend, 63));
  const difference = r.op('i32.sub', exponentOf(r, a), exponentOf(r, b));
  const first = quotientDigit(r, high, r.with64('shr_u', low, 32), divisor);
  const second = quotientDigit(r, first.rest, r.with64('and', low, 0xffff_ffffn), divisor);
  const { rest } = second;
  // Half of the divisor against the remainder, without doubling it: the bits below the quotient.
  const other = r.op('i64.sub', divisor, rest);
  const sticky = wide(r, r.op('i64.ne', rest, other));
  const above = r.with64('shl', wide(r, r.op('i64.ge_u', rest, other)), 63);
  const sign = productSign(r, a, b);
  return round(r, {
    high: r.op('i64.add', r.with64('shl', first.digit, 32), second.digit),
    low: f.select(r.op('i64.eqz', rest), r.i64(0), r.op('i64.or', above, sticky)),
    exponent: r.op('i32.sub', r.with32('add', difference, BIAS), smaller),
    sign,
    zeroSign: sign,
  });
}

/** One 32-bit digit of (high:next) / divisor; `high` is below the divisor, whose top bit is set. */
function quotientDigit(
  r: Routine,
  high: IrValue,
  next: IrValue,
  divisor: IrValue,
): { digit: IrValue; rest: IrValue } {
  const divisorHigh = r.with64('shr_u', divisor, 32);
  const divisorLow = r.with64('and', divisor, 0xffff_ffffn);
  const digit = r.variable(r.op('i64.div_u', high, divisorHigh));
  const estimate = r.variable(r.op('i64.sub', high, r.op('i64.mul', r.get(digit), divisorHigh)));
  // The estimate is at most two too large.
  for (let correction = 0; correction < 2; correction++) {
    const fits = r.op('i64.eqz', r.with64('shr_u', r.get(estimate), 32));
    const target = r.op('i64.or', r.with64('shl', r.get(estimate), 32), next);
    const exceeds = r.op('i64.gt_u', r.op('i64.mul', r.get(digit), divisorLow), target);
    const tooWide = r.with64('gt_u', r.get(digit), 0xffff_ffffn);
    r.when(r.op('i32.and', fits, r.op('i32.or', tooWide, exceeds)), () => {
      r.set(digit, r.with64('sub', r.get(digit), 1));
      r.set(estimate, r.op('i64.add', r.get(estimate), divisorHigh));
    });
  }
  const whole = r.op('i64.or', r.with64('shl', high, 32), next);
  return { digit: r.get(digit), rest: r.op('i64.sub', whole, r.op('i64.mul', r.get(digit), divisor)) };
}
