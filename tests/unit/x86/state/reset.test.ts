// Registers after power-on and INIT (Intel SDM vol. 3, table 10-1).

import { describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { GPR_INDEX, SEGMENT_INDEX, upperHalf } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { resetCpu } from '../../../../src-main/engine/x86/state/reset.ts';

describe('reset (SDM table 10-1)', () => {
  it('after power-on points at FFFFFFF0 in real mode', () => {
    const cpu = new FakeCpu();
    expect(cpu.low('rip')).toBe(0xfff0);
    expect(cpu.get32('segmentSelector', SEGMENT_INDEX.cs)).toBe(0xf000);
    expect(cpu.low('segmentBase', SEGMENT_INDEX.cs)).toBe(0xffff0000);
    expect(cpu.get32('segmentLimit', SEGMENT_INDEX.cs)).toBe(0xffff);
    expect(cpu.low('cr0')).toBe(0x60000010);
    expect(cpu.readFlags()).toBe(2);
    expect(cpu.low('gpr', GPR_INDEX.rdx)).toBe(0x68a);
    expect(cpu.low('dr', 6)).toBe(0xffff0ff0);
    expect(cpu.low('dr', 7)).toBe(0x400);
    expect(cpu.get64('pat')).toBe(0x0007040600070406n);
    expect(cpu.get64('apicBase')).toBe(0xfee00900n);
    expect(cpu.get32('mxcsr')).toBe(0x1f80);
    expect(cpu.get32('fcw')).toBe(0x40);
  });

  it('clears the XMM registers after power-on, and not by INIT', () => {
    const cpu = new FakeCpu();
    const registers = () => [0, 7, 15].flatMap((index) => [cpu.get64('xmm', index), cpu.get64(upperHalf('xmm'), index)]);
    for (let index = 0; index < 16; index++) {
      cpu.set64('xmm', 0x1111n, index);
      cpu.set64(upperHalf('xmm'), 0x2222n, index);
    }
    resetCpu(cpu, 'init');
    expect(registers()).toEqual([0x1111n, 0x2222n, 0x1111n, 0x2222n, 0x1111n, 0x2222n]);
    resetCpu(cpu, 'power-on');
    expect(registers()).toEqual([0n, 0n, 0n, 0n, 0n, 0n]);
  });

  it('by INIT keeps MSRs, x87 state and the cache bits of CR0', () => {
    const cpu = new FakeCpu();
    cpu.setHalves('cr0', 0x80000011, 0);
    cpu.set64('sysenterCs', 0x60n);
    cpu.set32('fcw', 0x37f);
    cpu.set32('cpl', 3);
    resetCpu(cpu, 'init', false);
    expect(cpu.low('cr0')).toBe(0x10);
    expect(cpu.get64('sysenterCs')).toBe(0x60n);
    expect(cpu.get32('fcw')).toBe(0x37f);
    expect(cpu.get32('cpl')).toBe(0);
    expect(cpu.low('rip')).toBe(0xfff0);
  });
});
