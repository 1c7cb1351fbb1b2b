// CPUID from the model.
// Reference: Intel SDM vol. 2A CPUID (tables 3-8 to 3-12), vol. 3A 8.9 (topology).

import type { CpuFeature, CpuModel } from '../models/cpu-model.ts';
import { CPU_FIELDS as F, GPR_INDEX } from '../state/cpu-state.ts';
import { cpuSignature } from '../state/reset.ts';
import type { CpuContext } from './cpu-context.ts';
import { TIMESTAMP_HZ } from './timestamp.ts';

type FeatureBits = readonly (readonly [CpuFeature, number])[];

/** Where each feature is reported: leaf 1 EDX and ECX, leaf 7 EBX, leaves 80000001h EDX, ECX and 80000007h EDX. */
export const FEATURE_BITS = {
  leaf1Edx: [
    ['fpu', 0], ['vme', 1], ['de', 2], ['pse', 3], ['tsc', 4], ['msr', 5], ['pae', 6], ['mce', 7], ['cx8', 8],
    ['apic', 9], ['sep', 11], ['mtrr', 12], ['pge', 13], ['mca', 14], ['cmov', 15], ['pat', 16], ['pse36', 17],
    ['clfsh', 19], ['mmx', 23], ['fxsr', 24], ['sse', 25], ['sse2', 26],
  ],
  leaf1Ecx: [
    ['sse3', 0], ['monitor', 3], ['ssse3', 9], ['cx16', 13], ['pcid', 17], ['sse4.1', 19], ['sse4.2', 20],
    ['x2apic', 21], ['movbe', 22], ['popcnt', 23], ['rdrand', 30], ['hypervisor', 31],
  ],
  leaf7Ebx: [['fsgsbase', 0], ['tsc-adjust', 1], ['smep', 7], ['smap', 20]],
  extendedEdx: [['syscall', 11], ['nx', 20], ['pdpe1gb', 26], ['rdtscp', 27], ['lm', 29]],
  extendedEcx: [['lahf64', 0]],
  powerEdx: [['invtsc', 8]],
} as const satisfies Record<string, FeatureBits>;

/** The features of a row as the bits CPUID reports. */
export function featureWord(model: CpuModel, bits: FeatureBits): number {
  let word = 0;
  for (const [feature, bit] of bits) if (model.features.has(feature)) word |= 1 << bit;
  return word >>> 0;
}

const LEAF_TSC = 0x15;
const LEAF_FREQUENCY = 0x16;
const EXTENDED = 0x80000000;
const HYPERVISOR = 0x40000000;

export function highestLeaf(model: CpuModel): number {
  if (model.features.has('invtsc')) return LEAF_FREQUENCY;
  if (featureWord(model, FEATURE_BITS.leaf7Ebx) !== 0) return 7;
  return model.features.has('lm') ? 4 : 2;
}

export const highestExtendedLeaf = (model: CpuModel): number => (model.features.has('lm') ? 0x80000008 : 0x80000004);

/** EAX, EBX, ECX, EDX of the answer. */
const answer = new Uint32Array(4);
const give = (eax: number, ebx: number, ecx: number, edx: number): void => {
  answer[0] = eax;
  answer[1] = ebx;
  answer[2] = ecx;
  answer[3] = edx;
};

/** Four characters of a string, first in the low byte; zero beyond its end. */
function characters(text: string, start: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word |= (text.charCodeAt(start + i) || 0) << (8 * i);
  return word >>> 0;
}

const APIC_BASE_ENABLED = 1 << 11;
const LEAF1_EDX_APIC = 1 << 9;

function leaf1(cpu: CpuContext): void {
  const { model } = cpu;
  const lineSize = model.features.has('clfsh') ? 8 << 8 : 0;
  let edx = featureWord(model, FEATURE_BITS.leaf1Edx);
  if ((cpu.low(F.apicBase) & APIC_BASE_ENABLED) === 0) edx &= ~LEAF1_EDX_APIC;
  give(
    cpuSignature(cpu),
    ((cpu.environment.apicId & 0xff) << 24) | lineSize,
    featureWord(model, FEATURE_BITS.leaf1Ecx),
    edx,
  );
}

/** Caches and TLBs by descriptor bytes: of the Coppermine, or 32 KiB + 32 KiB + 2 MiB with 64-byte lines. */
function leaf2(model: CpuModel): void {
  if (model.features.has('lm')) give(0x05b0b101, 0x005657f0, 0, 0x2cb4307d);
  else give(0x03020101, 0, 0, 0x0c040882);
}

/** Deterministic cache parameters: [type, level, ways, sets] with 64-byte lines. */
const CACHES = [[1, 1, 8, 64], [2, 1, 8, 64], [3, 2, 8, 4096]] as const;

function leaf4(index: number): void {
  const cache = CACHES[index];
  if (cache === undefined) {
    give(0, 0, 0, 0);
    return;
  }
  const [type, level, ways, sets] = cache;
  // Bit 8: self-initialising.
  give(type | (level << 5) | 0x100, ((ways - 1) << 22) | 63, sets - 1, 0);
}

function basicLeaf(cpu: CpuContext, leaf: number, subleaf: number): void {
  const { model } = cpu;
  if (leaf === 0) {
    give(highestLeaf(model), characters(model.vendor, 0), characters(model.vendor, 8), characters(model.vendor, 4));
  } else if (leaf === 1) leaf1(cpu);
  else if (leaf === 2) leaf2(model);
  else if (leaf === 4) leaf4(subleaf);
  else if (leaf === 7 && subleaf === 0) give(0, featureWord(model, FEATURE_BITS.leaf7Ebx), 0, 0);
  // The core crystal clock, which also feeds the APIC timer, is the counter's own: ratio 1.
  else if (leaf === LEAF_TSC) give(1, 1, TIMESTAMP_HZ, 0);
  // Base, maximum and bus frequency in MHz.
  else if (leaf === LEAF_FREQUENCY) give(TIMESTAMP_HZ / 1e6, TIMESTAMP_HZ / 1e6, 100, 0);
  else give(0, 0, 0, 0);
}

function extendedLeaf(cpu: CpuContext, leaf: number): void {
  const { model } = cpu;
  const number = leaf - EXTENDED;
  if (number === 0) give(highestExtendedLeaf(model), 0, 0, 0);
  else if (number === 1) {
    give(0, 0, featureWord(model, FEATURE_BITS.extendedEcx), featureWord(model, FEATURE_BITS.extendedEdx));
  } else if (number <= 4) {
    const start = (number - 2) * 16;
    const text = model.brand.slice(0, 47);
    give(characters(text, start), characters(text, start + 4), characters(text, start + 8), characters(text, start + 12));
  } else if (number === 6) {
    // Level 2 cache: 2048 KiB, 8 ways, 64-byte lines.
    give(0, 0, 0x08006040, 0);
  } else if (number === 7) give(0, 0, 0, featureWord(model, FEATURE_BITS.powerEdx));
  else if (number === 8) give(model.physicalAddressBits | (model.linearAddressBits << 8), 0, 0, 0);
  else give(0, 0, 0, 0);
}

/** A leaf that is not there answers as the highest basic one. */
function answerLeaf(cpu: CpuContext, leaf: number, subleaf: number): void {
  const { model } = cpu;
  const highest = highestLeaf(model);
  if (leaf <= highest) basicLeaf(cpu, leaf, subleaf);
  else if (leaf >= EXTENDED && leaf <= highestExtendedLeaf(model)) extendedLeaf(cpu, leaf);
  else if (leaf >>> 8 === HYPERVISOR >>> 8 && model.features.has('hypervisor')) hypervisorLeaf(leaf);
  else basicLeaf(cpu, highest, subleaf);
}

const HYPERVISOR_VENDOR = 'BoxwrightVM ';

function hypervisorLeaf(leaf: number): void {
  if (leaf !== HYPERVISOR) give(0, 0, 0, 0);
  else {
    give(
      HYPERVISOR, characters(HYPERVISOR_VENDOR, 0), characters(HYPERVISOR_VENDOR, 4), characters(HYPERVISOR_VENDOR, 8),
    );
  }
}

const { rax, rbx, rcx, rdx } = GPR_INDEX;

export function identify(cpu: CpuContext): number {
  answerLeaf(cpu, cpu.low(F.gpr, rax), cpu.low(F.gpr, rcx));
  cpu.setHalves(F.gpr, answer[0] ?? 0, 0, rax);
  cpu.setHalves(F.gpr, answer[1] ?? 0, 0, rbx);
  cpu.setHalves(F.gpr, answer[2] ?? 0, 0, rcx);
  cpu.setHalves(F.gpr, answer[3] ?? 0, 0, rdx);
  return 0;
}
