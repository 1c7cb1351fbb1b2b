// Addition and subtraction, exact to the sticky bit; rounding happens when the result is packed.
// Reference: IEEE 754-2019, 5.4.1, 6.3 (sign of a zero sum).

import { floatEnvironment as env, ROUND_DOWN } from './environment.ts';
import { compareSignificands, FINITE, INFINITE, SoftNumber, ZERO } from './number.ts';
import { invalid, noteDenormals, specialOperands } from './operands.ts';

const shifted = new SoftNumber();

/** result = a + b. `result` may be `a` or `b`. */
export function add(a: SoftNumber, b: SoftNumber, result: SoftNumber): void {
  addSigned(a, b, b.negative, result);
}

/** result = a - b. A NaN operand keeps its sign. */
export function subtract(a: SoftNumber, b: SoftNumber, result: SoftNumber): void {
  addSigned(a, b, !b.negative, result);
}

function addSigned(a: SoftNumber, b: SoftNumber, negativeB: boolean, result: SoftNumber): void {
  if (specialOperands(a, b, result)) return;
  if (a.kind === INFINITE && b.kind === INFINITE && a.negative !== negativeB) {
    invalid(result);
    return;
  }
  noteDenormals(a, b);
  if (a.kind === FINITE && b.kind === FINITE) {
    addFinite(a, b, negativeB, result);
  } else if (a.kind === ZERO && b.kind === ZERO) {
    const negative = a.negative === negativeB ? a.negative : env.rounding === ROUND_DOWN;
    result.setSpecial(ZERO, negative);
  } else if (a.kind === INFINITE || b.kind === ZERO) {
    result.copy(a);
  } else {
    result.copy(b);
    result.negative = negativeB;
  }
  result.denormal = false;
}

function addFinite(a: SoftNumber, b: SoftNumber, negativeB: boolean, result: SoftNumber): void {
  const bLarger = b.exponent > a.exponent || (b.exponent === a.exponent && compareSignificands(b, a) > 0);
  const large = bLarger ? b : a;
  const negative = bLarger ? negativeB : a.negative;
  const differ = a.negative !== negativeB;
  shifted.copy(bLarger ? a : b);
  if (large.exponent !== shifted.exponent) shifted.shiftRight(large.exponent - shifted.exponent);
  if (differ) subtractMagnitude(large, negative, result);
  else addMagnitude(large, negative, result);
}

function addMagnitude(large: SoftNumber, negative: boolean, result: SoftNumber): void {
  const extra = large.extra + shifted.extra;
  const low = large.low + shifted.low + (extra > 0xffff_ffff ? 1 : 0);
  const high = large.high + shifted.high + (low > 0xffff_ffff ? 1 : 0);
  const exponent = large.exponent;
  if (high <= 0xffff_ffff) {
    result.setFinite(negative, exponent, high, low >>> 0, extra >>> 0);
    return;
  }
  const l = low >>> 0;
  const x = extra >>> 0;
  result.setFinite(
    negative,
    exponent + 1,
    (((high >>> 0) >>> 1) | 0x8000_0000) >>> 0,
    ((l >>> 1) | (high << 31)) >>> 0,
    ((x >>> 1) | (l << 31) | (x & 1)) >>> 0,
  );
}

function subtractMagnitude(large: SoftNumber, negative: boolean, result: SoftNumber): void {
  const extra = large.extra - shifted.extra;
  const low = large.low - shifted.low - (extra < 0 ? 1 : 0);
  const high = large.high - shifted.high - (low < 0 ? 1 : 0);
  result.setFinite(negative, large.exponent, high >>> 0, low >>> 0, extra >>> 0);
  if ((result.high | result.low | result.extra) === 0) {
    result.setSpecial(ZERO, env.rounding === ROUND_DOWN);
    return;
  }
  if (result.high < 0x8000_0000) result.normalize();
}
