// CPUID as the CPU models pin it (Intel SDM vol. 2A).

import { describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { GPR_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { FEATURE_BITS, identify } from '../../../../src-main/engine/x86/helpers/identification.ts';
import { OPCODE_ROWS } from '../../../../src-main/engine/x86/decode/opcode-map.ts';
import { CPU_MODELS } from '../../../../src-main/engine/x86/models/index.ts';
import type { CpuModel } from '../../../../src-main/engine/x86/models/cpu-model.ts';

const { rax, rbx, rcx, rdx } = GPR_INDEX;

function cpuid(cpu: FakeCpu, leaf: number, subleaf = 0): [number, number, number, number] {
  cpu.setHalves('gpr', leaf, 0, rax);
  cpu.setHalves('gpr', subleaf, 0, rcx);
  expect(identify(cpu)).toBe(0);
  return [cpu.low('gpr', rax), cpu.low('gpr', rbx), cpu.low('gpr', rcx), cpu.low('gpr', rdx)];
}

function text(...words: number[]): string {
  return words.flatMap((word) => [0, 8, 16, 24].map((shift) => String.fromCharCode((word >>> shift) & 0xff))).join('');
}

/** Words in the order of `FEATURE_BITS`. */
const featureWords = (cpu: FakeCpu): Record<keyof typeof FEATURE_BITS, number> => ({
  leaf1Edx: cpuid(cpu, 1)[3],
  leaf1Ecx: cpuid(cpu, 1)[2],
  leaf7Ebx: cpuid(cpu, 0)[0] >= 7 ? cpuid(cpu, 7)[1] : 0,
  extendedEdx: cpuid(cpu, 0x80000001)[3],
  extendedEcx: cpuid(cpu, 0x80000001)[2],
  powerEdx: cpuid(cpu, 0x80000000)[0] >= 0x80000007 ? cpuid(cpu, 0x80000007)[3] : 0,
});

describe.each(Object.values(CPU_MODELS))('CPUID of $name', (model: CpuModel) => {
  const cpu = new FakeCpu(model);

  it('reports exactly the features of the model', () => {
    const words = featureWords(cpu);
    const reported = new Set<string>();
    for (const [word, bits] of Object.entries(FEATURE_BITS)) {
      for (const [feature, bit] of bits) {
        if ((words[word as keyof typeof FEATURE_BITS] >>> bit) & 1) reported.add(feature);
      }
    }
    expect([...reported].sort()).toEqual([...model.features].sort());
  });

  it('reports nothing that no feature stands for', () => {
    const words = featureWords(cpu);
    for (const [word, bits] of Object.entries(FEATURE_BITS)) {
      const known = bits.reduce((mask, [, bit]) => mask | (1 << bit), 0);
      expect(words[word as keyof typeof FEATURE_BITS] & ~known).toBe(0);
    }
  });

  it('names itself', () => {
    const [highest, b, c, d] = cpuid(cpu, 0);
    expect(text(b, d, c)).toBe('GenuineIntel');
    expect(highest).toBeGreaterThanOrEqual(2);
    const brand = [2, 3, 4].map((leaf) => text(...cpuid(cpu, 0x80000000 + leaf))).join('');
    expect(brand.replaceAll('\0', '')).toBe(model.brand);
    expect(brand).toHaveLength(48);
  });

  it('answers an unknown leaf like its highest basic one', () => {
    const highest = cpuid(cpu, 0)[0];
    expect(cpuid(cpu, 0x1234)).toEqual(cpuid(cpu, highest));
    expect(cpuid(cpu, 0x90000000)).toEqual(cpuid(cpu, highest));
  });
});

describe('CPUID', () => {
  it('tells the rate of an invariant counter: crystal x EBX / EAX', () => {
    for (const model of Object.values(CPU_MODELS)) {
      const cpu = new FakeCpu(model);
      const known = cpuid(cpu, 0)[0] >= 0x16;
      expect(known).toBe(model.features.has('invtsc'));
      if (!known) continue;
      const [denominator, numerator, crystal] = cpuid(cpu, 0x15);
      expect((crystal * numerator) / denominator).toBe(1e9);
      expect(cpuid(cpu, 0x16)[0]).toBe(1000);
    }
  });

  const reportable = new Set<string>(Object.values(FEATURE_BITS).flatMap((bits) => bits.map(([feature]) => feature)));
  const decodable = new Set(OPCODE_ROWS.flatMap((row) => (row.feature === undefined ? [] : [row.feature])));

  it('can report every feature that an opcode row asks for', () => {
    expect([...decodable].filter((feature) => !reportable.has(feature))).toEqual([]);
  });

  it('reports on no model an instruction set that the decoder does not know', () => {
    const instructionSets = [
      'fpu', 'tsc', 'msr', 'cx8', 'sep', 'cmov', 'clfsh', 'mmx', 'fxsr', 'sse', 'sse2', 'sse3', 'ssse3', 'sse4.1',
      'sse4.2', 'cx16', 'popcnt', 'movbe', 'lahf64', 'syscall', 'rdtscp', 'smap', 'fsgsbase', 'rdrand', 'monitor',
    ] as const;
    for (const model of Object.values(CPU_MODELS)) {
      const missing = instructionSets.filter((set) => model.features.has(set) && !decodable.has(set));
      expect(missing).toEqual([]);
    }
  });

  it('gives signature, APIC id and cache line size', () => {
    const p3 = new FakeCpu(CPU_MODELS.pentium3);
    expect(cpuid(p3, 1)[0]).toBe(0x68a);
    const v1 = new FakeCpu(CPU_MODELS['x86-64-v1']);
    v1.environment.apicId = 3;
    expect(cpuid(v1, 1).slice(0, 2)).toEqual([0x106ca, 0x03000800]);
  });

  it('hides the APIC while it is disabled', () => {
    const cpu = new FakeCpu();
    expect(cpuid(cpu, 1)[3] & 0x200).toBe(0x200);
    cpu.setHalves('apicBase', 0xfee00100, 0);
    expect(cpuid(cpu, 1)[3] & 0x200).toBe(0);
  });

  it('describes caches by subleaf until there are no more', () => {
    const cpu = new FakeCpu(CPU_MODELS['x86-64-v1']);
    const size = ([, b, c]: number[]): number => (((b ?? 0) >>> 22) + 1) * (((b ?? 0) & 0xfff) + 1) * ((c ?? 0) + 1);
    expect([0, 1, 2].map((i) => size(cpuid(cpu, 4, i)))).toEqual([32768, 32768, 2097152]);
    expect(cpuid(cpu, 4, 3)[0]).toBe(0);
  });

  it('gives address widths', () => {
    expect(cpuid(new FakeCpu(CPU_MODELS['x86-64-v2']), 0x80000008)[0]).toBe(0x3028);
  });

  it('has a hypervisor leaf on the 64-bit models', () => {
    const [, b, c, d] = cpuid(new FakeCpu(CPU_MODELS['x86-64-v1']), 0x40000000);
    expect(text(b, c, d)).toBe('BoxwrightVM ');
  });
});
