// Words of registers and memory as they were when a check looked at them, kept so that the same question later is answered
// by comparing. Whose checks: `known-entry.ts`, `known-return.ts`.

import type { CpuContext } from './cpu-context.ts';
import type { Descriptor } from './descriptor.ts';

/** Notes words of the CPU block at the beginning of `seen`. */
export function noteRegisters(cpu: CpuContext, registers: readonly number[], seen: Uint32Array): void {
  for (let i = 0; i < registers.length; i++) seen[i] = cpu.words[cpu.firstWord + (registers[i] as number)] as number;
}

export function haveRegistersStayed({ words, firstWord }: CpuContext, registers: readonly number[], seen: Uint32Array): boolean {
  for (let i = 0; i < registers.length; i++) if (seen[i] !== words[firstWord + (registers[i] as number)]) return false;
  return true;
}

export function noteDescriptor(descriptor: Descriptor, seen: Uint32Array, at: number): void {
  seen[at] = descriptor.low;
  seen[at + 1] = descriptor.high;
}

/** False also where its page has to be translated first. */
export function hasDescriptorStayed(cpu: CpuContext, descriptor: Descriptor, seen: Uint32Array, at: number): boolean {
  const { words } = cpu;
  const first = cpu.wordOf(descriptor.address, 8, false);
  return first >= 0 && words[first] === seen[at] && words[first + 1] === seen[at + 1];
}
