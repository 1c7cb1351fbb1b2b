// The mode word: what decoding and generated code are specialised on, computed from the registers.
// Reference: Intel SDM vol. 3A 2.2 (modes of operation), 4.1.1 (long mode); the MODE_* comments.

import type { CpuContext } from '../helpers/cpu-context.ts';
import {
  CR0_AM, CR0_EM, CR0_PE, CR0_TS, CR4_OSFXSR, DR7_ENABLED, EFER_LMA, EFLAGS_AC, EFLAGS_TF, EFLAGS_VM,
} from './control-bits.ts';
import {
  CPU_FIELDS as F,
  MODE_ALIGN, MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_FPU, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_SSE,
  MODE_STACK32, MODE_STEP, MODE_USER, MODE_VM86, SEGMENT_INDEX,
} from './cpu-state.ts';
import { ACCESS_DB, ACCESS_L } from './segments.ts';

export const isProtected = (cpu: CpuContext): boolean => (cpu.low(F.cr0) & CR0_PE) !== 0;
export const isVirtual8086 = (cpu: CpuContext): boolean => (cpu.get32(F.flagRest) & EFLAGS_VM) !== 0;
/** EFER.LMA: long mode, in 64-bit and in compatibility code. */
export const isLongMode = (cpu: CpuContext): boolean => (cpu.low(F.efer) & EFER_LMA) !== 0;
/** 64-bit code: long mode with CS.L set. */
export const isLong64 = (cpu: CpuContext): boolean =>
  isLongMode(cpu) && (cpu.get32(F.segmentAccess, SEGMENT_INDEX.cs) & ACCESS_L) !== 0;
export const currentPrivilege = (cpu: CpuContext): number => cpu.get32(F.cpl);

/** Width of the stack pointer. */
export const stackBits = (cpu: CpuContext): 16 | 32 | 64 => {
  if (isLong64(cpu)) return 64;
  return cpu.get32(F.segmentAccess, SEGMENT_INDEX.ss) & ACCESS_DB ? 32 : 16;
};

const hasFlatBase = (cpu: CpuContext, index: number): boolean =>
  (cpu.low(F.segmentBase, index) | cpu.high(F.segmentBase, index)) === 0;

const isFlatData = (cpu: CpuContext, index: number): boolean =>
  hasFlatBase(cpu, index) && cpu.high(F.segmentWriteTop, index) === 1;

function segmentBits(cpu: CpuContext): number {
  if (isLong64(cpu)) return MODE_LONG64 | MODE_FLAT_CS | MODE_FLAT_DATA;
  const { cs, ss, ds, es } = SEGMENT_INDEX;
  let mode = 0;
  if (cpu.get32(F.segmentAccess, cs) & ACCESS_DB) mode |= MODE_CODE32;
  if (cpu.get32(F.segmentAccess, ss) & ACCESS_DB) mode |= MODE_STACK32;
  if (hasFlatBase(cpu, cs) && cpu.get32(F.segmentLimit, cs) === 0xffffffff) mode |= MODE_FLAT_CS;
  if (isFlatData(cpu, ss) && isFlatData(cpu, ds) && isFlatData(cpu, es)) mode |= MODE_FLAT_DATA;
  return mode;
}

export function computeModeWord(cpu: CpuContext): number {
  const cr0 = cpu.low(F.cr0);
  const rest = cpu.get32(F.flagRest);
  const isUser = currentPrivilege(cpu) === 3;
  let mode = segmentBits(cpu);
  if (cr0 & CR0_PE) {
    mode |= MODE_PROTECTED;
    if (rest & EFLAGS_VM) mode |= MODE_VM86;
  }
  if (isLongMode(cpu)) mode |= MODE_LONG;
  if (isUser) mode |= MODE_USER;
  if ((cr0 & (CR0_EM | CR0_TS)) === 0) {
    mode |= MODE_FPU;
    if (cpu.low(F.cr4) & CR4_OSFXSR) mode |= MODE_SSE;
  }
  // Instruction breakpoints are looked for by the same one-at-a-time execution.
  if (rest & EFLAGS_TF || cpu.low(F.dr, 7) & DR7_ENABLED) mode |= MODE_STEP;
  if (isUser && cr0 & CR0_AM && rest & EFLAGS_AC) mode |= MODE_ALIGN;
  return mode;
}

/** Recomputes and stores the mode word. TLB pointers are the MMU's. */
export function updateModeWord(cpu: CpuContext): number {
  const mode = computeModeWord(cpu);
  cpu.set32(F.mode, mode);
  return mode;
}
