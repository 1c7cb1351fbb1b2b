// Multiplication and division of integers, signed and unsigned, in every width.
// Flags undefined in the manual: MUL and IMUL set ZF, SF and PF from the low half; DIV and IDIV set none.
// Reference: Intel SDM vol. 2 (MUL, IMUL, DIV, IDIV).

import { VECTOR_DE } from '../helpers/descriptor.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { not1, widthOf, widthOfValue } from './width.ts';

interface Product {
  readonly low: Value;
  readonly high: Value;
}

/** The width in which a product or dividend of two operands fits, 64-bit operands apart. */
const doubled = (bits: 8 | 16 | 32): 16 | 32 | 64 => (bits === 8 ? 16 : bits === 16 ? 32 : 64);

/** 64 x 64 = 128 bits from four products of 32-bit halves. */
function multiplyWide(e: Emitter, a: Value, b: Value): Product {
  const half = e.constant(64, 32);
  const mask = e.constant(64, 0xffffffff);
  const [aLow, aHigh] = [e.and(a, mask), e.shr(a, half)];
  const [bLow, bHigh] = [e.and(b, mask), e.shr(b, half)];
  const lowLow = e.mul(aLow, bLow);
  const lowHigh = e.mul(aLow, bHigh);
  const highLow = e.mul(aHigh, bLow);
  const middle = e.add(e.add(e.shr(lowLow, half), e.and(lowHigh, mask)), e.and(highLow, mask));
  const upper = e.add(e.add(e.shr(lowHigh, half), e.shr(highLow, half)), e.shr(middle, half));
  return { low: e.mul(a, b), high: e.add(e.mul(aHigh, bHigh), upper) };
}

/** The signed high half: each negative factor has been counted 2^64 too high. */
function multiplyWideSigned(e: Emitter, a: Value, b: Value): Product {
  const { low, high } = multiplyWide(e, a, b);
  const sign = e.constant(64, 63);
  const excess = e.add(e.and(e.sar(a, sign), b), e.and(e.sar(b, sign), a));
  return { low, high: e.sub(high, excess) };
}

function multiply(e: Emitter, a: Value, b: Value, signed: boolean): Product {
  const bits = widthOfValue(a);
  if (bits === 64) return signed ? multiplyWideSigned(e, a, b) : multiplyWide(e, a, b);
  const room = bits === 32 ? 64 : 32;
  const product = signed
    ? e.mul(e.signExtend(a, room), e.signExtend(b, room))
    : e.mul(e.zeroExtend(a, room), e.zeroExtend(b, room));
  return {
    low: e.truncate(product, bits),
    high: e.truncate(e.shr(product, e.constant(room, bits)), bits),
  };
}

/** Commits a product or a quotient and remainder: AX for bytes, (R|E)DX:(R|E)AX else. */
function writePair(e: Emitter, low: Value, high: Value): void {
  e.setRegister('rax', low);
  if (low.bits === 8) e.setHigh8('rax', high);
  else e.setRegister('rdx', high);
}

function multiplyFlags(e: Emitter, low: Value, overflow: Value): void {
  e.flags({ result: low, cf: overflow, of: overflow, af: 'clear' });
}

/** 1-bit: the high half is not the sign extension of the low one. */
function signedOverflow(e: Emitter, { low, high }: Product): Value {
  const bits = widthOfValue(low);
  return e.notEqual(e.sar(low, e.constant(bits, bits - 1)), high);
}

const mul: Semantics = (e, a) => {
  const right = e.read(a);
  const product = multiply(e, e.register('rax', widthOf(a)), right, false);
  writePair(e, product.low, product.high);
  multiplyFlags(e, product.low, e.notEqual(product.high, e.constant(widthOf(a), 0)));
};

/** One operand: as MUL. Two: a = a * b. Three: a = b * c. */
const imul = (e: Emitter, a: Operand, b: Operand | undefined, c: Operand | undefined): void => {
  const left = c === undefined ? e.read(a) : e.read(c);
  const right = b === undefined ? e.register('rax', widthOf(a)) : e.read(b);
  const product = multiply(e, left, right, true);
  if (b === undefined) writePair(e, product.low, product.high);
  else e.write(a, product.low);
  multiplyFlags(e, product.low, signedOverflow(e, product));
};

/** The dividend AX, DX:AX or EDX:EAX in one value. */
function dividend(e: Emitter, bits: 8 | 16 | 32): Value {
  if (bits === 8) return e.register('rax', 16);
  const room = doubled(bits);
  const high = e.shl(e.zeroExtend(e.register('rdx', bits), room), e.constant(room, bits));
  return e.or(high, e.zeroExtend(e.register('rax', bits), room));
}

const div: Semantics = (e, a) => {
  const bits = widthOf(a);
  const divisor = e.read(a);
  if (bits === 64) {
    divide64(e, divisor);
    return;
  }
  const room = doubled(bits) === 64 ? 64 : 32;
  const value = dividend(e, bits);
  const high = bits === 8 ? e.high8('rax') : e.register('rdx', bits);
  // A quotient fits exactly when the divisor exceeds the high half; a divisor of 0 never does.
  e.faultWhen(not1(e, e.lessU(high, divisor)), VECTOR_DE);
  const wide = value.bits === room ? value : e.zeroExtend(value, room);
  const by = e.zeroExtend(divisor, room);
  writePair(e, e.truncate(e.divU(wide, by), bits), e.truncate(e.remU(wide, by), bits));
};

/** A high half of 0 is what compilers produce; the general case is long division in a helper. */
function divide64(e: Emitter, divisor: Value): void {
  const high = e.register('rdx', 64);
  const low = e.register('rax', 64);
  e.faultWhen(not1(e, e.lessU(high, divisor)), VECTOR_DE);
  const quotient = e.variable(low);
  const remainder = e.variable(low);
  e.when(
    e.isZero(high),
    () => {
      e.set(quotient, e.divU(low, divisor));
      e.set(remainder, e.remU(low, divisor));
    },
    () => {
      e.set(quotient, e.helper('divideWide', high, low, divisor));
      e.set(remainder, e.state('scratch', 1));
    },
  );
  writePair(e, e.get(quotient), e.get(remainder));
}

const idiv: Semantics = (e, a) => {
  const bits = widthOf(a);
  const divisor = e.read(a);
  if (bits === 64) {
    divideSigned64(e, divisor);
    return;
  }
  // Twice the dividend's width, where there is one, so that the division itself cannot overflow.
  const room = bits === 8 ? 32 : 64;
  const value = bits === 32 ? dividend(e, 32) : e.signExtend(dividend(e, bits), room);
  const by = e.signExtend(divisor, room);
  faultOnBadDivisor(e, value, by);
  const wide = e.divS(value, by);
  const quotient = e.truncate(wide, bits);
  e.faultWhen(e.notEqual(e.signExtend(quotient, room), wide), VECTOR_DE);
  writePair(e, quotient, e.truncate(e.remS(value, by), bits));
};

/** #DE for a divisor of 0, and for the most negative 64-bit dividend over -1, whose quotient has no form. */
function faultOnBadDivisor(e: Emitter, value: Value, divisor: Value): void {
  e.faultWhen(e.isZero(divisor), VECTOR_DE);
  if (value.bits !== 64) return;
  const lowest = e.equal(value, e.constant(64, 1n << 63n));
  const minusOne = e.equal(divisor, e.constant(64, -1n));
  e.faultWhen(e.and(lowest, minusOne), VECTOR_DE);
}

function divideSigned64(e: Emitter, divisor: Value): void {
  const high = e.register('rdx', 64);
  const low = e.register('rax', 64);
  const quotient = e.variable(low);
  const remainder = e.variable(low);
  e.when(
    e.equal(high, e.sar(low, e.constant(64, 63))),
    () => {
      faultOnBadDivisor(e, low, divisor);
      e.set(quotient, e.divS(low, divisor));
      e.set(remainder, e.remS(low, divisor));
    },
    () => {
      e.set(quotient, e.helper('divideWideSigned', high, low, divisor));
      e.set(remainder, e.state('scratch', 1));
    },
  );
  writePair(e, e.get(quotient), e.get(remainder));
}

export const MULTIPLY_DIVIDE: Record<string, Semantics> = { MUL: mul, IMUL: imul, DIV: div, IDIV: idiv };
