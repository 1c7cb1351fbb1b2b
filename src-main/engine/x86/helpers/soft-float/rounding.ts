// Rounding to a precision and an exponent range, with overflow, underflow and inexact as the SDM defines them.
// Tininess is judged after rounding. Reference: Intel SDM vol. 1, 4.8.4, 4.9.1.4-4.9.1.6, 8.1.5.2.

import {
  floatEnvironment as env,
  OVERFLOW,
  PRECISION,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  UNDERFLOW,
} from './environment.ts';
import { INFINITE, type SoftNumber, ZERO } from './number.ts';

export type Precision = 24 | 53 | 64;

/** A target: significand bits, and the exponents of the smallest and largest normal number. */
export interface FloatFormat {
  readonly precision: Precision;
  readonly minimum: number;
  readonly maximum: number;
}

export const SINGLE: FloatFormat = { precision: 24, minimum: -126, maximum: 127 };
export const DOUBLE: FloatFormat = { precision: 53, minimum: -1022, maximum: 1023 };
export const EXTENDED: FloatFormat = { precision: 64, minimum: -16382, maximum: 16383 };
/** Precision control narrows the significand, not the exponent. */
export const EXTENDED_SINGLE: FloatFormat = { ...EXTENDED, precision: 24 };
export const EXTENDED_DOUBLE: FloatFormat = { ...EXTENDED, precision: 53 };

/** By the PC field of the control word; 1 is reserved and acts as extended. */
export const PRECISION_CONTROL: readonly FloatFormat[] = [
  EXTENDED_SINGLE,
  EXTENDED,
  EXTENDED_DOUBLE,
  EXTENDED,
];

const WRAP = 24576;

/** Whether a remainder of `half` and `sticky` below the last kept bit rounds the magnitude up. */
function roundsUp(negative: boolean, half: boolean, sticky: boolean, odd: boolean): boolean {
  switch (env.rounding) {
    case ROUND_NEAREST:
      return half && (sticky || odd);
    case ROUND_DOWN:
      return negative && (half || sticky);
    case ROUND_UP:
      return !negative && (half || sticky);
    default:
      return false;
  }
}

/** What the significand's rounding did. */
let inexact = false;
let carried = false;

/** Cuts high:low:extra to `precision` bits in place, and adds one there if the mode says so. */
function roundSignificand(n: SoftNumber, precision: Precision): void {
  let half: boolean;
  let sticky: boolean;
  let odd: boolean;
  let up: boolean;
  if (precision === 64) {
    half = n.extra >= 0x8000_0000;
    sticky = (n.extra & 0x7fff_ffff) !== 0;
    odd = (n.low & 1) !== 0;
    up = roundsUp(n.negative, half, sticky, odd);
    if (up) add(n, 0, 1);
    else carried = false;
  } else if (precision === 53) {
    half = (n.low & 0x400) !== 0;
    sticky = ((n.low & 0x3ff) | n.extra) !== 0;
    odd = (n.low & 0x800) !== 0;
    up = roundsUp(n.negative, half, sticky, odd);
    n.low = (n.low & ~0x7ff) >>> 0;
    if (up) add(n, 0, 0x800);
    else carried = false;
  } else {
    half = (n.high & 0x80) !== 0;
    sticky = ((n.high & 0x7f) | n.low | n.extra) !== 0;
    odd = (n.high & 0x100) !== 0;
    up = roundsUp(n.negative, half, sticky, odd);
    n.high = (n.high & ~0xff) >>> 0;
    n.low = 0;
    if (up) add(n, 0x100, 0);
    else carried = false;
  }
  n.extra = 0;
  inexact = half || sticky;
  env.roundedUp = up;
}

function add(n: SoftNumber, high: number, low: number): void {
  const sumLow = n.low + low;
  const sumHigh = n.high + high + (sumLow > 0xffff_ffff ? 1 : 0);
  carried = sumHigh > 0xffff_ffff;
  n.low = sumLow >>> 0;
  n.high = sumHigh >>> 0;
}

/** Whether a number just below the normal range would round up into it, given unlimited exponents. */
function reachesNormal(n: SoftNumber, precision: Precision): boolean {
  const high = n.high;
  const low = n.low;
  const extra = n.extra;
  roundSignificand(n, precision);
  const reached = carried;
  n.high = high;
  n.low = low;
  n.extra = extra;
  return reached;
}

/** Rounds a finite number to a format. The result may be zero, denormal (not normalised) or infinite. */
export function roundFinite(n: SoftNumber, format: FloatFormat): void {
  if (n.exponent < format.minimum) {
    const tiny = n.exponent < format.minimum - 1 || !reachesNormal(n, format.precision);
    if (!tiny || env.underflowMasked) {
      roundDenormal(n, format, tiny);
      return;
    }
    env.flags |= UNDERFLOW;
    if (!env.wrapExponent) {
      roundUndelivered(n, format);
      return;
    }
    n.exponent += WRAP;
    if (n.exponent < format.minimum) {
      // Further below than the wrap reaches: FSCALE.
      env.flags |= PRECISION;
      env.roundedUp = false;
      n.setSpecial(ZERO, n.negative);
      return;
    }
  }
  roundSignificand(n, format.precision);
  if (carried) {
    n.high = 0x8000_0000;
    n.exponent++;
  }
  if (n.exponent > format.maximum) overflow(n, format);
  else if (inexact) env.flags |= PRECISION;
}

/** An unmasked underflow that faults: inexact is judged as if exponents had no limit. The value is not used. */
function roundUndelivered(n: SoftNumber, format: FloatFormat): void {
  roundSignificand(n, format.precision);
  if (inexact && !env.storing) env.flags |= PRECISION;
  env.roundedUp = false;
  n.setSpecial(ZERO, n.negative);
}

function roundDenormal(n: SoftNumber, format: FloatFormat, tiny: boolean): void {
  if (tiny && env.flushToZero) {
    env.flags |= UNDERFLOW | PRECISION;
    env.roundedUp = false;
    n.setSpecial(ZERO, n.negative);
    return;
  }
  n.shiftRight(format.minimum - n.exponent);
  n.exponent = format.minimum;
  roundSignificand(n, format.precision);
  if (inexact) env.flags |= tiny ? UNDERFLOW | PRECISION : PRECISION;
  if ((n.high | n.low) === 0) n.setSpecial(ZERO, n.negative);
}

function overflow(n: SoftNumber, format: FloatFormat): void {
  env.flags |= OVERFLOW;
  const wraps = !env.overflowMasked && env.wrapExponent;
  if (wraps && n.exponent - WRAP <= format.maximum) {
    if (inexact) env.flags |= PRECISION;
    n.exponent -= WRAP;
    return;
  }
  if (env.overflowMasked || wraps || (inexact && !env.storing)) env.flags |= PRECISION;
  const towardsInfinity =
    wraps || env.rounding === ROUND_NEAREST || env.rounding === (n.negative ? ROUND_DOWN : ROUND_UP);
  env.roundedUp = towardsInfinity;
  if (towardsInfinity) {
    n.setSpecial(INFINITE, n.negative);
    return;
  }
  n.exponent = format.maximum;
  n.high = format.precision === 24 ? 0xffff_ff00 : 0xffff_ffff;
  n.low = format.precision === 24 ? 0 : format.precision === 53 ? 0xffff_f800 : 0xffff_ffff;
}

/** Rounds away everything below the units bit of a number with exponent 0 to 63, or below 1 altogether. */
export function roundToUnits(n: SoftNumber): void {
  if (n.exponent >= 63) {
    inexact = n.extra !== 0;
    env.roundedUp = false;
    return;
  }
  // As a 64-bit integer in high:low with the fraction in extra.
  n.shiftRight(63 - n.exponent);
  n.exponent = 63;
  roundSignificand(n, 64);
}

/** Whether the last rounding lost anything. */
export function wasInexact(): boolean {
  return inexact;
}
