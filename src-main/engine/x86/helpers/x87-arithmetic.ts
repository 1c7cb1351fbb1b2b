// x87 loads, arithmetic and comparisons. Reference: Intel SDM vol. 1, 8.3.3-8.3.6, 8.5; vol. 2 by mnemonic.

import type { CpuContext } from './cpu-context.ts';
import {
  exponentOf,
  FSW,
  FTOP,
  readWord,
  scratchHigh,
  scratchLow,
  setScratch,
  significandHigh,
  significandLow,
  writeWord,
} from './float-words.ts';
import { add, subtract } from './soft-float/add.ts';
import { compare, EQUAL, LESS, UNORDERED } from './soft-float/compare.ts';
import { divide } from './soft-float/divide.ts';
import { floatEnvironment as env, INVALID } from './soft-float/environment.ts';
import { pack80, packed, unpack32, unpack64 } from './soft-float/formats.ts';
import { fromInteger } from './soft-float/integer.ts';
import { multiply } from './soft-float/multiply.ts';
import { QUIET_NAN, SoftNumber } from './soft-float/number.ts';
import { noteDenormals, specialOperand } from './soft-float/operands.ts';
import { EXTENDED } from './soft-float/rounding.ts';
import { X87_ARITHMETIC, X87_COMPARE, X87_MEMORY } from './x87-operations.ts';
import {
  begin,
  C0,
  C2,
  C3,
  CONDITION_CODES,
  deliver,
  deliverUnderflow,
  isEmpty,
  pop,
  precision,
  pushPacked,
  readRegister,
  report,
  reportArithmetic,
  stackUnderflow,
  writePacked,
} from './x87-stack.ts';

const destination = new SoftNumber();
const source = new SoftNumber();
const result = new SoftNumber();

/** A memory operand, whose bits stand in scratch[position]. */
function readMemory(cpu: CpuContext, kind: number, position: number): void {
  const low = scratchLow(cpu, position);
  const high = scratchHigh(cpu, position);
  if (kind === X87_MEMORY.f32) unpack32(low, source);
  else if (kind === X87_MEMORY.f64) unpack64(low, high, source);
  else fromInteger(low, high, source);
}

/** FLD m32, m64 and FILD: kind; bits in scratch[1]. */
export function x87Load(cpu: CpuContext, kind: number): number {
  if (begin(cpu)) return 1;
  readMemory(cpu, kind, 1);
  if (!isEmpty(cpu, 7)) {
    pushPacked(cpu);
    return 0;
  }
  if (source.kind >= QUIET_NAN) specialOperand(source, source);
  else noteDenormals(source, source);
  pack80(source, EXTENDED);
  // An unmasked denormal is loaded all the same.
  if (!reportArithmetic(cpu) || (env.flags & INVALID) === 0) pushPacked(cpu);
  return 0;
}

/** FLD m80: significand in scratch[0], sign and exponent. Signals nothing but stack overflow. */
export function x87Load80(cpu: CpuContext, exponent: number): number {
  if (begin(cpu)) return 1;
  packed.low = scratchLow(cpu, 0);
  packed.high = scratchHigh(cpu, 0);
  packed.exponent = exponent & 0xffff;
  report(cpu, 0, false);
  pushPacked(cpu);
  return 0;
}

function copyToPacked(cpu: CpuContext, i: number): void {
  const r = (readWord(cpu, FTOP) + i) & 7;
  packed.low = significandLow(cpu, r);
  packed.high = significandHigh(cpu, r);
  packed.exponent = exponentOf(cpu, r);
}

/** FLD ST(i). */
export function x87LoadRegister(cpu: CpuContext, i: number): number {
  if (begin(cpu)) return 1;
  if (isEmpty(cpu, i)) {
    if (stackUnderflow(cpu)) return 0;
    packed.low = 0;
    packed.high = 0xc000_0000;
    packed.exponent = 0xffff;
  } else {
    report(cpu, 0, false);
    copyToPacked(cpu, i);
  }
  pushPacked(cpu);
  return 0;
}

/** FST ST(i), FSTP ST(i). */
export function x87StoreRegister(cpu: CpuContext, i: number, pops: number): number {
  if (begin(cpu)) return 1;
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, i, pops);
    return 0;
  }
  report(cpu, 0, false);
  copyToPacked(cpu, 0);
  writePacked(cpu, i);
  if (pops !== 0) pop(cpu);
  return 0;
}

/** FXCH: empty registers count as default NaNs. */
export function x87Exchange(cpu: CpuContext, i: number): number {
  if (begin(cpu)) return 1;
  const faulty = isEmpty(cpu, 0) || isEmpty(cpu, i);
  if (faulty ? stackUnderflow(cpu) : report(cpu, 0, false)) return 0;
  for (const register of faulty ? [0, i] : []) {
    if (!isEmpty(cpu, register)) continue;
    packed.low = 0;
    packed.high = 0xc000_0000;
    packed.exponent = 0xffff;
    writePacked(cpu, register);
  }
  copyToPacked(cpu, 0);
  const { low, high, exponent } = packed;
  copyToPacked(cpu, i);
  writePacked(cpu, 0);
  packed.low = low;
  packed.high = high;
  packed.exponent = exponent;
  writePacked(cpu, i);
  return 0;
}

/** FCMOVcc: register, condition. */
export function x87ConditionalMove(cpu: CpuContext, i: number, condition: number): number {
  if (begin(cpu)) return 1;
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    deliverUnderflow(cpu, 0, 0);
    return 0;
  }
  report(cpu, 0, false);
  if (condition === 0) return 0;
  copyToPacked(cpu, i);
  writePacked(cpu, 0);
  return 0;
}

function operate(operation: number): void {
  switch (operation) {
    case X87_ARITHMETIC.add:
      add(destination, source, result);
      break;
    case X87_ARITHMETIC.multiply:
      multiply(destination, source, result);
      break;
    case X87_ARITHMETIC.subtract:
      subtract(destination, source, result);
      break;
    case X87_ARITHMETIC.subtractReverse:
      subtract(source, destination, result);
      break;
    case X87_ARITHMETIC.divide:
      divide(destination, source, result);
      break;
    default:
      divide(source, destination, result);
  }
}

/** FADD m32 and its like: operation, kind of operand, bits in scratch[2]. */
export function x87ArithmeticMemory(cpu: CpuContext, operation: number, kind: number): number {
  if (begin(cpu)) return 1;
  if (isEmpty(cpu, 0)) {
    deliverUnderflow(cpu, 0, 0);
    return 0;
  }
  readRegister(cpu, 0, destination);
  readMemory(cpu, kind, 2);
  operate(operation);
  deliver(cpu, result, precision(cpu), 0, 0);
  return 0;
}

/** FADD ST(i), ST(j): operation, both numbers, pops. */
export function x87Arithmetic(
  cpu: CpuContext,
  operation: number,
  to: number,
  from: number,
  pops: number,
): number {
  if (begin(cpu)) return 1;
  if (isEmpty(cpu, to) || isEmpty(cpu, from)) {
    deliverUnderflow(cpu, to, pops);
    return 0;
  }
  readRegister(cpu, to, destination);
  readRegister(cpu, from, source);
  operate(operation);
  deliver(cpu, result, precision(cpu), to, pops);
  return 0;
}

/** Condition codes of a relation. */
function conditionCodes(order: number): number {
  if (order === UNORDERED) return C3 | C2 | C0;
  return order === EQUAL ? C3 : order === LESS ? C0 : 0;
}

/** The last comparison raised an unmasked exception: its result is there, but nothing is popped. */
let unmasked = false;

/** Compares ST(0) with `source`; unordered on a stack underflow. */
function compareTop(cpu: CpuContext, empty: boolean, flavour: number): number {
  if (empty) {
    unmasked = stackUnderflow(cpu);
    return UNORDERED;
  }
  readRegister(cpu, 0, destination);
  const order = compare(destination, source, (flavour & X87_COMPARE.quiet) !== 0);
  unmasked = report(cpu, env.flags, false);
  return order;
}

function finishCompare(cpu: CpuContext, empty: boolean, flavour: number): void {
  const order = compareTop(cpu, empty, flavour);
  writeWord(cpu, FSW, (readWord(cpu, FSW) & ~CONDITION_CODES) | conditionCodes(order));
  if (unmasked) return;
  if ((flavour & (X87_COMPARE.pop | X87_COMPARE.popTwice)) !== 0) pop(cpu);
  if ((flavour & X87_COMPARE.popTwice) !== 0) pop(cpu);
}

/** FCOM m32 and its like: flavour, kind, bits in scratch[2]. */
export function x87CompareMemory(cpu: CpuContext, flavour: number, kind: number): number {
  if (begin(cpu)) return 1;
  readMemory(cpu, kind, 2);
  finishCompare(cpu, isEmpty(cpu, 0), flavour);
  return 0;
}

/** FCOM ST(i), FUCOM, FCOMPP. */
export function x87Compare(cpu: CpuContext, flavour: number, i: number): number {
  if (begin(cpu)) return 1;
  readRegister(cpu, i, source);
  finishCompare(cpu, isEmpty(cpu, 0) || isEmpty(cpu, i), flavour);
  return 0;
}

/** FTST. */
export function compareWithZero(cpu: CpuContext): void {
  source.setSpecial(0, false);
  finishCompare(cpu, isEmpty(cpu, 0), 0);
}

/** FCOMI, FUCOMI: ZF, PF, CF in place. */
export function x87CompareFlags(cpu: CpuContext, flavour: number, i: number): number {
  if (begin(cpu)) return 1;
  readRegister(cpu, i, source);
  const order = compareTop(cpu, isEmpty(cpu, 0) || isEmpty(cpu, i), flavour);
  const flags = order === UNORDERED ? 0x45 : order === EQUAL ? 0x40 : order === LESS ? 1 : 0;
  if (!unmasked && (flavour & X87_COMPARE.pop) !== 0) pop(cpu);
  setScratch(cpu, flags, 0);
  return 0;
}
