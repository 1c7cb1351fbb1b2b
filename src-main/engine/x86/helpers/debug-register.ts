// Debug registers: MOV to and from DR0-DR7, matching of breakpoints, and what is due when an instruction ends.
// Reference: Intel SDM vol. 3B 17.2 (registers, 17.2.4 DR7), 17.3.1 (#DB conditions), table 17-2; vol. 2B MOV.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import { fromHalves } from '../state/address.ts';
import {
  CR4_DE, DR6_BD, DR6_BS, DR6_BT, DR6_FIXED, DR7_ENABLED, DR7_FIXED, DR7_GD,
} from '../state/control-bits.ts';
import { isLong64 } from '../state/modes.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_DB, VECTOR_GP, VECTOR_UD } from './descriptor.ts';

const VALUE_ARGUMENT = 1;
const DR6_BREAKPOINTS = 15;
const DR6_WRITABLE = DR6_BREAKPOINTS | DR6_BD | DR6_BS | DR6_BT;
const DR7_WRITABLE = 0xffff2bff;

/** The register meant by a number, or -1 after a fault. */
function resolve(cpu: CpuContext, index: number): number {
  if (index > 7 || ((index === 4 || index === 5) && cpu.low(F.cr4) & CR4_DE)) {
    cpu.raise(VECTOR_UD);
    return -1;
  }
  if (cpu.low(F.dr, 7) & DR7_GD) {
    cpu.setHalves(F.dr, (cpu.low(F.dr, 6) | DR6_BD) >>> 0, 0, 6);
    cpu.raise(VECTOR_DB);
    return -1;
  }
  return index === 4 || index === 5 ? index + 2 : index;
}

export function readDebug(cpu: CpuContext, index: number): number {
  const register = resolve(cpu, index);
  if (register < 0) return 1;
  cpu.setHalves(F.scratch, cpu.low(F.dr, register), cpu.high(F.dr, register), 0);
  return 0;
}

export function writeDebug(cpu: CpuContext, index: number): number {
  const register = resolve(cpu, index);
  if (register < 0) return 1;
  const low = cpu.low(F.scratch, VALUE_ARGUMENT);
  const high = isLong64(cpu) ? cpu.high(F.scratch, VALUE_ARGUMENT) : 0;
  if (register < 4) {
    cpu.setHalves(F.dr, low, high, register);
    return 0;
  }
  if (high !== 0) return cpu.raise(VECTOR_GP, 0);
  const value = register === 6 ? (low & DR6_WRITABLE) | DR6_FIXED : (low & DR7_WRITABLE) | DR7_FIXED;
  cpu.setHalves(F.dr, value >>> 0, 0, register);
  cpu.updateMode();
  return 0;
}

/** R/W field of DR7. */
const ON_EXECUTE = 0;
const ON_WRITE = 1;
const ON_IO = 2;
const ON_ACCESS = 3;

/** LEN field: 1, 2, 8 and 4 bytes. */
const LENGTHS = [1, 2, 8, 4] as const;

/** Breakpoints (bits 0-3) that cover one of the bytes and whose R/W field is in `kinds`, a bit set of the above. */
function matchBreakpoints(cpu: CpuContext, address: number, bytes: number, kinds: number): number {
  const control = cpu.low(F.dr, 7);
  let hits = 0;
  for (let i = 0; i < 4; i++) {
    const isEnabled = ((control >>> (i * 2)) & 3) !== 0;
    const kind = (control >>> (16 + i * 4)) & 3;
    if (!isEnabled || ((kinds >>> kind) & 1) === 0) continue;
    const length = LENGTHS[((control >>> (18 + i * 4)) & 3) as 0 | 1 | 2 | 3];
    const start = fromHalves((cpu.low(F.dr, i) & -length) >>> 0, cpu.high(F.dr, i));
    if (start < address + bytes && address < start + length) hits |= 1 << i;
  }
  return hits;
}

const hasBreakpoints = (cpu: CpuContext): boolean => (cpu.low(F.dr, 7) & DR7_ENABLED) !== 0;

/** Instruction breakpoints at a linear address, to be asked before it executes while RF = 0: DR6 bits, or 0. */
export const matchInstruction = (cpu: CpuContext, linear: number): number =>
  hasBreakpoints(cpu) ? matchBreakpoints(cpu, linear, 1, 1 << ON_EXECUTE) : 0;

const note = (cpu: CpuContext, hits: number): void => {
  if (hits !== 0) cpu.set32(F.pendingDebug, cpu.get32(F.pendingDebug) | hits);
};

/** Data breakpoints: found during the access, due when the instruction ends. */
export function noteDataBreakpoint(cpu: CpuContext, linear: number, bytes: number, isWrite: boolean): void {
  if (hasBreakpoints(cpu)) {
    note(cpu, matchBreakpoints(cpu, linear, bytes, isWrite ? (1 << ON_WRITE) | (1 << ON_ACCESS) : 1 << ON_ACCESS));
  }
}

/** I/O breakpoints, which exist with CR4.DE only. */
export function noteIoBreakpoint(cpu: CpuContext, port: number, bytes: number): void {
  if (hasBreakpoints(cpu) && cpu.low(F.cr4) & CR4_DE) note(cpu, matchBreakpoints(cpu, port, bytes, 1 << ON_IO));
}

/** Records the causes of a #DB in DR6, before it is delivered. Bits 0-3 describe this exception only. */
export function recordDebug(cpu: CpuContext, causes: number): void {
  const kept = causes & DR6_BREAKPOINTS ? cpu.low(F.dr, 6) & ~DR6_BREAKPOINTS : cpu.low(F.dr, 6);
  cpu.setHalves(F.dr, (kept | causes) >>> 0, 0, 6);
}

/** Bit of `pendingDebug`: the instruction that was stepped has handed over to a handler, so no trap for its step follows. */
const STEP_IS_OVER = 1 << 31;

/** An instruction that began with TF set has cleared it by entering a handler: INT n, ICEBP, SYSCALL. SDM vol. 3B 18.3.1.4. */
export function endStep(cpu: CpuContext): void {
  cpu.set32(F.pendingDebug, (cpu.get32(F.pendingDebug) | STEP_IS_OVER) >>> 0);
}

/** The step's trap comes before the next instruction: for SYSRET that sets TF. */
export function beginWithStep(cpu: CpuContext): void {
  cpu.set32(F.pendingDebug, cpu.get32(F.pendingDebug) | DR6_BS);
}

export const isStepDue = (cpu: CpuContext): boolean => (cpu.get32(F.pendingDebug) & DR6_BS) !== 0;

/** What waits behind MOV SS for the next instruction is part of the #DB that ICEBP raises. */
export function mergePendingDebug(cpu: CpuContext): void {
  recordDebug(cpu, cpu.get32(F.pendingDebug) & DR6_BREAKPOINTS);
  cpu.set32(F.pendingDebug, 0);
}

/** A fault is delivered: the data breakpoints of its instruction are lost. SDM vol. 3B 18.3.1.2. */
export const losePendingDebug = (cpu: CpuContext): void => cpu.set32(F.pendingDebug, 0);

/**
 * At the end of an instruction: whether a #DB trap is due, with DR6 written. `stepped`: TF was set when the
 * instruction began.
 */
export function takeDebugTrap(cpu: CpuContext, stepped: boolean): boolean {
  const pending = cpu.get32(F.pendingDebug);
  const causes = (pending & ~STEP_IS_OVER) | (stepped && (pending & STEP_IS_OVER) === 0 ? DR6_BS : 0);
  cpu.set32(F.pendingDebug, 0);
  if (causes === 0) return false;
  recordDebug(cpu, causes);
  return true;
}
