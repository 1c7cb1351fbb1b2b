// Division and square root, one quotient or root bit at a time, with a sticky bit for the remainder.
// Reference: IEEE 754-2019, 5.4.1; Intel SDM vol. 1, 4.9.1.2-4.9.1.3.

import { DENORMAL, floatEnvironment as env, ZERO_DIVIDE } from './environment.ts';
import { FINITE, INFINITE, type SoftNumber, ZERO } from './number.ts';
import { invalid, noteDenormals, specialOperand, specialOperands } from './operands.ts';

/** result = a / b. `result` may be `a` or `b`. */
export function divide(a: SoftNumber, b: SoftNumber, result: SoftNumber): void {
  if (specialOperands(a, b, result)) return;
  if (a.kind === b.kind && a.kind !== FINITE) {
    invalid(result);
    return;
  }
  const negative = a.negative !== b.negative;
  if (b.kind === ZERO && a.kind === FINITE) {
    env.flags |= ZERO_DIVIDE;
    result.setSpecial(INFINITE, negative);
    return;
  }
  noteDenormals(a, b);
  if (a.kind === FINITE && b.kind === FINITE) divideFinite(a, b, negative, result);
  else result.setSpecial(a.kind === INFINITE || b.kind === ZERO ? INFINITE : ZERO, negative);
}

/** 64 significand bits and one more, then the sticky bit. */
const QUOTIENT_BITS = 65;

function divideFinite(a: SoftNumber, b: SoftNumber, negative: boolean, result: SoftNumber): void {
  let exponent = a.exponent - b.exponent;
  const divisorHigh = b.high;
  const divisorLow = b.low;
  // The remainder is below twice the divisor: `over` is its bit 64.
  let high = a.high;
  let low = a.low;
  let over = 0;
  if (high < divisorHigh || (high === divisorHigh && low < divisorLow)) {
    over = high >>> 31;
    high = ((high << 1) | (low >>> 31)) >>> 0;
    low = (low << 1) >>> 0;
    exponent--;
  }
  let quotientHigh = 0;
  let quotientLow = 0;
  let quotientExtra = 0;
  for (let bit = 0; bit < QUOTIENT_BITS; bit++) {
    let digit = 0;
    if (over !== 0 || high > divisorHigh || (high === divisorHigh && low >= divisorLow)) {
      const difference = low - divisorLow;
      high = (high - divisorHigh - (difference < 0 ? 1 : 0)) >>> 0;
      low = difference >>> 0;
      digit = 1;
    }
    if (bit < 32) quotientHigh = (quotientHigh << 1) | digit;
    else if (bit < 64) quotientLow = (quotientLow << 1) | digit;
    else quotientExtra = digit << 31;
    over = high >>> 31;
    high = ((high << 1) | (low >>> 31)) >>> 0;
    low = (low << 1) >>> 0;
  }
  const sticky = (over | high | low) !== 0 ? 1 : 0;
  result.setFinite(negative, exponent, quotientHigh >>> 0, quotientLow >>> 0, (quotientExtra | sticky) >>> 0);
}

/** result = square root of a. */
export function squareRoot(a: SoftNumber, result: SoftNumber): void {
  if (specialOperand(a, result)) return;
  if (a.kind === ZERO) {
    result.copy(a);
    return;
  }
  if (a.negative) {
    invalid(result);
    return;
  }
  if (a.denormal) env.flags |= DENORMAL;
  if (a.kind === INFINITE) result.copy(a);
  else rootFinite(a, result);
  result.denormal = false;
}

/**
 * Digit by digit: the remainder takes two radicand bits a step and is compared with 4 * root + 1. BigInt
 * keeps it short; roots are rare beside additions and products.
 */
function rootFinite(a: SoftNumber, result: SoftNumber): void {
  const odd = (a.exponent & 1) !== 0;
  // Radicand with 2 * 66 bits, so that the root has 66: 64, half and one below it.
  const radicand = ((BigInt(a.high) << 32n) | BigInt(a.low)) << BigInt(odd ? 68 : 67);
  let root = BigInt(Math.floor(Math.sqrt(Number(radicand >> 28n)))) << 14n;
  // Newton's iteration from a double's estimate; settles within a few steps.
  for (let step = 0; step < 4; step++) root = (root + radicand / root) >> 1n;
  while (root * root > radicand) root--;
  while ((root + 1n) * (root + 1n) <= radicand) root++;
  const exact = root * root === radicand;
  const exponent = Math.floor(a.exponent / 2);
  const extra = Number((root & 3n) << 30n) | (exact ? 0 : 1);
  result.setFinite(false, exponent, Number(root >> 34n), Number((root >> 2n) & 0xffff_ffffn), extra >>> 0);
}
