// EFLAGS composed from the lazily kept fields, and taken apart again.

import { describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { readFlags, writeFlags } from '../../../../src-main/engine/x86/state/flags.ts';

describe('EFLAGS from its lazy fields', () => {
  it('gives back every combination of the six status flags and any other flag', () => {
    const cpu = new FakeCpu();
    for (const rest of [0, 0x100, 0x200, 0x400, 0x3000, 0x4000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000]) {
      for (let bits = 0; bits < 64; bits++) {
        const status =
          (bits & 1) | ((bits & 2) << 1) | ((bits & 4) << 2) | ((bits & 8) << 3) | ((bits & 16) << 3) | ((bits & 32) << 6);
        writeFlags(cpu, rest | status);
        expect(readFlags(cpu)).toBe(rest | status | 2);
      }
    }
  });

  it('drops bits that do not exist', () => {
    const cpu = new FakeCpu();
    writeFlags(cpu, 0xffffffff);
    expect(readFlags(cpu)).toBe(0x3f7fd7);
  });

  it('reads ZF, SF and PF from a sign-extended result', () => {
    const cpu = new FakeCpu();
    cpu.set32('flagAux', 0);
    cpu.setHalves('flagResult', 0xffffff80, 0xffffffff);
    expect(readFlags(cpu) & 0xc4).toBe(0x80);
    cpu.setHalves('flagResult', 3, 0);
    expect(readFlags(cpu) & 0xc4).toBe(0x04);
    cpu.setHalves('flagResult', 0, 1);
    expect(readFlags(cpu) & 0x40).toBe(0);
  });
});
