// Conversion from and to integers, and rounding to an integral value in the same format.
// Reference: Intel SDM vol. 1, 4.2.1, table 4-1 (indefinite), 8.1.5; vol. 2, FIST, FRNDINT, ROUNDPS.

import { floatEnvironment as env, INVALID, PRECISION, ROUND_ZERO } from './environment.ts';
import { FINITE, type SoftNumber, ZERO } from './number.ts';
import { specialOperand } from './operands.ts';
import { roundToUnits, wasInexact } from './rounding.ts';

/** Where `toInteger` leaves its two's complement result. */
export const integer = { low: 0, high: 0 };

/** From a signed 64-bit integer. */
export function fromInteger(low: number, high: number, n: SoftNumber): void {
  const negative = (high & 0x8000_0000) !== 0;
  let l = low >>> 0;
  let h = high >>> 0;
  if (negative) {
    l = -l >>> 0;
    h = (~h + (l === 0 ? 1 : 0)) >>> 0;
  }
  n.setSpecial(ZERO, false);
  if ((h | l) === 0) return;
  n.setFinite(negative, 63, h, l, 0);
  n.normalize();
}

/** From a signed 32-bit integer. */
export function fromInteger32(value: number, n: SoftNumber): void {
  fromInteger(value, value >> 31, n);
}

/** Rounds to a signed integer of `bits` bits into `integer`; the indefinite integer when it does not fit. */
export function toInteger(n: SoftNumber, bits: 16 | 32 | 64, truncate: boolean): void {
  const rounding = env.rounding;
  if (truncate) env.rounding = ROUND_ZERO;
  integer.low = 0;
  integer.high = 0;
  env.roundedUp = false;
  if (n.kind === FINITE && n.exponent < 64) {
    roundToUnits(n);
    storeInteger(n, bits);
  } else if (n.kind !== ZERO) {
    storeIndefinite(bits);
  }
  env.rounding = rounding;
}

function storeInteger(n: SoftNumber, bits: 16 | 32 | 64): void {
  const inexact = wasInexact();
  const h = n.high;
  const l = n.low;
  const limitHigh = bits === 64 ? 0x8000_0000 : 0;
  const limitLow = bits === 64 ? 0 : 2 ** (bits - 1);
  const over = h !== limitHigh ? h > limitHigh : l > limitLow;
  const atLimit = h === limitHigh && l === limitLow;
  if (over || (atLimit && !n.negative)) {
    storeIndefinite(bits);
    return;
  }
  integer.low = n.negative ? -l >>> 0 : l;
  integer.high = n.negative ? (~h + (l === 0 ? 1 : 0)) >>> 0 : h;
  if (inexact) env.flags |= PRECISION;
}

function storeIndefinite(bits: 16 | 32 | 64): void {
  env.flags |= INVALID;
  env.roundedUp = false;
  integer.low = bits === 64 ? 0 : bits === 32 ? 0x8000_0000 : 0xffff_8000;
  integer.high = bits === 64 ? 0x8000_0000 : 0xffff_ffff;
}

/** result = a rounded to an integral value. Inexact is reported unless `silent`. */
export function roundToIntegral(a: SoftNumber, result: SoftNumber, silent: boolean): void {
  if (specialOperand(a, result)) return;
  result.copy(a);
  result.denormal = false;
  env.roundedUp = false;
  if (a.kind !== FINITE || a.exponent >= 63) return;
  roundToUnits(result);
  if (!silent && wasInexact()) env.flags |= PRECISION;
  if ((result.high | result.low) === 0) result.setSpecial(ZERO, a.negative);
  else result.normalize();
}
