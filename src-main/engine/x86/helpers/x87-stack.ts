// The x87 register stack and status word: reading and writing ST(i), stack faults, exceptions, waiting.
// Not here: what instructions compute. Reference: Intel SDM vol. 1, 8.1.2-8.1.3, 8.5, 8.6, 8.7.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  exponentOf,
  FCW,
  FSW,
  FTAG,
  FTOP,
  readWord,
  setRegister,
  significandHigh,
  significandLow,
  writeWord,
} from './float-words.ts';
import {
  adoptControlWord,
  BEFORE_OPERATION,
  floatEnvironment as env,
  INVALID,
  PRECISION,
} from './soft-float/environment.ts';
import { encode80, pack80, packed, unpack80 } from './soft-float/formats.ts';
import type { SoftNumber } from './soft-float/number.ts';
import { EXTENDED, type FloatFormat, PRECISION_CONTROL } from './soft-float/rounding.ts';

export const STACK_FAULT = 0x0040;
/** ES and B always change together. */
export const ERROR_SUMMARY = 0x8080;
export const C0 = 0x0100;
export const C1 = 0x0200;
export const C2 = 0x0400;
export const C3 = 0x4000;
export const CONDITION_CODES = C0 | C1 | C2 | C3;

const CR0_NE = 0x20;
const FLOATING_POINT_ERROR = 16;

/** Every waiting instruction: true when #MF was raised for an earlier one. */
export function wait(cpu: CpuContext): boolean {
  if ((readWord(cpu, FSW) & 0x80) === 0) return false;
  if ((cpu.low(F.cr0) & CR0_NE) !== 0) {
    cpu.raise(FLOATING_POINT_ERROR);
    return true;
  }
  cpu.environment.floatError();
  return false;
}

/** Start of an instruction that computes: waits, takes the control word. True when #MF was raised. */
export function begin(cpu: CpuContext): boolean {
  if (wait(cpu)) return true;
  adoptControlWord(readWord(cpu, FCW));
  return false;
}

export const physical = (cpu: CpuContext, i: number): number => (readWord(cpu, FTOP) + i) & 7;

export function isEmpty(cpu: CpuContext, i: number): boolean {
  return ((readWord(cpu, FTAG) >>> physical(cpu, i)) & 1) === 0;
}

export function readRegister(cpu: CpuContext, i: number, n: SoftNumber): void {
  const r = physical(cpu, i);
  unpack80(significandLow(cpu, r), significandHigh(cpu, r), exponentOf(cpu, r), n);
}

/** Writes what `pack80` left, and marks the register valid. */
export function writePacked(cpu: CpuContext, i: number): void {
  const r = physical(cpu, i);
  setRegister(cpu, r, packed.low, packed.high, packed.exponent);
  writeWord(cpu, FTAG, readWord(cpu, FTAG) | (1 << r));
}

export function pop(cpu: CpuContext): void {
  const top = readWord(cpu, FTOP);
  writeWord(cpu, FTAG, readWord(cpu, FTAG) & ~(1 << top));
  writeWord(cpu, FTOP, (top + 1) & 7);
}

export function decrementTop(cpu: CpuContext): void {
  writeWord(cpu, FTOP, (readWord(cpu, FTOP) - 1) & 7);
}

/** The default NaN in `packed`. */
export function packIndefinite(): void {
  packed.low = 0;
  packed.high = 0xc000_0000;
  packed.exponent = 0xffff;
}

/** Adds exception flags to the status word and sets C1; true when one found before the operation is unmasked. */
export function report(cpu: CpuContext, flags: number, c1: boolean): boolean {
  const unmasked = flags & ~readWord(cpu, FCW) & 0x3f;
  const early = (unmasked & BEFORE_OPERATION) !== 0;
  const kept = early ? flags & (BEFORE_OPERATION | STACK_FAULT) : flags;
  const up = c1 && (!early || (flags & STACK_FAULT) !== 0);
  const status = (readWord(cpu, FSW) & ~C1) | kept | (up ? C1 : 0);
  writeWord(cpu, FSW, unmasked !== 0 ? status | ERROR_SUMMARY : status);
  return early;
}

/** `report` of what the arithmetic found. */
export function reportArithmetic(cpu: CpuContext): boolean {
  return report(cpu, env.flags, env.roundedUp && (env.flags & PRECISION) !== 0);
}

/** True when the exception is unmasked and the instruction must change nothing. */
export function stackUnderflow(cpu: CpuContext): boolean {
  return report(cpu, INVALID | STACK_FAULT, false);
}

export function stackOverflow(cpu: CpuContext): boolean {
  return report(cpu, INVALID | STACK_FAULT, true);
}

/** By the PC field of the control word. */
export function precision(cpu: CpuContext): FloatFormat {
  return PRECISION_CONTROL[(readWord(cpu, FCW) >>> 8) & 3] ?? EXTENDED;
}

/** Rounds `n`, reports, and unless that forbids it writes ST(i) and pops. */
export function deliver(cpu: CpuContext, n: SoftNumber, format: FloatFormat, i: number, pops: number): void {
  pack80(n, format);
  if (reportArithmetic(cpu)) return;
  writePacked(cpu, i);
  for (let count = 0; count < pops; count++) pop(cpu);
}

/** `deliver` of a number that an earlier rounding has made representable: C1 tells of that one. */
export function deliverRounded(cpu: CpuContext, n: SoftNumber): void {
  encode80(n);
  if (!reportArithmetic(cpu)) writePacked(cpu, 0);
}

/** Masked stack underflow: the default NaN goes to ST(i). */
export function deliverUnderflow(cpu: CpuContext, i: number, pops: number): void {
  if (stackUnderflow(cpu)) return;
  packIndefinite();
  writePacked(cpu, i);
  for (let count = 0; count < pops; count++) pop(cpu);
}

/** Pushes what `packed` holds, or the default NaN on a stack overflow. Exceptions are reported before. */
export function pushPacked(cpu: CpuContext): void {
  if (!isEmpty(cpu, 7)) {
    if (stackOverflow(cpu)) return;
    packIndefinite();
  }
  decrementTop(cpu);
  writePacked(cpu, 0);
}
