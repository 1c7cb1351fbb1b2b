// Floating-point arithmetic of SSE, SSE2, SSE3 and SSE4.1: host instructions where they are provably identical
// (float-lanes.ts), software arithmetic otherwise. Not here: comparisons, conversions.
// Reference: Intel SDM vol. 1, 10.4.1.1, 11.4.1.1, 11.5; vol. 2 for each mnemonic.

import { SSE_OPERATION } from '../helpers/sse-operations.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import {
  defaultAndInexact,
  defaultControl,
  FloatLanes,
  type FloatType,
  guarded,
  halves,
  vectorFromHelper,
} from './float-lanes.ts';
import { UsualNumbers, type UsualOperation as Arithmetic } from './usual-numbers.ts';
import { laneConstant, mergeLow, read32, readLow, readVector, shuffle } from './vector-operand.ts';

const HOST_NAMES: Record<Arithmetic, string> = {
  add: 'add',
  subtract: 'sub',
  multiply: 'mul',
  divide: 'div',
  squareRoot: 'sqrt',
};

/** Whether result and operands keep clear of every exception but inexact. `a` is unused for roots. */
function undisputed(f: FloatLanes, operation: Arithmetic, a: Value, b: Value, result: Value): Value {
  if (operation === 'squareRoot') {
    return f.and(f.plain(b), f.or(f.comfortable(result), f.isZero(b)));
  }
  const operands = f.and(f.plain(a), f.plain(b));
  // A sum that is denormal or zero is exact: only overflow and NaN are in question.
  if (operation === 'add' || operation === 'subtract') return f.and(operands, f.finite(result));
  const zeroOperand = operation === 'multiply' ? f.or(f.isZero(a), f.isZero(b)) : f.isZero(a);
  const zero = f.and(zeroOperand, f.isZero(result));
  return f.and(operands, f.or(f.comfortable(result), zero));
}

/** Knuth's error term of a sum, zero where the sum is exact. */
function sumIsExact(f: FloatLanes, operation: 'add' | 'subtract', a: Value, b: Value, sum: Value): Value {
  const addend = operation === 'add' ? b : f.op('neg', b);
  const tail = f.op('sub', sum, a);
  const error = f.op('add', f.op('sub', a, f.op('sub', sum, tail)), f.op('sub', addend, tail));
  return f.all(f.isZero(error));
}

/** A product of 53 or fewer significant bits is exact; trailing zeros tell without computing it twice. */
function productIsExact(e: Emitter, f: FloatLanes, a: Value, b: Value): Value {
  const digits = f.bits === 32 ? 24 : 53;
  const trailing = (value: Value) => {
    const one = f.bits === 32 ? e.constant(32, 1 << 23) : e.constant(64, 1n << 52n);
    return e.countTrailingZeros(e.or(f.toBits(value), one));
  };
  const spare = e.add(trailing(a), trailing(b));
  return e.not(e.lessU(spare, e.constant(f.bits, digits)));
}

/** Exactness without the hardware's flag; false only means "not known". */
function knownExact(e: Emitter, f: FloatLanes, operation: Arithmetic, a: Value, b: Value, r: Value): Value {
  const scalar = f.type === 'f32' || f.type === 'f64';
  if (operation === 'add' || operation === 'subtract') return sumIsExact(f, operation, a, b, r);
  if (!scalar) return e.constant(1, 0);
  const zero = f.all(f.isZero(r));
  if (operation === 'multiply') return e.or(zero, productIsExact(e, f, a, b));
  const factor = operation === 'divide' ? b : r;
  const whole = operation === 'divide' ? a : b;
  const back = f.all(f.op('eq', f.op('mul', r, factor), whole));
  return e.or(zero, e.and(back, productIsExact(e, f, r, factor)));
}

/** One operation on floats; `slow` gives the same in software as bits. `write` is called for either way to the result. */
function compute(
  e: Emitter,
  type: FloatType,
  operation: Arithmetic,
  [left, right]: readonly [Value, Value],
  slow: () => Value,
  write: (result: Value) => void,
): void {
  const f = new FloatLanes(e, type);
  const a = f.fromBits(left);
  const b = f.fromBits(right);
  const result = operation === 'squareRoot' ? f.op('sqrt', b) : f.op(HOST_NAMES[operation], a, b);
  const { suppositions } = e;
  if (suppositions !== undefined) {
    new UsualNumbers(suppositions, f).result(operation, operation === 'squareRoot' ? [b] : [a, b], result);
    write(f.toBits(result));
    return;
  }
  const operands = operation === 'squareRoot' ? [right] : [left, right];
  const isUsual = f.areUsual(operands, f.toBits(result), leastExponent(operation));
  e.when(
    e.and(defaultAndInexact(e), isUsual),
    () => write(f.toBits(result)),
    () => write(examined(e, f, operation, [a, b, result], slow)),
  );
}

/** Of a result that cannot have come from below the normal numbers; sums are exact down there, roots are far from it. */
function leastExponent(operation: Arithmetic): 0 | 2 {
  return operation === 'multiply' || operation === 'divide' ? 2 : 0;
}

/** The result as bits where it takes a closer look to tell whether the host's is right. */
function examined(
  e: Emitter,
  f: FloatLanes,
  operation: Arithmetic,
  [a, b, result]: readonly [Value, Value, Value],
  slow: () => Value,
): Value {
  const fine = e.and(defaultControl(e), f.all(undisputed(f, operation, a, b, result)));
  const inexact = e.bit(e.state('mxcsr'), 5);
  const safe = e.variable(e.and(fine, inexact));
  e.when(e.and(fine, e.not(inexact)), () => e.set(safe, knownExact(e, f, operation, a, b, result)));
  return guarded(e, e.get(safe), f.toBits(result), slow);
}

function scalar(bits: 32 | 64, operation: Arithmetic): Semantics {
  return (e, destination, source) => {
    const right = readLow(e, source, bits);
    const left = operation === 'squareRoot' ? right : readLow(e, destination, bits);
    const slow = () => {
      const name = bits === 32 ? 'sseScalar32' : 'sseScalar64';
      return e.helper(name, e.constant(32, SSE_OPERATION[operation]), left, right);
    };
    const write = (result: Value) => mergeLow(e, destination, result);
    compute(e, bits === 32 ? 'f32' : 'f64', operation, [left, right], slow, write);
  };
}

/** The helper's result for two vectors. */
export function packedHelper(
  e: Emitter,
  bits: 32 | 64,
  code: number | Value,
  left: Value,
  right: Value,
): Value {
  const name = bits === 32 ? 'ssePacked32' : 'ssePacked64';
  const operation = typeof code === 'number' ? e.constant(32, code) : code;
  return vectorFromHelper(e, e.helper(name, operation, ...halves(e, left), ...halves(e, right)));
}

function packedOperation(
  e: Emitter,
  bits: 32 | 64,
  operation: Arithmetic,
  [left, right]: readonly [Value, Value],
  destination: Operand,
): void {
  const slow = () => packedHelper(e, bits, SSE_OPERATION[operation], left, right);
  const write = (result: Value) => e.write(destination, result);
  compute(e, bits === 32 ? 'f32x4' : 'f64x2', operation, [left, right], slow, write);
}

function packed(bits: 32 | 64, operation: Arithmetic): Semantics {
  return (e, destination, source) => {
    const right = readVector(e, source);
    const left = operation === 'squareRoot' ? right : readVector(e, destination);
    packedOperation(e, bits, operation, [left, right], destination);
  };
}

const SIGNS_EVEN_32 = [0x8000_0000 | 0, 0, 0x8000_0000 | 0, 0];
const LOW_SIGN_64 = [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];

/** ADDSUBPS, ADDSUBPD: even lanes subtract, which is adding the negated number (but not the negated NaN). */
function addSubtract(bits: 32 | 64): Semantics {
  return (e, destination, source) => {
    const right = readVector(e, source);
    const left = readVector(e, destination);
    const signs = bits === 32 ? laneConstant(e, 32, SIGNS_EVEN_32) : e.vectorConstant(LOW_SIGN_64);
    const signed = e.op('v128.xor', right, signs);
    const slow = () => packedHelper(e, bits, SSE_OPERATION.addSubtract, left, right);
    compute(e, bits === 32 ? 'f32x4' : 'f64x2', 'add', [left, signed], slow, (sum) => e.write(destination, sum));
  };
}

const EVEN_SINGLES = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
const ODD_SINGLES = EVEN_SINGLES.map((byte) => byte + 4);
const EVEN_DOUBLES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const ODD_DOUBLES = EVEN_DOUBLES.map((byte) => byte + 8);

function horizontal(bits: 32 | 64, operation: 'add' | 'subtract'): Semantics {
  const even = bits === 32 ? EVEN_SINGLES : EVEN_DOUBLES;
  const odd = bits === 32 ? ODD_SINGLES : ODD_DOUBLES;
  return (e, destination, source) => {
    const right = readVector(e, source);
    const left = readVector(e, destination);
    const first = shuffle(e, even, left, right);
    const second = shuffle(e, odd, left, right);
    packedOperation(e, bits, operation, [first, second], destination);
  };
}

function dotProduct(bits: 32 | 64): Semantics {
  return (e, destination, source, control) => {
    const right = halves(e, readVector(e, source));
    const left = halves(e, readVector(e, destination));
    const low = e.helper('sseDotProduct', e.constant(32, bits), read32(e, control), ...left, ...right);
    e.write(destination, vectorFromHelper(e, low));
  };
}

/** RCPPS, RSQRTPS: a table in hardware, correctly rounded here, which is within the documented error. */
function approximate(kind: 0 | 1, form: 'packed' | 'scalar'): Semantics {
  return (e, destination, source) => {
    if (form === 'packed') {
      const low = e.helper('sseApproximate', e.constant(32, kind), ...halves(e, readVector(e, source)));
      e.write(destination, vectorFromHelper(e, low));
      return;
    }
    const value = e.zeroExtend(readLow(e, source, 32), 64);
    const low = e.helper('sseApproximate', e.constant(32, kind), value, e.constant(64, 0));
    mergeLow(e, destination, e.truncate(low, 32));
  };
}

/** ROUNDPS and its like. The immediate is known when the guest runs: all four roundings are prepared. */
function round(bits: 32 | 64, form: 'packed' | 'scalar'): Semantics {
  const type: FloatType = form === 'packed' ? (bits === 32 ? 'f32x4' : 'f64x2') : bits === 32 ? 'f32' : 'f64';
  return (e, destination, source, control) => {
    const f = new FloatLanes(e, type);
    const bitsIn = form === 'packed' ? readVector(e, source) : readLow(e, source, bits);
    const imm = read32(e, control);
    const value = f.fromBits(bitsIn);
    const mxcsr = e.state('mxcsr');
    const current = e.shr(mxcsr, e.constant(32, 13));
    const mode = e.and(e.select(e.bit(imm, 2), current, imm), e.constant(32, 3));
    const low = e.bit(mode, 0);
    const pick = (ifOdd: Value, ifEven: Value) => e.select(low, f.toBits(ifOdd), f.toBits(ifEven));
    const result = e.select(
      e.bit(mode, 1),
      pick(f.op('trunc', value), f.op('ceil', value)),
      pick(f.op('floor', value), f.op('nearest', value)),
    );
    const exact = f.all(f.op('eq', f.fromBits(result), value));
    const silent = e.or(e.bit(imm, 3), e.or(e.bit(mxcsr, 5), exact));
    const masked = e.equal(e.and(mxcsr, e.constant(32, 0x1040)), e.constant(32, 0x1000));
    const safe = e.and(e.and(silent, masked), f.all(f.op('eq', value, value)));
    const lanes = e.constant(32, form === 'packed' ? 128 / bits : 1);
    const width = e.constant(32, bits);
    const slow = () => {
      if (form === 'packed') {
        return vectorFromHelper(e, e.helper('sseRound', width, lanes, imm, ...halves(e, bitsIn)));
      }
      const wide = bits === 64 ? bitsIn : e.zeroExtend(bitsIn, 64);
      const rounded = e.helper('sseRound', width, lanes, imm, wide, e.constant(64, 0));
      return bits === 64 ? rounded : e.truncate(rounded, 32);
    };
    const rounded = guarded(e, safe, result, slow);
    if (form === 'packed') e.write(destination, rounded);
    else mergeLow(e, destination, rounded);
  };
}

const family = (stem: string, operation: Arithmetic): Record<string, Semantics> => ({
  [`${stem}SS`]: scalar(32, operation),
  [`${stem}SD`]: scalar(64, operation),
  [`${stem}PS`]: packed(32, operation),
  [`${stem}PD`]: packed(64, operation),
});

export const SSE_FLOAT: Readonly<Record<string, Semantics>> = {
  ...family('ADD', 'add'),
  ...family('SUB', 'subtract'),
  ...family('MUL', 'multiply'),
  ...family('DIV', 'divide'),
  ...family('SQRT', 'squareRoot'),
  ADDSUBPS: addSubtract(32),
  ADDSUBPD: addSubtract(64),
  HADDPS: horizontal(32, 'add'),
  HADDPD: horizontal(64, 'add'),
  HSUBPS: horizontal(32, 'subtract'),
  HSUBPD: horizontal(64, 'subtract'),
  DPPS: dotProduct(32),
  DPPD: dotProduct(64),
  RCPPS: approximate(0, 'packed'),
  RCPSS: approximate(0, 'scalar'),
  RSQRTPS: approximate(1, 'packed'),
  RSQRTSS: approximate(1, 'scalar'),
  ROUNDPS: round(32, 'packed'),
  ROUNDPD: round(64, 'packed'),
  ROUNDSS: round(32, 'scalar'),
  ROUNDSD: round(64, 'scalar'),

  LDMXCSR(e: Emitter, source: Operand) {
    e.helper('loadMxcsr', e.read(source));
  },
  STMXCSR(e: Emitter, destination: Operand) {
    e.write(destination, e.state('mxcsr'));
  },
};
