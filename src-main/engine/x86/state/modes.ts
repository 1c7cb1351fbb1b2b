// The mode word: what decoding and generated code are specialised on, computed from the registers.
// Reference: Intel SDM vol. 3A 2.2 (modes of operation), 4.1.1 (long mode); the MODE_* comments.

import type { CpuContext } from '../helpers/cpu-context.ts';
import {
  CR0_AM, CR0_EM, CR0_PE, CR0_TS, CR4_OSFXSR, DR7_ENABLED, EFER_LMA, EFLAGS_AC, EFLAGS_TF, EFLAGS_VM,
} from './control-bits.ts';
import {
  CPU_FIELDS as F,
  MODE_ALIGN, MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_FPU, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_SSE,
  MODE_STACK32, MODE_STEP, MODE_USER, MODE_VM86, SEGMENT_INDEX, type StateField,
} from './cpu-state.ts';
import { ACCESS_DB, ACCESS_L } from './segments.ts';

// All of this is asked at each change of privilege: the fields are read by word, as looking names up would cost more.

/** Index of a field among the 32-bit words of the CPU block. */
export const word = ({ offset, stride }: StateField, index = 0): number => (offset + index * stride) >> 2;
const { cs, ss, ds, es } = SEGMENT_INDEX;
const MODE = word(F.mode);
const CR0 = word(F.cr0);
const CR4 = word(F.cr4);
const DR7 = word(F.dr, 7);
const EFER = word(F.efer);
const FLAG_REST = word(F.flagRest);
const CPL = word(F.cpl);
const ACCESS = word(F.segmentAccess);
const BASE = word(F.segmentBase);
const WRITE_TOP = word(F.segmentWriteTop);
const SEGMENT_WORDS = F.segmentAccess.stride >> 2;
const CS_LIMIT = word(F.segmentLimit, cs);

const flagRest = ({ words, firstWord }: CpuContext): number => words[firstWord + FLAG_REST] as number;
const segmentAccess = ({ words, firstWord }: CpuContext, index: number): number =>
  words[firstWord + ACCESS + index * SEGMENT_WORDS] as number;

export const isProtected = ({ words, firstWord }: CpuContext): boolean => ((words[firstWord + CR0] as number) & CR0_PE) !== 0;
export const isVirtual8086 = (cpu: CpuContext): boolean => (flagRest(cpu) & EFLAGS_VM) !== 0;
/** EFER.LMA: long mode, in 64-bit and in compatibility code. */
export const isLongMode = ({ words, firstWord }: CpuContext): boolean => ((words[firstWord + EFER] as number) & EFER_LMA) !== 0;
/** 64-bit code: long mode with CS.L set. */
export const isLong64 = (cpu: CpuContext): boolean => isLongMode(cpu) && (segmentAccess(cpu, cs) & ACCESS_L) !== 0;
export const currentPrivilege = ({ words, firstWord }: CpuContext): number => words[firstWord + CPL] as number;

/** Width of the stack pointer. */
export const stackBits = (cpu: CpuContext): 16 | 32 | 64 => {
  if (isLong64(cpu)) return 64;
  return segmentAccess(cpu, ss) & ACCESS_DB ? 32 : 16;
};

function hasFlatBase({ words, firstWord }: CpuContext, index: number): boolean {
  const at = firstWord + BASE + index * SEGMENT_WORDS;
  return ((words[at] as number) | (words[at + 1] as number)) === 0;
}

export const isFlatData = (cpu: CpuContext, index: number): boolean =>
  cpu.words[cpu.firstWord + WRITE_TOP + index * SEGMENT_WORDS + 1] === 1 && hasFlatBase(cpu, index);

function segmentBits(cpu: CpuContext, isLong: boolean): number {
  const { words, firstWord } = cpu;
  const codeAccess = words[firstWord + ACCESS + cs * SEGMENT_WORDS] as number;
  if (isLong && codeAccess & ACCESS_L) return MODE_LONG64 | MODE_FLAT_CS | MODE_FLAT_DATA;
  let mode = 0;
  if (codeAccess & ACCESS_DB) mode |= MODE_CODE32;
  if ((words[firstWord + ACCESS + ss * SEGMENT_WORDS] as number) & ACCESS_DB) mode |= MODE_STACK32;
  if (words[firstWord + CS_LIMIT] === 0xffffffff && hasFlatBase(cpu, cs)) mode |= MODE_FLAT_CS;
  if (isFlatData(cpu, ss) && isFlatData(cpu, ds) && isFlatData(cpu, es)) mode |= MODE_FLAT_DATA;
  return mode;
}

export function computeModeWord(cpu: CpuContext): number {
  const { words, firstWord } = cpu;
  const cr0 = words[firstWord + CR0] as number;
  const rest = words[firstWord + FLAG_REST] as number;
  const isUser = words[firstWord + CPL] === 3;
  const isLong = ((words[firstWord + EFER] as number) & EFER_LMA) !== 0;
  let mode = segmentBits(cpu, isLong);
  if (cr0 & CR0_PE) {
    mode |= MODE_PROTECTED;
    if (rest & EFLAGS_VM) mode |= MODE_VM86;
  }
  if (isLong) mode |= MODE_LONG;
  if (isUser) mode |= MODE_USER;
  if ((cr0 & (CR0_EM | CR0_TS)) === 0) {
    mode |= MODE_FPU;
    if ((words[firstWord + CR4] as number) & CR4_OSFXSR) mode |= MODE_SSE;
  }
  // Instruction breakpoints are looked for by the same one-at-a-time execution.
  if (rest & EFLAGS_TF || (words[firstWord + DR7] as number) & DR7_ENABLED) mode |= MODE_STEP;
  if (isUser && cr0 & CR0_AM && rest & EFLAGS_AC) mode |= MODE_ALIGN;
  return mode;
}

/** Recomputes and stores the mode word. TLB pointers are the MMU's. */
export function updateModeWord(cpu: CpuContext): number {
  const mode = computeModeWord(cpu);
  cpu.words[cpu.firstWord + MODE] = mode;
  return mode;
}
