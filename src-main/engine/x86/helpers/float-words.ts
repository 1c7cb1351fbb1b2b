// The fields that float helpers touch in every call, by word instead of by name: looking a name up costs more
// than the arithmetic. Everything else goes through `CpuContext`'s named accessors.

import { CPU_FIELDS } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';

export const FCW = CPU_FIELDS.fcw.offset >> 2;
export const FSW = CPU_FIELDS.fsw.offset >> 2;
export const FTOP = CPU_FIELDS.ftop.offset >> 2;
export const FTAG = CPU_FIELDS.ftag.offset >> 2;
export const MXCSR = CPU_FIELDS.mxcsr.offset >> 2;
const SCRATCH = CPU_FIELDS.scratch.offset >> 2;
const SIGNIFICAND = CPU_FIELDS.fprSignificand.offset >> 2;
const EXPONENT = CPU_FIELDS.fprExponent.offset >> 2;
const REGISTER_WORDS = CPU_FIELDS.fprSignificand.stride >> 2;

type Words = Pick<CpuContext, 'words' | 'firstWord'>;

export const readWord = (cpu: Words, field: number): number => cpu.words[cpu.firstWord + field] as number;

export function writeWord(cpu: Words, field: number, value: number): void {
  cpu.words[cpu.firstWord + field] = value;
}

export const scratchLow = (cpu: Words, n: number): number => readWord(cpu, SCRATCH + 2 * n);
export const scratchHigh = (cpu: Words, n: number): number => readWord(cpu, SCRATCH + 2 * n + 1);

export function setScratch(cpu: Words, low: number, high: number, n = 0): void {
  writeWord(cpu, SCRATCH + 2 * n, low);
  writeWord(cpu, SCRATCH + 2 * n + 1, high);
}

/** Physical register R`r`. */
export const significandLow = (cpu: Words, r: number): number =>
  readWord(cpu, SIGNIFICAND + REGISTER_WORDS * r);
export const significandHigh = (cpu: Words, r: number): number =>
  readWord(cpu, SIGNIFICAND + REGISTER_WORDS * r + 1);
export const exponentOf = (cpu: Words, r: number): number => readWord(cpu, EXPONENT + REGISTER_WORDS * r);

export function setRegister(cpu: Words, r: number, low: number, high: number, exponent: number): void {
  writeWord(cpu, SIGNIFICAND + REGISTER_WORDS * r, low);
  writeWord(cpu, SIGNIFICAND + REGISTER_WORDS * r + 1, high);
  writeWord(cpu, EXPONENT + REGISTER_WORDS * r, exponent);
}
