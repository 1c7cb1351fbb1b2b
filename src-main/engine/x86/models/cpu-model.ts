// A named, pinned CPU: what CPUID reports and which instructions and registers exist.
// Reference: Intel SDM vol. 2A, CPUID; the x86-64 psABI for the level names.

/** CPUID feature names as the SDM spells them, lower case. */
export type CpuFeature =
  | 'fpu' | 'vme' | 'de' | 'pse' | 'tsc' | 'msr' | 'pae' | 'mce' | 'cx8' | 'apic' | 'sep' | 'mtrr' | 'pge'
  | 'mca' | 'cmov' | 'pat' | 'pse36' | 'clfsh' | 'mmx' | 'fxsr' | 'sse' | 'sse2' | 'sse3' | 'ssse3'
  | 'sse4.1' | 'sse4.2' | 'cx16' | 'popcnt' | 'movbe' | 'lahf64' | 'syscall' | 'nx' | 'rdtscp' | 'lm'
  | 'smep' | 'smap' | 'fsgsbase' | 'pcid' | 'x2apic' | 'rdrand' | 'monitor'
  | 'pdpe1gb' | 'invtsc' | 'tsc-adjust' | 'hypervisor';

export type CpuModelName = 'pentium3' | 'x86-64-v1' | 'x86-64-v2';

export interface CpuModel {
  readonly name: CpuModelName;
  /** Vendor string of leaf 0, twelve characters. */
  readonly vendor: string;
  /** Brand string of leaves 80000002h-80000004h, at most 47 characters. */
  readonly brand: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly features: ReadonlySet<CpuFeature>;
  readonly physicalAddressBits: number;
  readonly linearAddressBits: number;
}
