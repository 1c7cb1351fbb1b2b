// The `x86-64-v1` model: the psABI baseline. Family, model and stepping are those of an early in-order 64-bit
// core (Bonnell): guests know it as a processor that does not speculate and leave out costly mitigations.
// Reference: x86-64 psABI 3.1.1 (micro-architecture levels); Intel SDM vol. 2A CPUID, vol. 4 table 2-1.

import type { CpuModel } from './cpu-model.ts';

export const X86_64_V1: CpuModel = {
  name: 'x86-64-v1',
  vendor: 'GenuineIntel',
  brand: 'Boxwright Virtual CPU (x86-64-v1)',
  family: 6,
  model: 0x1c,
  stepping: 10,
  features: new Set([
    'fpu', 'vme', 'de', 'pse', 'tsc', 'msr', 'pae', 'mce', 'cx8', 'apic', 'sep', 'mtrr', 'pge', 'mca', 'cmov',
    'pat', 'pse36', 'clfsh', 'mmx', 'fxsr', 'sse', 'sse2', 'syscall', 'nx', 'rdtscp', 'lm', 'lahf64',
    'invtsc', 'tsc-adjust', 'hypervisor',
  ]),
  physicalAddressBits: 40,
  linearAddressBits: 48,
};
