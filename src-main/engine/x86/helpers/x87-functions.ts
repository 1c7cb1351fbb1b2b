// x87 instructions on ST(0), or on ST(0) and ST(1), without a memory operand.
// Reference: Intel SDM vol. 1, 8.3.5-8.3.10; vol. 2 by mnemonic; table 8-1 for C0-C3.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import { exponentOf, FSW, readWord, significandHigh, significandLow, writeWord } from './float-words.ts';
import { squareRoot } from './soft-float/divide.ts';
import { DENORMAL, floatEnvironment as env, PRECISION, ZERO_DIVIDE } from './soft-float/environment.ts';
import { pack80, packed, unpack80 } from './soft-float/formats.ts';
import { fromInteger32, integer, roundToIntegral, toInteger } from './soft-float/integer.ts';
import { FINITE, INFINITE, QUIET_NAN, SoftNumber, UNSUPPORTED, ZERO } from './soft-float/number.ts';
import { invalid, noteDenormals, specialOperand, specialOperands } from './soft-float/operands.ts';
import { remainder } from './soft-float/remainder.ts';
import { EXTENDED, type FloatFormat } from './soft-float/rounding.ts';
import { compareWithZero } from './x87-arithmetic.ts';
import { X87_FUNCTION } from './x87-operations.ts';
import {
  begin,
  C0,
  C1,
  C2,
  C3,
  CONDITION_CODES,
  decrementTop,
  deliver,
  deliverRounded,
  deliverUnderflow,
  isEmpty,
  packIndefinite,
  physical,
  precision,
  readRegister,
  report,
  reportArithmetic,
  stackOverflow,
  stackUnderflow,
  writePacked,
} from './x87-stack.ts';
import {
  arctangentOf,
  cosineOf,
  exponentialOf,
  logarithmOf,
  logarithmPlusOneOf,
  sineOf,
  tangentOf,
} from './x87-transcendental.ts';

const x = new SoftNumber();
const y = new SoftNumber();
const result = new SoftNumber();

const setStatus = (cpu: CpuContext, clear: number, set: number): void =>
  writeWord(cpu, FSW, (readWord(cpu, FSW) & ~clear) | set);

/** FCHS, FABS: the sign bit alone, of whatever the register holds. */
function changeSign(cpu: CpuContext, absolute: boolean): void {
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  report(cpu, 0, false);
  const r = physical(cpu, 0);
  const word = exponentOf(cpu, r);
  cpu.set32(F.fprExponent, absolute ? word & 0x7fff : word ^ 0x8000, r);
}

/** FXAM: class in C3, C2, C0, sign in C1. */
function examine(cpu: CpuContext): void {
  const r = physical(cpu, 0);
  const word = exponentOf(cpu, r);
  const sign = (word & 0x8000) !== 0 ? C1 : 0;
  setStatus(cpu, CONDITION_CODES, sign | classOf(cpu, word, r));
}

function classOf(cpu: CpuContext, word: number, r: number): number {
  if (isEmpty(cpu, 0)) return C3 | C0;
  unpack80(significandLow(cpu, r), significandHigh(cpu, r), word, x);
  if (x.kind === UNSUPPORTED) return 0;
  if (x.kind >= QUIET_NAN) return C0;
  if (x.kind === INFINITE) return C2 | C0;
  if (x.kind === ZERO) return C3;
  return x.denormal ? C3 | C2 : C2;
}

/** ST(0) = f(ST(0)). */
function unary(cpu: CpuContext, compute: () => void, format: FloatFormat): void {
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  readRegister(cpu, 0, x);
  compute();
  deliver(cpu, result, format, 0, 0);
}

/** ST(1) = f(ST(1), ST(0)), then pop. */
function binary(cpu: CpuContext, compute: () => void): void {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    deliverUnderflow(cpu, 1, 1);
    return;
  }
  readRegister(cpu, 0, x);
  readRegister(cpu, 1, y);
  compute();
  deliver(cpu, result, EXTENDED, 1, 1);
}

/** FSIN, FCOS: C2 for an argument out of range. */
function angle(cpu: CpuContext, compute: (from: SoftNumber, to: SoftNumber) => boolean): void {
  setStatus(cpu, C2, 0);
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  readRegister(cpu, 0, x);
  if (compute(x, result)) deliver(cpu, result, EXTENDED, 0, 0);
  else setStatus(cpu, C1, C2);
}

const second = new SoftNumber();

/** FSINCOS, FPTAN, FXTRACT: one result replaces ST(0), `second` is pushed above it. */
function pair(cpu: CpuContext, compute: () => boolean): void {
  setStatus(cpu, C2, 0);
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    const abandoned = isEmpty(cpu, 0) ? stackUnderflow(cpu) : stackOverflow(cpu);
    if (abandoned) return;
    packIndefinite();
    writePacked(cpu, 0);
    decrementTop(cpu);
    writePacked(cpu, 0);
    return;
  }
  readRegister(cpu, 0, x);
  if (!compute()) {
    setStatus(cpu, C1, C2);
    return;
  }
  pack80(result, EXTENDED);
  const { low, high, exponent } = packed;
  pack80(second, EXTENDED);
  if (reportArithmetic(cpu)) return;
  const top = { ...packed };
  Object.assign(packed, { low, high, exponent });
  writePacked(cpu, 0);
  decrementTop(cpu);
  Object.assign(packed, top);
  writePacked(cpu, 0);
}

function sineAndCosine(): boolean {
  const inRange = sineOf(x, result);
  if (!inRange) return false;
  if (result.kind >= QUIET_NAN) second.copy(result);
  else cosineOf(x, second);
  return true;
}

function tangentAndOne(): boolean {
  if (!tangentOf(x, result)) return false;
  if (result.kind >= QUIET_NAN) second.copy(result);
  else second.setFinite(false, 0, 0x8000_0000, 0, 0);
  return true;
}

/** FXTRACT: exponent to ST(1), significand to ST(0). */
function extract(): boolean {
  if (specialOperand(x, result)) {
    second.copy(result);
    return true;
  }
  if (x.kind === FINITE) {
    if (x.denormal) env.flags |= DENORMAL;
    second.copy(x);
    second.exponent = 0;
    fromInteger32(x.exponent, result);
  } else {
    if (x.kind === ZERO) env.flags |= ZERO_DIVIDE;
    second.copy(x);
    result.setSpecial(INFINITE, x.kind === ZERO);
  }
  return true;
}

/** FPREM, FPREM1: quotient bits 0, 1, 2 in C1, C3, C0; C2 while the reduction is incomplete. */
function partialRemainder(cpu: CpuContext, nearest: boolean): void {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    setStatus(cpu, C2, 0);
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  readRegister(cpu, 0, x);
  readRegister(cpu, 1, y);
  const bits = remainder(x, y, result, nearest);
  pack80(result, EXTENDED);
  if (reportArithmetic(cpu)) return;
  writePacked(cpu, 0);
  const codes =
    bits < 0 ? C2 : ((bits & 1) !== 0 ? C1 : 0) | ((bits & 2) !== 0 ? C3 : 0) | ((bits & 4) !== 0 ? C0 : 0);
  setStatus(cpu, CONDITION_CODES, codes);
}

/** FSCALE: ST(0) * 2^trunc(ST(1)). */
function scale(): void {
  if (specialOperands(x, y, result)) return;
  if (y.kind === INFINITE) {
    if ((x.kind === INFINITE && y.negative) || (x.kind === ZERO && !y.negative)) {
      invalid(result);
      return;
    }
    noteDenormals(x, x);
    result.setSpecial(y.negative ? ZERO : INFINITE, x.negative);
    return;
  }
  noteDenormals(x, y);
  result.copy(x);
  result.denormal = false;
  if (x.kind !== FINITE || y.kind === ZERO) return;
  const flags = env.flags;
  toInteger(y, 32, true);
  const outside = (env.flags & ~(flags | PRECISION)) !== 0;
  env.flags = flags;
  // Beyond the range of all exponents any distance does.
  const distance = outside
    ? y.negative
      ? -100_000
      : 100_000
    : Math.max(-100_000, Math.min(100_000, integer.low | 0));
  result.exponent += distance;
}

function scaleTop(cpu: CpuContext): void {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  readRegister(cpu, 0, x);
  readRegister(cpu, 1, y);
  scale();
  deliver(cpu, result, EXTENDED, 0, 0);
}

const FUNCTIONS: readonly ((cpu: CpuContext) => void)[] = (() => {
  const table: ((cpu: CpuContext) => void)[] = [];
  table[X87_FUNCTION.FCHS] = (cpu) => changeSign(cpu, false);
  table[X87_FUNCTION.FABS] = (cpu) => changeSign(cpu, true);
  table[X87_FUNCTION.FTST] = compareWithZero;
  table[X87_FUNCTION.FXAM] = examine;
  table[X87_FUNCTION.F2XM1] = (cpu) => unary(cpu, () => exponentialOf(x, result), EXTENDED);
  table[X87_FUNCTION.FYL2X] = (cpu) => binary(cpu, () => logarithmOf(y, x, result));
  table[X87_FUNCTION.FPTAN] = (cpu) => pair(cpu, tangentAndOne);
  table[X87_FUNCTION.FPATAN] = (cpu) => binary(cpu, () => arctangentOf(y, x, result));
  table[X87_FUNCTION.FXTRACT] = (cpu) => pair(cpu, extract);
  table[X87_FUNCTION.FPREM1] = (cpu) => partialRemainder(cpu, true);
  table[X87_FUNCTION.FPREM] = (cpu) => partialRemainder(cpu, false);
  table[X87_FUNCTION.FYL2XP1] = (cpu) => binary(cpu, () => logarithmPlusOneOf(y, x, result));
  table[X87_FUNCTION.FSQRT] = (cpu) => unary(cpu, () => squareRoot(x, result), precision(cpu));
  table[X87_FUNCTION.FSINCOS] = (cpu) => pair(cpu, sineAndCosine);
  table[X87_FUNCTION.FRNDINT] = roundTop;
  table[X87_FUNCTION.FSCALE] = scaleTop;
  table[X87_FUNCTION.FSIN] = (cpu) => angle(cpu, sineOf);
  table[X87_FUNCTION.FCOS] = (cpu) => angle(cpu, cosineOf);
  return table;
})();

/** FRNDINT. */
function roundTop(cpu: CpuContext): void {
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, 0, 0);
    return;
  }
  readRegister(cpu, 0, x);
  noteDenormals(x, x);
  roundToIntegral(x, result, false);
  deliverRounded(cpu, result);
}

/** `X87_FUNCTION`. */
export function x87Function(cpu: CpuContext, index: number): number {
  if (begin(cpu)) return 1;
  FUNCTIONS[index]?.(cpu);
  return 0;
}
