// Multiplication, and the 64 by 64 bit product it needs. Reference: IEEE 754-2019, 5.4.1.

import { FINITE, INFINITE, type SoftNumber, ZERO } from './number.ts';
import { invalid, noteDenormals, specialOperands } from './operands.ts';

/** Upper 32 bits of the product of two unsigned 32-bit numbers. */
export function multiplyHigh32(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000);
}

/** result = a * b. `result` may be `a` or `b`. */
export function multiply(a: SoftNumber, b: SoftNumber, result: SoftNumber): void {
  if (specialOperands(a, b, result)) return;
  if ((a.kind === INFINITE && b.kind === ZERO) || (a.kind === ZERO && b.kind === INFINITE)) {
    invalid(result);
    return;
  }
  noteDenormals(a, b);
  const negative = a.negative !== b.negative;
  if (a.kind === FINITE && b.kind === FINITE) {
    multiplyFinite(a, b, negative, result);
    return;
  }
  result.setSpecial(a.kind === INFINITE || b.kind === INFINITE ? INFINITE : ZERO, negative);
}

function multiplyFinite(a: SoftNumber, b: SoftNumber, negative: boolean, result: SoftNumber): void {
  const exponent = a.exponent + b.exponent + 1;
  const lowest = Math.imul(a.low, b.low) >>> 0;
  // Four 32-bit columns from the bottom; sums stay below 2^53.
  const column1 =
    multiplyHigh32(a.low, b.low) + (Math.imul(a.low, b.high) >>> 0) + (Math.imul(a.high, b.low) >>> 0);
  const column2 =
    multiplyHigh32(a.low, b.high) +
    multiplyHigh32(a.high, b.low) +
    (Math.imul(a.high, b.high) >>> 0) +
    Math.floor(column1 / 0x1_0000_0000);
  const column3 = multiplyHigh32(a.high, b.high) + Math.floor(column2 / 0x1_0000_0000);
  const extra = (column1 >>> 0) | (lowest !== 0 ? 1 : 0);
  result.setFinite(negative, exponent, column3 >>> 0, column2 >>> 0, extra >>> 0);
  if (result.high < 0x8000_0000) shiftLeftOnce(result, lowest);
}

/** The product of two significands lacks one bit at most. The bit shifted in is the top of the lowest word. */
function shiftLeftOnce(n: SoftNumber, lowest: number): void {
  const sticky = n.extra & 1;
  n.high = ((n.high << 1) | (n.low >>> 31)) >>> 0;
  n.low = ((n.low << 1) | (n.extra >>> 31)) >>> 0;
  n.extra = ((n.extra << 1) | (lowest !== 0 ? 1 : sticky)) >>> 0;
  n.exponent--;
}
