// The `pentium3` model: a Coppermine-class Pentium III with PAE, MMX and SSE.
// Reference: Intel SDM vol. 2A CPUID; Pentium III Processor Specification Update (signature 068Ah).

import type { CpuModel } from './cpu-model.ts';

export const PENTIUM3: CpuModel = {
  name: 'pentium3',
  vendor: 'GenuineIntel',
  brand: 'Boxwright Virtual CPU (Pentium III)',
  family: 6,
  model: 8,
  stepping: 10,
  features: new Set([
    'fpu', 'vme', 'de', 'pse', 'tsc', 'msr', 'pae', 'mce', 'cx8', 'apic', 'sep', 'mtrr', 'pge', 'mca', 'cmov',
    'pat', 'pse36', 'mmx', 'fxsr', 'sse',
  ]),
  physicalAddressBits: 36,
  linearAddressBits: 32,
};
