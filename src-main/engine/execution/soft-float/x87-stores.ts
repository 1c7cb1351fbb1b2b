// The common case of x87 stores to memory as WebAssembly: doubles and singles in nearest rounding, integers in
// nearest or truncating, the 80-bit register as it is. The value first; status and pop after the memory write.
// Same results as `x86/helpers/x87-store.ts`. Reference: Intel SDM vol. 1, 8.1.5, 8.3.3.

import type { IrValue } from '../../ir/types.ts';
import { X87_MEMORY } from '../../x86/helpers/x87-operations.ts';
import { DONE, isNormalOrZero } from './extended.ts';
import type { Routine } from './routine.ts';

/** Leaves by the helper where a condition holds. */
type Slowly = (condition: IrValue) => void;

const EXPONENT_MASK = 0x7fff;
const SIGN = 0x8000;
const BIAS = 16383;
const FRACTION_BITS = 0x7fff_ffff_ffff_ffffn;
const C1 = 0x200;
const ERROR_SUMMARY = 0x80;
const PRECISION_FLAG = 0x20;
const ALL_MASKED = 0x3f;
const ROUNDING = 0xc00;
/** Scratch slot no helper passes anything in: what a fast `x87Store` leaves for `x87StoreEnd`. */
const PENDING = 7;
const PENDING_MARK = 0x8000_0000n;

interface Register {
  readonly significand: IrValue;
  readonly word: IrValue;
}

export function emitStore(r: Routine, slowly: Slowly, kind: IrValue, truncate: IrValue): void {
  // Whatever comes: `x87StoreEnd` must not take an old mark for this store's.
  r.setScratch(PENDING, r.i64(0));
  const top = r.physical(r.i32(0));
  const masks = r.with32('xor', r.with32('and', r.state('fcw'), ALL_MASKED), ALL_MASKED);
  const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
  slowly(r.op('i32.or', r.op('i32.or', masks, pending), r.op('i32.eqz', r.isFull(top))));
  const register = { significand: r.significand(top), word: r.exponent(top) };
  r.when(r.with32('eq', kind, X87_MEMORY.f80), () => {
    r.setScratch(0, register.significand);
    stored(r, register.word, r.i32(0));
  });
  slowly(r.with32('eq', kind, X87_MEMORY.decimal));
  slowly(r.op('i32.eqz', isNormalOrZero(r, register.significand, register.word)));
  const rounding = r.with32('and', r.state('fcw'), ROUNDING);
  r.when(r.with32('ge_u', kind, X87_MEMORY.i16), () => {
    const cut = r.op('i32.or', r.with32('eq', rounding, ROUNDING), r.with32('ne', truncate, 0));
    slowly(r.op('i32.eqz', r.op('i32.or', cut, r.op('i32.eqz', rounding))));
    storeInteger(r, slowly, register, kind, cut);
  });
  slowly(rounding);
  r.when(r.with32('eq', kind, X87_MEMORY.f64), () => storeFloat(r, slowly, register, DOUBLE));
  storeFloat(r, slowly, register, SINGLE);
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

/** Rounds to nearest even; leaves slowly near the range's ends. */
function storeFloat(r: Routine, slowly: Slowly, register: Register, format: NarrowFormat): void {
  const { f } = r;
  const { significand, word } = register;
  const { drop, rebias, top, unused } = format;
  const sign = r.with64('shl', r.op('i64.extend_i32_u', r.with32('and', word, SIGN)), 48 - unused);
  const bits = r.variable(sign);
  const flags = r.variable(r.i32(0));
  r.when(r.with64('ne', significand, 0), () => {
    const exponent = r.with32('sub', r.with32('and', word, EXPONENT_MASK), rebias);
    // One from either end: no underflow, and no overflow by rounding.
    slowly(r.with32('gt_u', r.with32('sub', exponent, 2), top - 3));
    const kept = r.with64('shr_u', significand, drop);
    const belowHalf = (1n << BigInt(drop - 1)) - 1n;
    const bias = r.with64('add', r.with64('and', kept, 1), belowHalf);
    const rounded = r.op('i64.add', significand, bias);
    const carried = r.op('i64.lt_u', rounded, significand);
    const fraction = r.with64('shr_u', r.with64('and', rounded, FRACTION_BITS), drop);
    const biased = r.op('i64.extend_i32_u', r.op('i32.add', exponent, carried));
    const whole = r.op('i64.or', r.with64('shl', biased, 63 - drop), f.select(carried, r.i64(0), fraction));
    r.set(bits, r.op('i64.or', sign, whole));
    const lost = r.with64('and', significand, (1n << BigInt(drop)) - 1n);
    const up = r.with64('and', r.op('i64.xor', r.with64('shr_u', rounded, drop), kept), 1);
    r.set(flags, statusFlags(r, r.with64('ne', lost, 0), r.op('i32.wrap_i64', up)));
  });
  r.setScratch(0, r.get(bits));
  stored(r, r.i32(0), r.get(flags));
}

/** PE and C1 from two truth values. */
function statusFlags(r: Routine, inexact: IrValue, up: IrValue): IrValue {
  const precision = r.op('i32.mul', inexact, r.i32(PRECISION_FLAG));
  return r.op('i32.or', precision, r.op('i32.mul', up, r.i32(C1)));
}

/** Exponents from which on a value might not fit after rounding. */
const INTEGER_LIMITS = { i16: 14, i32: 30, i64: 62 } as const;

function storeInteger(r: Routine, slowly: Slowly, register: Register, kind: IrValue, cut: IrValue): void {
  const { f } = r;
  const { significand, word } = register;
  const exponent = r.with32('sub', r.with32('and', word, EXPONENT_MASK), BIAS);
  const narrow = f.select(
    r.with32('eq', kind, X87_MEMORY.i32),
    r.i32(INTEGER_LIMITS.i32),
    r.i32(INTEGER_LIMITS.i16),
  );
  const limit = f.select(r.with32('eq', kind, X87_MEMORY.i64), r.i32(INTEGER_LIMITS.i64), narrow);
  slowly(r.op('i32.ge_s', exponent, limit));
  const whole = r.variable(r.i64(0));
  // Below one half only that there is something; at -1 the significand itself is the fraction.
  const tiny = r.op('i64.extend_i32_u', r.with64('ne', significand, 0));
  const fraction = r.variable(f.select(r.with32('eq', exponent, -1), significand, tiny));
  r.when(r.with32('ge_s', exponent, 0), () => {
    const places = r.op('i64.extend_i32_u', r.op('i32.sub', r.i32(63), exponent));
    r.set(whole, r.op('i64.shr_u', significand, places));
    r.set(fraction, r.op('i64.shl', significand, r.op('i64.sub', r.i64(64), places)));
  });
  const sticky = r.op('i64.extend_i32_u', r.with64('ne', r.with64('shl', r.get(fraction), 1), 0));
  const odd = r.with64('and', r.get(whole), 1);
  const nearest = r.op('i64.and', r.with64('shr_u', r.get(fraction), 63), r.op('i64.or', sticky, odd));
  const up = f.select(cut, r.i64(0), nearest);
  const magnitude = r.op('i64.add', r.get(whole), up);
  const negated = r.op('i64.sub', r.i64(0), magnitude);
  r.setScratch(0, f.select(r.with32('and', word, SIGN), negated, magnitude));
  stored(r, r.i32(0), statusFlags(r, r.with64('ne', r.get(fraction), 0), r.op('i32.wrap_i64', up)));
}

/** Ends the first step: upper 16 bits, "store it", and what the second step reports. */
function stored(r: Routine, top: IrValue, flags: IrValue): void {
  r.setScratch(1, r.with64('or', r.op('i64.extend_i32_u', top), 1n << 32n));
  r.setScratch(PENDING, r.with64('or', r.op('i64.extend_i32_u', flags), PENDING_MARK));
  r.f.return(r.i32(DONE));
}

/** After the memory write: the flags of a fast store, or the helper for its own. */
export function emitStoreEnd(r: Routine, slowly: Slowly, pops: IrValue): void {
  const pending = r.scratch(PENDING);
  slowly(r.op('i64.eqz', pending));
  r.setScratch(PENDING, r.i64(0));
  const flags = r.with32('and', r.op('i32.wrap_i64', pending), C1 | PRECISION_FLAG);
  r.setState('fsw', r.op('i32.or', r.with32('and', r.state('fsw'), ~C1), flags));
  r.when(pops, () => r.pop());
}
