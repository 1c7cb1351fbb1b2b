// Between double-extended numbers and those that x87 loads and stores: singles, doubles and integers, for normal numbers
// and zeros. Leaves slowly where a conversion does not fit. Same results as `x86/helpers/x87-store.ts` and `x87Load`.
// Reference: Intel SDM vol. 1, 4.2, 8.1.5, 8.3.3.

import type { IrValue } from '../../ir/types.ts';
import { X87_MEMORY } from '../../x86/helpers/x87-operations.ts';
import type { Routine } from '../routine.ts';
import { roundsUp } from './extended.ts';
import { BIAS, EXPONENT_MASK, type FloatParts, ROUNDING, type Rounding, SIGN, TOP_BIT, type X87File } from './x87-file.ts';

/** A value to store. */
export interface Converted extends Rounding {
  readonly bits: IrValue;
}

/** Significand bits that do not fit, exponent bias difference, largest exponent field, bits above the value. */
interface NarrowFormat {
  readonly drop: number;
  readonly rebias: number;
  readonly top: number;
  readonly unused: number;
}

const DOUBLE: NarrowFormat = { drop: 11, rebias: BIAS - 1023, top: 0x7fe, unused: 0 };
const SINGLE: NarrowFormat = { drop: 40, rebias: BIAS - 127, top: 0xfe, unused: 32 };

const wide = (r: Routine, flag: IrValue): IrValue => r.op('i64.extend_i32_u', flag);

/** The bits of a memory operand by `X87_MEMORY` kind; integers sign-extended. */
export function numberFromMemory<Slot>(r: X87File<Slot>, kind: IrValue, bits: IrValue): FloatParts {
  const significand = r.variable(r.i64(0));
  const word = r.variable(r.i32(0));
  const take = (number: FloatParts) => {
    r.set(significand, number.significand);
    r.set(word, number.word);
  };
  r.when(
    r.with32('eq', kind, X87_MEMORY.f64),
    () => take(widen(r, DOUBLE, bits)),
    () =>
      r.when(
        r.with32('eq', kind, X87_MEMORY.f32),
        () => take(widen(r, SINGLE, bits)),
        () => take(fromInteger(r, bits)),
      ),
  );
  return { significand: r.get(significand), word: r.get(word), isNormalOrZero: true };
}

function widen<Slot>(r: X87File<Slot>, format: NarrowFormat, bits: IrValue): FloatParts {
  const { drop, rebias, top, unused } = format;
  const exponent = r.with32('and', r.op('i32.wrap_i64', r.with64('shr_u', bits, 63 - drop)), top + 1);
  const sign = r.with32('and', r.op('i32.wrap_i64', r.with64('shr_u', bits, 48 - unused)), SIGN);
  const significand = r.variable(r.with64('or', r.with64('shl', bits, drop), TOP_BIT));
  const word = r.variable(r.op('i32.or', sign, r.with32('add', exponent, rebias)));
  r.seldom([() => r.with32('gt_u', r.with32('sub', exponent, 1), top - 1)], () => {
    r.slowly(r.with64('ne', r.with64('shl', bits, unused + 1), 0));
    r.set(significand, r.i64(0));
    r.set(word, sign);
  });
  return { significand: r.get(significand), word: r.get(word), isNormalOrZero: true };
}

function fromInteger(r: Routine, bits: IrValue): FloatParts {
  const negative = r.with64('shr_s', bits, 63);
  const magnitude = r.op('i64.sub', r.op('i64.xor', bits, negative), negative);
  const places = r.op('i64.clz', magnitude);
  const exponent = r.op('i32.sub', r.i32(BIAS + 63), r.op('i32.wrap_i64', places));
  const sign = r.with32('and', r.op('i32.wrap_i64', negative), SIGN);
  return {
    significand: r.op('i64.shl', magnitude, places),
    word: r.f.select(r.op('i64.eqz', bits), r.i32(0), r.op('i32.or', sign, exponent)),
    isNormalOrZero: true,
  };
}

export const toDouble = <Slot>(r: X87File<Slot>, number: FloatParts): Converted => narrowed(r, DOUBLE, number);
export const toSingle = <Slot>(r: X87File<Slot>, number: FloatParts): Converted => narrowed(r, SINGLE, number);

/** Rounds to nearest even; leaves slowly near the range's ends. */
function narrowed<Slot>(r: X87File<Slot>, format: NarrowFormat, { significand, word }: FloatParts): Converted {
  const { drop, rebias, top, unused } = format;
  const exponent = r.with32('sub', r.with32('and', word, EXPONENT_MASK), rebias);
  const kept = r.with64('shr_u', significand, drop);
  const lost = r.with64('shl', significand, 64 - drop);
  const up = roundsUp(r, kept, lost);
  // The significand's top bit adds one to the exponent, and so does a carry.
  const placed = r.with64('shl', r.op('i64.extend_i32_s', r.with32('sub', exponent, 1)), 63 - drop);
  const magnitude = r.op('i64.add', placed, r.op('i64.add', kept, wide(r, up)));
  const sign = r.with64('shl', wide(r, r.with32('and', word, SIGN)), 48 - unused);
  const bits = r.variable(r.op('i64.or', sign, magnitude));
  // One from either end: no underflow, and no overflow by rounding.
  r.seldom([() => r.with32('gt_u', r.with32('sub', exponent, 2), top - 3)], () => {
    r.slowly(r.with64('ne', significand, 0));
    r.set(bits, sign);
  });
  return { bits: r.get(bits), lost, up };
}

/** Exponents from which on a value might not fit after rounding. */
const INTEGER_LIMITS = { i16: 14, i32: 30, i64: 62 } as const;

/** To nearest or towards zero. */
export function toInteger<Slot>(
  r: X87File<Slot>,
  kind: IrValue,
  truncate: IrValue,
  { significand, word }: FloatParts,
): Converted {
  const { f } = r;
  const rounding = r.rounding();
  const cut = r.op('i32.or', r.with32('eq', rounding, ROUNDING), r.with32('ne', truncate, 0));
  r.slowly(r.op('i32.eqz', r.op('i32.or', cut, r.op('i32.eqz', rounding))));
  const exponent = r.with32('sub', r.with32('and', word, EXPONENT_MASK), BIAS);
  const narrow = f.select(
    r.with32('eq', kind, X87_MEMORY.i32),
    r.i32(INTEGER_LIMITS.i32),
    r.i32(INTEGER_LIMITS.i16),
  );
  const limit = f.select(r.with32('eq', kind, X87_MEMORY.i64), r.i32(INTEGER_LIMITS.i64), narrow);
  r.slowly(r.op('i32.ge_s', exponent, limit));
  const whole = r.variable(r.i64(0));
  // Below one half only that there is something; at -1 the significand itself is the fraction.
  const tiny = wide(r, r.with64('ne', significand, 0));
  const fraction = r.variable(f.select(r.with32('eq', exponent, -1), significand, tiny));
  r.when(r.with32('ge_s', exponent, 0), () => {
    const places = wide(r, r.op('i32.sub', r.i32(63), exponent));
    r.set(whole, r.op('i64.shr_u', significand, places));
    r.set(fraction, r.op('i64.shl', significand, r.op('i64.sub', r.i64(64), places)));
  });
  const up = f.select(cut, r.i32(0), roundsUp(r, r.get(whole), r.get(fraction)));
  const magnitude = r.op('i64.add', r.get(whole), wide(r, up));
  const negated = r.op('i64.sub', r.i64(0), magnitude);
  return { bits: f.select(r.with32('and', word, SIGN), negated, magnitude), lost: r.get(fraction), up };
}
