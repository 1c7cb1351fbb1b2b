// SYSENTER, SYSEXIT, SYSCALL and SYSRET: transfers with segments that are not read from memory.
// Reference: Intel SDM vol. 2B (operation of the four); vol. 3A 5.8.7, 5.8.8.

import { fromHalves, isCanonical } from '../state/address.ts';
import {
  EFER_SCE, EFLAGS_FIXED, EFLAGS_IF, EFLAGS_RF, EFLAGS_TF, EFLAGS_VM,
} from '../state/control-bits.ts';
import { CPU_FIELDS as F, GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, isLong64, isLongMode, isProtected, word } from '../state/modes.ts';
import { ACCESS_DB, ACCESS_G, ACCESS_L, setSegment } from '../state/segments.ts';
import { setRip } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import { beginWithStep, endStep } from './debug-register.ts';
import { VECTOR_GP, VECTOR_UD } from './descriptor.ts';

/** Present, accessed: execute/read code and read/write data, without the DPL. */
export const FLAT_CODE = 0x9b;
export const FLAT_DATA = 0x93;

const { cs, ss } = SEGMENT_INDEX;
const { rcx, rdx, rsp, r11 } = GPR_INDEX;

/** Fields by word, as at every change of privilege. */
const CPL = word(F.cpl);
const GPR = word(F.gpr);
const RIP = word(F.rip);
const RSP = GPR + rsp * 2;
const SCRATCH = word(F.scratch);
const LSTAR = word(F.lstar);
const SYSENTER_ESP = word(F.sysenterEsp);
const SYSENTER_EIP = word(F.sysenterEip);

const register = ({ words, firstWord }: CpuContext, index: number): number =>
  fromHalves(words[firstWord + GPR + index * 2] as number, words[firstWord + GPR + index * 2 + 1] as number);

/** Copies a 64-bit field to another, or its low half alone. */
function copy({ words, firstWord }: CpuContext, from: number, to: number, is64: boolean): void {
  words[firstWord + to] = words[firstWord + from] as number;
  words[firstWord + to + 1] = is64 ? (words[firstWord + from + 1] as number) : 0;
}

/** Flat CS and SS at a privilege. */
function setFlatSegments(cpu: CpuContext, privilege: number, codeSelector: number, stackSelector: number, is64: boolean) {
  const dpl = privilege << 5;
  const size = is64 ? ACCESS_L : ACCESS_DB;
  setSegment(cpu, cs, codeSelector, FLAT_CODE | dpl | ACCESS_G | size, 0, 0xffffffff);
  setSegment(cpu, ss, stackSelector, FLAT_DATA | dpl | ACCESS_G | ACCESS_DB, 0, 0xffffffff);
  cpu.words[cpu.firstWord + CPL] = privilege;
}

export function fastEnter(cpu: CpuContext): number {
  const selector = cpu.low(F.sysenterCs) & 0xfffc;
  if (!isProtected(cpu) || selector === 0) return cpu.raise(VECTOR_GP, 0);
  const is64 = isLongMode(cpu);
  cpu.writeFlags(cpu.readFlags() & ~(EFLAGS_VM | EFLAGS_IF | EFLAGS_RF));
  setFlatSegments(cpu, 0, selector, selector + 8, is64);
  copy(cpu, SYSENTER_ESP, RSP, is64);
  copy(cpu, SYSENTER_EIP, RIP, is64);
  cpu.updateMode();
  return 0;
}

export function fastExit(cpu: CpuContext, operandBits: number): number {
  const selector = cpu.low(F.sysenterCs) & 0xfffc;
  if (!isProtected(cpu) || selector === 0 || currentPrivilege(cpu) !== 0) return cpu.raise(VECTOR_GP, 0);
  const is64 = operandBits === 64;
  const rip = register(cpu, rdx);
  const stackPointer = register(cpu, rcx);
  if (is64 && !(isCanonical(rip) && isCanonical(stackPointer))) return cpu.raise(VECTOR_GP, 0);
  const codeSelector = (selector + (is64 ? 32 : 16)) | 3;
  setFlatSegments(cpu, 3, codeSelector, codeSelector + 8, is64);
  copy(cpu, GPR + rcx * 2, RSP, is64);
  setRip(cpu, is64 ? rip : rip >>> 0);
  cpu.updateMode();
  return 0;
}

export function systemCall(cpu: CpuContext): number {
  if (!isLong64(cpu) || (cpu.low(F.efer) & EFER_SCE) === 0) return cpu.raise(VECTOR_UD);
  const flags = cpu.readFlags();
  // The next instruction's offset is argument 0.
  copy(cpu, SCRATCH, GPR + rcx * 2, true);
  cpu.setHalves(F.gpr, (flags & ~EFLAGS_RF) >>> 0, 0, r11);
  cpu.writeFlags((flags & ~(cpu.low(F.sfmask) | EFLAGS_RF)) | EFLAGS_FIXED);
  const selector = cpu.high(F.star) & 0xfffc;
  setFlatSegments(cpu, 0, selector, selector + 8, true);
  copy(cpu, LSTAR, RIP, true);
  cpu.updateMode();
  if (flags & cpu.low(F.sfmask) & EFLAGS_TF) endStep(cpu);
  return 0;
}

/** Flags that R11 brings back: all but RF and VM. */
export const SYSRET_FLAGS = 0x3c7fd7;

export function systemReturn(cpu: CpuContext, operandBits: number): number {
  if (!isLong64(cpu) || (cpu.low(F.efer) & EFER_SCE) === 0) return cpu.raise(VECTOR_UD);
  const is64 = operandBits === 64;
  const rip = register(cpu, rcx);
  if (currentPrivilege(cpu) !== 0 || (is64 && !isCanonical(rip))) return cpu.raise(VECTOR_GP, 0);
  const wasStepped = (cpu.readFlags() & EFLAGS_TF) !== 0;
  const flags = (cpu.low(F.gpr, r11) & SYSRET_FLAGS) | EFLAGS_FIXED;
  cpu.writeFlags(flags);
  const selector = cpu.high(F.star) >>> 16;
  setFlatSegments(cpu, 3, (selector + (is64 ? 16 : 0)) | 3, (selector + 8) | 3, is64);
  setRip(cpu, is64 ? rip : rip >>> 0);
  cpu.updateMode();
  // As if the SYSCALL had just ended: SYSRET looks at TF when it is done.
  if (flags & EFLAGS_TF && !wasStepped) beginWithStep(cpu);
  return 0;
}
