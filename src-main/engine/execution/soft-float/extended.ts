// Double-extended addition, multiplication and division as WebAssembly functions, for the common case: nearest
// rounding, all exceptions masked, normal operands and results. Each returns 1, having changed nothing, where the
// case is not that; the helpers in `x86/helpers/` then do it. Same results as `x86/helpers/soft-float/`.
// Reference: Intel SDM vol. 1, 8.1.5; IEEE 754-2019, 5.4.1; Knuth vol. 2, 4.3.1, algorithm D.

import type { ModuleBuilder } from '../../ir/module.ts';
import type { IrFunctionRef, IrType, IrValue } from '../../ir/types.ts';
import type { MemoryLayout } from '../layout.ts';
import { Routine } from './routine.ts';

const BIAS = 16383;
const EXPONENT_MASK = 0x7fff;
const SIGN = 0x8000;
const TOP_BIT = -0x8000_0000_0000_0000n;
const PRECISION_FLAG = 0x20;
const C1 = 0x200;
/** Control word bit 8: with bit 9 set, the significand has 64 bits rather than 53. */
const PRECISION_64 = 0x100;

export const DONE = 0;
export const NOT_HANDLED = 1;

/** Functions (significand, sign and exponent) x 2, destination register: status. */
export interface ExtendedFunctions {
  readonly add: IrFunctionRef;
  readonly multiply: IrFunctionRef;
  readonly divide: IrFunctionRef;
}

type Define = (name: string, parameters: readonly IrType[]) => { r: Routine; ref: IrFunctionRef };

export function defineExtended(module: ModuleBuilder, layout: MemoryLayout): ExtendedFunctions {
  const define: Define = (name, parameters) => {
    const { ref, builder } = module.defineFunction(name, parameters, ['i32']);
    return { r: new Routine(builder, layout), ref };
  };
  const finish = defineFinish(define);
  return {
    add: defineAdd(define, finish),
    multiply: defineMultiply(define, finish),
    divide: defineDivide(define, finish),
  };
}

/**
 * (significand with its top bit set, bits below it, sign, exponent, register): rounds, writes the register, PE and
 * C1. A significand of 0 is an exact zero.
 */
function defineFinish(define: Define): IrFunctionRef {
  const { r, ref } = define('finish', ['i64', 'i64', 'i32', 'i32', 'i32']);
  const { f } = r;
  const [sign, exponentIn, register] = [f.parameter(2), f.parameter(3), f.parameter(4)];
  const significand = r.variable(f.parameter(0));
  const exponent = r.variable(exponentIn);
  const low = f.parameter(1);
  const status = r.with32('and', r.state('fsw'), ~C1);
  r.when(r.op('i64.eqz', f.parameter(0)), () => {
    r.setState('fsw', status);
    r.setRegister(register, r.i64(0), sign);
    f.return(r.i32(DONE));
  });
  const inexact = r.variable(r.i32(0));
  const up = r.variable(r.i64(0));
  const odd = (m: IrValue, shift: number) => r.with64('and', r.with64('shr_u', m, shift), 1);
  r.when(
    r.with32('and', r.state('fcw'), PRECISION_64),
    () => {
      const sticky = r.op('i64.extend_i32_u', r.with64('ne', r.with64('shl', low, 1), 0));
      const tie = r.op('i64.or', sticky, odd(f.parameter(0), 0));
      r.set(up, r.op('i64.and', r.with64('shr_u', low, 63), tie));
      r.set(inexact, r.with64('ne', low, 0));
    },
    () => {
      const m = f.parameter(0);
      const rest = r.with64('and', m, 0x7ff);
      const below = r.op('i64.or', r.with64('and', m, 0x3ff), low);
      const sticky = r.op('i64.extend_i32_u', r.with64('ne', below, 0));
      const tie = r.op('i64.or', sticky, odd(m, 11));
      r.set(up, r.with64('shl', r.op('i64.and', r.with64('shr_u', rest, 10), tie), 11));
      r.set(inexact, r.with64('ne', r.op('i64.or', rest, low), 0));
      r.set(significand, r.with64('and', m, ~0x7ffn));
    },
  );
  const rounded = r.op('i64.add', r.get(significand), r.get(up));
  // Adding one to all ones leaves 0: the next power of two.
  const carried = r.op('i64.eqz', rounded);
  r.set(exponent, r.op('i32.add', r.get(exponent), carried));
  const result = f.select(carried, r.i64(TOP_BIT), rounded);
  const outside = r.with32('gt_u', r.with32('sub', r.get(exponent), 1), EXPONENT_MASK - 2);
  r.leaveWhen(outside, r.i32(NOT_HANDLED));
  const flags = r.op(
    'i32.or',
    r.op('i32.mul', r.get(inexact), r.i32(PRECISION_FLAG)),
    r.op('i32.mul', r.with64('ne', r.get(up), 0), r.i32(C1)),
  );
  r.setState('fsw', r.op('i32.or', status, flags));
  r.setRegister(register, result, r.op('i32.or', sign, r.get(exponent)));
  f.return(r.i32(DONE));
  return ref;
}

/** The two operands and the register, as every arithmetic function gets them. */
function operands(r: Routine) {
  const { f } = r;
  const [a, aWord, b, bWord, register] = [0, 1, 2, 3, 4].map((i) => f.parameter(i)) as [
    IrValue,
    IrValue,
    IrValue,
    IrValue,
    IrValue,
  ];
  return { a, aWord, b, bWord, register };
}

const PARAMETERS: readonly IrType[] = ['i64', 'i32', 'i64', 'i32', 'i32'];

/** Neither denormal, infinite, NaN nor unsupported: normal, or zero where that is let pass. */
function isNormal(r: Routine, significand: IrValue, word: IrValue): IrValue {
  const exponent = r.with32('and', word, EXPONENT_MASK);
  const inRange = r.with32('le_u', r.with32('sub', exponent, 1), EXPONENT_MASK - 2);
  return r.op('i32.and', inRange, r.with64('lt_s', significand, 0));
}

function isZero(r: Routine, significand: IrValue, word: IrValue): IrValue {
  const bits = r.op('i64.or', significand, r.op('i64.extend_i32_u', r.with32('and', word, EXPONENT_MASK)));
  return r.op('i64.eqz', bits);
}

export function isNormalOrZero(r: Routine, significand: IrValue, word: IrValue): IrValue {
  return r.op('i32.or', isNormal(r, significand, word), isZero(r, significand, word));
}

function defineAdd(define: Define, finish: IrFunctionRef): IrFunctionRef {
  const { r, ref } = define('add', PARAMETERS);
  const { f } = r;
  const { a, aWord, b, bWord, register } = operands(r);
  const none = r.i64(0);
  for (const [zero, zeroWord, other, otherWord] of [
    [a, aWord, b, bWord],
    [b, bWord, a, aWord],
  ] as const) {
    r.when(isZero(r, zero, zeroWord), () => {
      r.leaveWhen(isZero(r, other, otherWord), r.i32(NOT_HANDLED));
      const exponent = r.with32('and', otherWord, EXPONENT_MASK);
      f.return(r.call(finish, other, none, r.with32('and', otherWord, SIGN), exponent, register));
    });
  }
  const [aExponent, bExponent] = [
    r.with32('and', aWord, EXPONENT_MASK),
    r.with32('and', bWord, EXPONENT_MASK),
  ];
  const swap = r.op(
    'i32.or',
    r.op('i32.lt_u', aExponent, bExponent),
    r.op('i32.and', r.op('i32.eq', aExponent, bExponent), r.op('i64.lt_u', a, b)),
  );
  const large = f.select(swap, b, a);
  const small = f.select(swap, a, b);
  const exponent = f.select(swap, bExponent, aExponent);
  const sign = r.with32('and', f.select(swap, bWord, aWord), SIGN);
  const distance = r.op('i32.sub', exponent, f.select(swap, aExponent, bExponent));
  const shift = r.op('i64.extend_i32_u', distance);
  const shifted = r.variable(small);
  const below = r.variable(none);
  r.when(distance, () => {
    r.when(
      r.with32('lt_u', distance, 64),
      () => {
        r.set(shifted, r.op('i64.shr_u', small, shift));
        r.set(below, r.op('i64.shl', small, r.op('i64.sub', r.i64(64), shift)));
      },
      () => {
        r.set(shifted, none);
        // A difference may move up by one place, so the highest bits below count, and that there are others.
        const lower = r.with64('or', r.op('i64.shr_u', small, r.with64('sub', shift, 64)), 1);
        const far = f.select(r.with32('lt_u', distance, 128), lower, r.i64(1));
        r.set(below, f.select(r.with32('eq', distance, 64), small, far));
      },
    );
  });
  r.when(
    r.with32('and', r.op('i32.xor', aWord, bWord), SIGN),
    () =>
      subtractMagnitude(r, finish, {
        large,
        shifted: r.get(shifted),
        below: r.get(below),
        sign,
        exponent,
        register,
      }),
    () =>
      addMagnitude(r, finish, {
        large,
        shifted: r.get(shifted),
        below: r.get(below),
        sign,
        exponent,
        register,
      }),
  );
  f.unreachable();
  return ref;
}

interface Aligned {
  readonly large: IrValue;
  readonly shifted: IrValue;
  readonly below: IrValue;
  readonly sign: IrValue;
  readonly exponent: IrValue;
  readonly register: IrValue;
}

function addMagnitude(r: Routine, finish: IrFunctionRef, aligned: Aligned): void {
  const { large, shifted, below, sign, exponent, register } = aligned;
  const { f } = r;
  const sum = r.op('i64.add', large, shifted);
  r.when(r.op('i64.lt_u', sum, large), () => {
    const lost = r.op('i64.or', r.with64('shr_u', below, 1), r.with64('and', below, 1));
    const low = r.op('i64.or', lost, r.with64('shl', sum, 63));
    const high = r.with64('or', r.with64('shr_u', sum, 1), TOP_BIT);
    f.return(r.call(finish, high, low, sign, r.with32('add', exponent, 1), register));
  });
  f.return(r.call(finish, sum, below, sign, exponent, register));
}

function subtractMagnitude(r: Routine, finish: IrFunctionRef, aligned: Aligned): void {
  const { large, shifted, below, sign, exponent, register } = aligned;
  const { f } = r;
  const borrow = r.op('i64.extend_i32_u', r.with64('ne', below, 0));
  const difference = r.op('i64.sub', r.op('i64.sub', large, shifted), borrow);
  const rest = r.op('i64.sub', r.i64(0), below);
  const high = r.variable(difference);
  const low = r.variable(rest);
  const result = r.variable(exponent);
  r.when(r.op('i64.eqz', difference), () => {
    // Nothing left: +0 in nearest rounding.
    r.when(r.op('i64.eqz', rest), () => {
      f.return(r.call(finish, r.i64(0), r.i64(0), r.i32(0), r.i32(0), register));
    });
    r.set(high, rest);
    r.set(low, r.i64(0));
    r.set(result, r.with32('sub', exponent, 64));
  });
  const places = r.op('i64.clz', r.get(high));
  r.when(r.with64('ne', places, 0), () => {
    const carried = r.op('i64.shr_u', r.get(low), r.op('i64.sub', r.i64(64), places));
    r.set(high, r.op('i64.or', r.op('i64.shl', r.get(high), places), carried));
    r.set(low, r.op('i64.shl', r.get(low), places));
    r.set(result, r.op('i32.sub', r.get(result), r.op('i32.wrap_i64', places)));
  });
  f.return(r.call(finish, r.get(high), r.get(low), sign, r.get(result), register));
}

const productSign = (r: Routine, aWord: IrValue, bWord: IrValue): IrValue =>
  r.with32('and', r.op('i32.xor', aWord, bWord), SIGN);

function defineMultiply(define: Define, finish: IrFunctionRef): IrFunctionRef {
  const { r, ref } = define('multiply', PARAMETERS);
  const { f } = r;
  const { a, aWord, b, bWord, register } = operands(r);
  const sign = productSign(r, aWord, bWord);
  r.when(r.op('i32.or', isZero(r, a, aWord), isZero(r, b, bWord)), () => {
    f.return(r.call(finish, r.i64(0), r.i64(0), sign, r.i32(0), register));
  });
  const half = (value: IrValue) => r.with64('and', value, 0xffff_ffffn);
  const upper = (value: IrValue) => r.with64('shr_u', value, 32);
  const lowest = r.op('i64.mul', half(a), half(b));
  const middle = r.op('i64.add', r.op('i64.mul', upper(a), half(b)), upper(lowest));
  const cross = r.op('i64.add', r.op('i64.mul', half(a), upper(b)), half(middle));
  const top = r.op(
    'i64.add',
    r.op('i64.mul', upper(a), upper(b)),
    r.op('i64.add', upper(middle), upper(cross)),
  );
  const low = r.op('i64.or', r.with64('shl', cross, 32), half(lowest));
  const sum = r.op('i32.add', r.with32('and', aWord, EXPONENT_MASK), r.with32('and', bWord, EXPONENT_MASK));
  const exponent = r.with32('sub', sum, BIAS - 1);
  r.when(r.with64('ge_s', top, 0), () => {
    const high = r.op('i64.or', r.with64('shl', top, 1), r.with64('shr_u', low, 63));
    f.return(r.call(finish, high, r.with64('shl', low, 1), sign, r.with32('sub', exponent, 1), register));
  });
  f.return(r.call(finish, top, low, sign, exponent, register));
  return ref;
}

function defineDivide(define: Define, finish: IrFunctionRef): IrFunctionRef {
  const { r, ref } = define('divide', PARAMETERS);
  const { f } = r;
  const { a, aWord, b, bWord, register } = operands(r);
  r.leaveWhen(isZero(r, b, bWord), r.i32(NOT_HANDLED));
  const sign = productSign(r, aWord, bWord);
  r.when(isZero(r, a, aWord), () => {
    f.return(r.call(finish, r.i64(0), r.i64(0), sign, r.i32(0), register));
  });
  // The dividend is high:low with high below the divisor, so that the quotient has 64 bits and its top bit set.
  const smaller = r.op('i64.lt_u', a, b);
  const high = f.select(smaller, a, r.with64('shr_u', a, 1));
  const low = f.select(smaller, r.i64(0), r.with64('shl', a, 63));
  const difference = r.op(
    'i32.sub',
    r.with32('and', aWord, EXPONENT_MASK),
    r.with32('and', bWord, EXPONENT_MASK),
  );
  const exponent = r.op('i32.sub', r.with32('add', difference, BIAS), smaller);
  const first = quotientDigit(r, high, r.with64('shr_u', low, 32), b);
  const second = quotientDigit(r, first.rest, r.with64('and', low, 0xffff_ffffn), b);
  const quotient = r.op('i64.add', r.with64('shl', first.digit, 32), second.digit);
  const rest = second.rest;
  // Half of the divisor against the remainder, without doubling it: the bits below the quotient.
  const other = r.op('i64.sub', b, rest);
  const sticky = r.op('i64.extend_i32_u', r.op('i64.ne', rest, other));
  const above = r.with64('shl', r.op('i64.extend_i32_u', r.op('i64.ge_u', rest, other)), 63);
  const below = f.select(r.op('i64.eqz', rest), r.i64(0), r.op('i64.or', above, sticky));
  f.return(r.call(finish, quotient, below, sign, exponent, register));
  return ref;
}

/** One 32-bit digit of (high:next) / divisor; `high` is below the divisor, whose top bit is set. */
function quotientDigit(
  r: Routine,
  high: IrValue,
  next: IrValue,
  divisor: IrValue,
): { digit: IrValue; rest: IrValue } {
  const divisorHigh = r.with64('shr_u', divisor, 32);
  const divisorLow = r.with64('and', divisor, 0xffff_ffffn);
  const digit = r.variable(r.op('i64.div_u', high, divisorHigh));
  const estimate = r.variable(r.op('i64.sub', high, r.op('i64.mul', r.get(digit), divisorHigh)));
  // The estimate is at most two too large.
  for (let correction = 0; correction < 2; correction++) {
    const fits = r.op('i64.eqz', r.with64('shr_u', r.get(estimate), 32));
    const target = r.op('i64.or', r.with64('shl', r.get(estimate), 32), next);
    const exceeds = r.op('i64.gt_u', r.op('i64.mul', r.get(digit), divisorLow), target);
    const wide = r.with64('gt_u', r.get(digit), 0xffff_ffffn);
    r.when(r.op('i32.and', fits, r.op('i32.or', wide, exceeds)), () => {
      r.set(digit, r.with64('sub', r.get(digit), 1));
      r.set(estimate, r.op('i64.add', r.get(estimate), divisorHigh));
    });
  }
  const whole = r.op('i64.or', r.with64('shl', high, 32), next);
  return { digit: r.get(digit), rest: r.op('i64.sub', whole, r.op('i64.mul', r.get(digit), divisor)) };
}
