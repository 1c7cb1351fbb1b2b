// The time-stamp counter, at 1 GHz of guest time, and the performance counters that do not count.
// Reference: Intel SDM vol. 2B RDTSC, RDTSCP, RDPMC; vol. 3B 17.17 (invariant TSC).

import { highHalf, lowHalf } from '../state/address.ts';
import { CR0_PE, CR4_PCE, CR4_TSD } from '../state/control-bits.ts';
import { CPU_FIELDS as F, GPR_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, word } from '../state/modes.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_GP } from './descriptor.ts';

const { rax, rcx, rdx } = GPR_INDEX;

/** One count a nanosecond; the APIC timer's input has the same rate. */
export const TIMESTAMP_HZ = 1_000_000_000;

/** Two 40-bit counters, as on the P6 family. */
const COUNTERS = 2;

const OFFSET = word(F.tscOffset);
const SCRATCH = word(F.scratch);
const EAX = word(F.gpr, rax);
const EDX = word(F.gpr, rdx);

/** Puts the counter's halves into two words; no number is large enough to lose bits before 104 days of guest time. */
function storeCount({ environment, words, firstWord }: CpuContext, lowWord: number, highWord: number): void {
  const now = Math.floor(environment.nowNs());
  const low = lowHalf(now) + (words[firstWord + OFFSET] as number);
  const carry = low > 0xffffffff ? 1 : 0;
  words[firstWord + lowWord] = low;
  words[firstWord + highWord] = highHalf(now) + (words[firstWord + OFFSET + 1] as number) + carry;
}

/** RDMSR of the counter. */
export function storeTimestamp(cpu: CpuContext): void {
  storeCount(cpu, EAX, EDX);
  cpu.words[cpu.firstWord + EAX + 1] = 0;
  cpu.words[cpu.firstWord + EDX + 1] = 0;
}

/** WRMSR to the counter: keeps the difference to the clock. */
export function writeTimestamp(cpu: CpuContext, low: number, high: number): void {
  const now = Math.floor(cpu.environment.nowNs());
  const difference = (low >>> 0) - lowHalf(now);
  const borrow = difference < 0 ? 1 : 0;
  cpu.setHalves(F.tscOffset, difference >>> 0, (high - highHalf(now) - borrow) >>> 0);
}

const isForbidden = (cpu: CpuContext): boolean =>
  (cpu.low(F.cr4) & CR4_TSD) !== 0 && (cpu.low(F.cr0) & CR0_PE) !== 0 && currentPrivilege(cpu) !== 0;

export function readTimestamp(cpu: CpuContext): number {
  if (isForbidden(cpu)) return cpu.raise(VECTOR_GP, 0);
  storeCount(cpu, SCRATCH, SCRATCH + 1);
  return 0;
}

export function readPerformanceCounter(cpu: CpuContext): number {
  const isUser = (cpu.low(F.cr0) & CR0_PE) !== 0 && currentPrivilege(cpu) !== 0;
  const isAllowed = !isUser || (cpu.low(F.cr4) & CR4_PCE) !== 0;
  if (!isAllowed || cpu.low(F.gpr, rcx) >= COUNTERS) return cpu.raise(VECTOR_GP, 0);
  cpu.setHalves(F.gpr, 0, 0, rax);
  cpu.setHalves(F.gpr, 0, 0, rdx);
  return 0;
}
