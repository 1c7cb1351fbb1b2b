// The transcendental instructions: special operands, argument reduction and rounding around fixed-point series.
// Results are correctly rounded but for argument reduction, which uses the processor's 66-bit pi.
// Reference: Intel SDM vol. 1, 8.3.7-8.3.10; vol. 2, F2XM1, FYL2X, FYL2XP1, FPATAN, FPTAN, FSIN.

import { divide } from './soft-float/divide.ts';
import { DENORMAL, floatEnvironment as env, PRECISION, ZERO_DIVIDE } from './soft-float/environment.ts';
import {
  arctangent,
  cosine,
  exponentialMinusOne,
  FRACTION,
  ln2Constant,
  logarithmOfRatio,
  ONE,
  over,
  piConstant,
  sine,
  times,
} from './soft-float/fixed-point.ts';
import { FINITE, INFINITE, SoftNumber, ZERO } from './soft-float/number.ts';
import { invalid, noteDenormals, specialOperand, specialOperands } from './soft-float/operands.ts';

const significand = (n: SoftNumber): bigint => (BigInt(n.high) << 32n) | BigInt(n.low);

/** A finite number as a fixed-point value; its magnitude must be below 2^64. */
function toFixed(n: SoftNumber): bigint {
  const shift = FRACTION - 63n + BigInt(n.exponent);
  const magnitude = shift >= 0n ? significand(n) << shift : significand(n) >> -shift;
  return n.negative ? -magnitude : magnitude;
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return 4 * (digits.length - 1) + 32 - Math.clz32(Number.parseInt(digits.charAt(0), 16));
}

/** result = value * 2^scale / 2^FRACTION. All of these are irrational: inexact whatever the bits say. */
function fromFixed(value: bigint, scale: number, result: SoftNumber): void {
  env.flags |= PRECISION;
  if (value === 0n) {
    result.setSpecial(ZERO, false);
    return;
  }
  const magnitude = value < 0n ? -value : value;
  const length = bitLength(magnitude);
  const shift = BigInt(length - 96);
  const top = shift >= 0n ? magnitude >> shift : magnitude << -shift;
  result.setFinite(
    value < 0n,
    length - 1 - Number(FRACTION) + scale,
    Number(top >> 64n),
    Number((top >> 32n) & 0xffff_ffffn),
    Number(top & 0xffff_ffffn) | 1,
  );
  result.extra >>>= 0;
}

/** result = x moved towards zero by less than any rounding notices: x * (1 - tiny). */
function justBelow(x: SoftNumber, result: SoftNumber): void {
  const negative = x.negative;
  const { exponent } = x;
  const lowBorrow = x.low === 0 ? 1 : 0;
  const low = (x.low - 1) >>> 0;
  result.setFinite(negative, exponent, (x.high - lowBorrow) >>> 0, low, 0xffff_ffff);
  if (result.high < 0x8000_0000) result.normalize();
  env.flags |= PRECISION;
}

function justAbove(x: SoftNumber, result: SoftNumber): void {
  result.setFinite(x.negative, x.exponent, x.high, x.low, (x.extra | 1) >>> 0);
  env.flags |= PRECISION;
}

/** Pi in units of 2^-66. */
const PI_66 = 0xc90f_daa2_2168_c234_cn;
/** Below this exponent the first term of an odd series is the result but for the last bits. */
const TINY = -40;
/** Below this one a quotient's own remainder outweighs what the series takes off. */
const TINY_RATIO = -100;

/** A reduced angle: |rest| <= pi/4 as a fixed-point number, and the quadrant. */
interface Reduced {
  readonly rest: bigint;
  readonly quadrant: number;
}

function reduceAngle(x: SoftNumber): Reduced {
  const value = toFixed(x);
  const halfPi = PI_66 << (FRACTION - 67n);
  const magnitude = value < 0n ? -value : value;
  const quotient = (magnitude + halfPi / 2n) / halfPi;
  const rest = magnitude - quotient * halfPi;
  const quadrant = Number(quotient & 3n);
  return value < 0n ? { rest: -rest, quadrant: (4 - quadrant) & 3 } : { rest, quadrant };
}

/** sin of a reduced angle in a quadrant. */
function sineInQuadrant(rest: bigint, quadrant: number): bigint {
  const value = (quadrant & 1) === 0 ? sine(rest) : cosine(rest);
  return (quadrant & 2) === 0 ? value : -value;
}

/** False: the argument is 2^63 or more in magnitude; the instruction sets C2 and changes nothing else. */
function angleOperand(x: SoftNumber, result: SoftNumber): 'done' | 'range' | 'go' {
  if (specialOperand(x, result)) return 'done';
  if (x.kind === INFINITE) {
    invalid(result);
    return 'done';
  }
  if (x.kind === FINITE && x.exponent >= 63) return 'range';
  if (x.denormal) env.flags |= DENORMAL;
  return 'go';
}

/** FSIN: false when out of range. */
export function sineOf(x: SoftNumber, result: SoftNumber): boolean {
  const state = angleOperand(x, result);
  if (state !== 'go') return state === 'done';
  if (x.kind === ZERO) result.copy(x);
  else if (x.exponent < TINY) justBelow(x, result);
  else {
    const { rest, quadrant } = reduceAngle(x);
    fromFixed(sineInQuadrant(rest, quadrant), 0, result);
  }
  return true;
}

/** FCOS. */
export function cosineOf(x: SoftNumber, result: SoftNumber): boolean {
  const state = angleOperand(x, result);
  if (state !== 'go') return state === 'done';
  if (x.kind === ZERO) result.setFinite(false, 0, 0x8000_0000, 0, 0);
  else if (x.exponent < TINY) {
    result.setFinite(false, 0, 0x8000_0000, 0, 0);
    justBelow(result, result);
  } else {
    const { rest, quadrant } = reduceAngle(x);
    fromFixed(sineInQuadrant(rest, quadrant + 1), 0, result);
  }
  return true;
}

/** FPTAN. */
export function tangentOf(x: SoftNumber, result: SoftNumber): boolean {
  const state = angleOperand(x, result);
  if (state !== 'go') return state === 'done';
  if (x.kind === ZERO) result.copy(x);
  else if (x.exponent < TINY) justAbove(x, result);
  else {
    const { rest, quadrant } = reduceAngle(x);
    const value = over(sineInQuadrant(rest, quadrant), sineInQuadrant(rest, quadrant + 1));
    fromFixed(value, 0, result);
  }
  return true;
}

const quotient = new SoftNumber();

/** Eighths of pi as a result. */
function piFraction(eighths: bigint, negative: boolean, result: SoftNumber): void {
  fromFixed((piConstant() * eighths) / 8n, 0, result);
  result.negative = negative;
}

/** FPATAN: angle of the point (x, y), y in ST(1). */
export function arctangentOf(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  if (specialOperands(x, y, result)) return;
  noteDenormals(x, y);
  const negative = y.negative;
  if (y.kind === INFINITE) {
    piFraction(x.kind === INFINITE ? (x.negative ? 6n : 2n) : 4n, negative, result);
  } else if (y.kind === ZERO || x.kind === INFINITE) {
    if (x.negative) piFraction(8n, negative, result);
    else result.setSpecial(ZERO, negative);
  } else if (x.kind === ZERO) {
    piFraction(4n, negative, result);
  } else {
    arctangentFinite(y, x, result);
  }
}

function arctangentFinite(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  const negative = y.negative;
  const distance = y.exponent - x.exponent;
  if (distance < TINY_RATIO && !x.negative) {
    tinyQuotient(y, x, result);
    return;
  }
  // |y| / |x|, or its inverse where it is above 1.
  const below = distance < 0 || (distance === 0 && significand(y) <= significand(x));
  const top = below ? significand(y) : significand(x);
  const bottom = below ? significand(x) : significand(y);
  const ratio = ((top << FRACTION) / bottom) >> BigInt(Math.min(Math.abs(distance), 400));
  const pi = piConstant();
  let angle = arctangent(ratio);
  if (!below) angle = pi / 2n - angle;
  if (x.negative) angle = pi - angle;
  fromFixed(angle, 0, result);
  result.negative = negative;
}

/** y / x with the least bit less: the series' second term is far below. */
function tinyQuotient(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  const flags = env.flags;
  divide(y, x, quotient);
  env.flags = flags;
  if (quotient.extra === 0) {
    justBelow(quotient, result);
    return;
  }
  result.copy(quotient);
  env.flags |= PRECISION;
}

/** log2 of a positive finite number, as a fixed-point value. */
function log2(x: SoftNumber): bigint {
  let mantissa = significand(x) << (FRACTION - 63n);
  let exponent = BigInt(x.exponent);
  // Between sqrt(1/2) and sqrt(2), so that numbers near 1 keep their precision.
  if (mantissa > (ONE * 181n) / 128n) {
    mantissa >>= 1n;
    exponent++;
  }
  const ln = logarithmOfRatio(over(mantissa - ONE, mantissa + ONE));
  return (exponent << FRACTION) + over(ln, ln2Constant());
}

/** result = y * factor; exact zero factors do not come here. */
function productWith(y: SoftNumber, factor: bigint, result: SoftNumber): void {
  const product = significand(y) * factor;
  fromFixed(y.negative ? -product : product, y.exponent - 63, result);
}

/** FYL2X: y * log2(x), y in ST(1). */
export function logarithmOf(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  if (specialOperands(x, y, result)) return;
  if (x.kind !== ZERO && x.negative) {
    invalid(result);
    return;
  }
  const isOne = x.kind === FINITE && x.exponent === 0 && x.high === 0x8000_0000 && x.low === 0;
  if ((y.kind === INFINITE && isOne) || (y.kind === ZERO && (x.kind === INFINITE || x.kind === ZERO))) {
    invalid(result);
    return;
  }
  if (x.kind === ZERO) {
    if (y.kind === FINITE) env.flags |= ZERO_DIVIDE;
    result.setSpecial(INFINITE, !y.negative);
    return;
  }
  noteDenormals(x, y);
  const logNegative = x.kind === FINITE && x.exponent < 0;
  if (x.kind === INFINITE || y.kind === INFINITE) {
    result.setSpecial(INFINITE, y.negative !== logNegative);
  } else if (y.kind === ZERO || isOne) {
    result.setSpecial(ZERO, y.negative !== logNegative);
  } else {
    logarithmFinite(y, x, result);
  }
}

function logarithmFinite(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  if (x.high === 0x8000_0000 && x.low === 0) {
    // A power of two: the logarithm is an integer, the product exact or rounded as any product.
    const product = significand(y) * BigInt(Math.abs(x.exponent));
    const flags = env.flags;
    fromFixed(product, y.exponent - 63 + Number(FRACTION), result);
    env.flags = flags;
    // fromFixed marks everything inexact; what 96 bits hold is not.
    if (bitLength(product) <= 96) result.extra = (result.extra & ~1) >>> 0;
    result.negative = y.negative !== x.exponent < 0;
    return;
  }
  productWith(y, log2(x), result);
}

/** FYL2XP1: y * log2(x + 1), |x| below 1 - sqrt(1/2). Larger arguments are computed as far as they make sense. */
export function logarithmPlusOneOf(y: SoftNumber, x: SoftNumber, result: SoftNumber): void {
  if (specialOperands(x, y, result)) return;
  if (x.kind === INFINITE || y.kind === INFINITE) {
    const infinite = x.kind === INFINITE ? x : y;
    const other = x.kind === INFINITE ? y : x;
    if (other.kind === ZERO || (x.kind === INFINITE && x.negative)) invalid(result);
    else result.setSpecial(INFINITE, infinite.negative !== other.negative);
    return;
  }
  noteDenormals(x, y);
  if (x.kind === ZERO || y.kind === ZERO) {
    result.setSpecial(ZERO, x.negative !== y.negative);
    return;
  }
  if (x.exponent < TINY) {
    // log2(1 + x) = (x - x^2/2 + x^3/3) / ln 2 as a factor of x.
    const fixed = x.exponent < -200 ? 0n : toFixed(x);
    const factor = over(ONE - fixed / 2n + times(fixed, fixed) / 3n, ln2Constant());
    productWith(x, (significand(y) * factor) >> 63n, result);
    result.exponent += y.exponent;
    result.negative = x.negative !== y.negative;
    return;
  }
  const fixed = x.exponent < 64 ? toFixed(x) : 0n;
  if (fixed <= -ONE || x.exponent >= 64) {
    invalid(result);
    return;
  }
  productWith(y, log2OnePlus(fixed), result);
}

function log2OnePlus(x: bigint): bigint {
  if (x < ONE / 2n && x > -ONE / 3n) {
    return over(logarithmOfRatio(over(x, 2n * ONE + x)), ln2Constant());
  }
  const n = new SoftNumber();
  fromFixed(ONE + x, 0, n);
  return log2(n);
}

/** F2XM1: 2^x - 1, -1 <= x <= 1; beyond that the result is undefined, here x itself. */
export function exponentialOf(x: SoftNumber, result: SoftNumber): void {
  if (specialOperand(x, result)) return;
  if (x.denormal) env.flags |= DENORMAL;
  if (x.kind === INFINITE && x.negative) {
    result.setFinite(true, 0, 0x8000_0000, 0, 0);
  } else if (
    x.kind !== FINITE ||
    x.exponent > 0 ||
    (x.exponent === 0 && (x.high !== 0x8000_0000 || x.low !== 0))
  ) {
    result.copy(x);
  } else if (x.exponent === 0) {
    // 2^1 - 1 and 2^-1 - 1 are exact.
    result.setFinite(x.negative, x.negative ? -1 : 0, 0x8000_0000, 0, 0);
  } else if (x.exponent < TINY) {
    // (2^x - 1) / x = ln 2 * (1 + t/2 + t^2/6), t = x ln 2.
    const ln2 = ln2Constant();
    const t = x.exponent < -200 ? 0n : times(toFixed(x), ln2);
    productWith(x, times(ln2, ONE + t / 2n + times(t, t) / 6n), result);
  } else {
    fromFixed(exponentialMinusOne(times(toFixed(x), ln2Constant())), 0, result);
  }
}
