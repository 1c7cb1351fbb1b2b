// MXCSR around a software SSE operation: settings before it, flags and faults after it.
// Reference: Intel SDM vol. 1, 11.5.2-11.5.4; vol. 3A, 2.5 (CR4.OSXMMEXCPT).

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import { MXCSR, readWord, writeWord } from './float-words.ts';
import { adoptMxcsr, BEFORE_OPERATION, floatEnvironment } from './soft-float/environment.ts';

const CR4_OSXMMEXCPT = 0x400;
const SIMD_EXCEPTION = 19;
const INVALID_OPCODE = 6;

export function beginSse(cpu: CpuContext): void {
  adoptMxcsr(readWord(cpu, MXCSR));
}

function unmaskedFlags(mxcsr: number): number {
  return floatEnvironment.flags & ~(mxcsr >>> 7) & 0x3f;
}

/** What has been computed so far will fault: for instructions of several dependent steps. */
export function faultPending(cpu: CpuContext): boolean {
  return unmaskedFlags(readWord(cpu, MXCSR)) !== 0;
}

/**
 * Stores the flags and raises #XM (or #UD) for unmasked ones; true when it did. Exceptions found before the
 * operation hide those of the result if any of them is unmasked.
 */
export function endSse(cpu: CpuContext): boolean {
  const mxcsr = readWord(cpu, MXCSR);
  const unmasked = unmaskedFlags(mxcsr);
  const early = (unmasked & BEFORE_OPERATION) !== 0;
  writeWord(cpu, MXCSR, mxcsr | (early ? floatEnvironment.flags & BEFORE_OPERATION : floatEnvironment.flags));
  if (unmasked === 0) return false;
  cpu.raise((cpu.low(F.cr4) & CR4_OSXMMEXCPT) !== 0 ? SIMD_EXCEPTION : INVALID_OPCODE);
  return true;
}

/** MXCSR_MASK: the bits that exist. Denormals-are-zeros (bit 6) came after the first SSE processors. */
export function mxcsrMask(cpu: CpuContext): number {
  return cpu.model.features.has('sse2') ? 0xffff : 0xffbf;
}

/** LDMXCSR. */
export function loadMxcsr(cpu: CpuContext, value: number): number {
  if ((value & ~mxcsrMask(cpu)) !== 0) return cpu.raise(13, 0);
  writeWord(cpu, MXCSR, value >>> 0);
  return 0;
}
