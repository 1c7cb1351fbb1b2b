// SYSENTER, SYSEXIT, SYSCALL and SYSRET (Intel SDM vol. 2B; AMD APM vol. 2, 6.1).

import { describe, expect, it } from 'vitest';
import { longCpu, protectedCpu, selectorOf, STACK } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { GPR_INDEX, MODE_CODE32, MODE_LONG64, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { fastEnter, fastExit, systemCall, systemReturn } from '../../../../src-main/engine/x86/helpers/fast-call.ts';

const { cs, ss } = SEGMENT_INDEX;
const { rcx, rdx, rsp, r11 } = GPR_INDEX;
const GP0 = { vector: 13, errorCode: 0 };

describe('SYSENTER and SYSEXIT', () => {
  it('switch between flat 32-bit levels', () => {
    const cpu = protectedCpu(3);
    cpu.set64('sysenterCs', 0x60n);
    cpu.set64('sysenterEsp', 0x8000n);
    cpu.set64('sysenterEip', 0xc0001000n);
    cpu.writeFlags(0x203);
    expect(fastEnter(cpu)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([0x60, 0x68, 0]);
    expect([cpu.low('rip'), cpu.low('gpr', rsp), cpu.readFlags()]).toEqual([0xc0001000, 0x8000, 3]);
    expect(cpu.get32('segmentAccess', cs)).toBe(0xc09b);
    cpu.setHalves('gpr', 0x5000, 0, rdx);
    cpu.setHalves('gpr', STACK, 0, rcx);
    expect(fastExit(cpu, 32)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([0x73, 0x7b, 3]);
    expect([cpu.low('rip'), cpu.low('gpr', rsp)]).toEqual([0x5000, STACK]);
    expect(cpu.get32('segmentAccess', ss)).toBe(0xc0f3);
  });

  it('fault without a code segment, in real mode, and SYSEXIT outside CPL 0', () => {
    for (const cpu of [protectedCpu(3), new FakeCpu()]) {
      expect(fastEnter(cpu)).toBe(1);
      expect(cpu.takeFault()).toEqual(GP0);
    }
    const cpu = protectedCpu(3);
    cpu.set64('sysenterCs', 0x60n);
    expect(fastExit(cpu, 32)).toBe(1);
  });

  it('in long mode enter 64-bit code from either kind', () => {
    const cpu = longCpu(3);
    cpu.set64('sysenterCs', 0x60n);
    cpu.set64('sysenterEsp', 0xffffffff80008000n);
    cpu.set64('sysenterEip', 0xffffffff81000000n);
    expect(fastEnter(cpu)).toBe(0);
    expect(cpu.get64('rip')).toBe(0xffffffff81000000n);
    expect(cpu.get64('gpr', rsp)).toBe(0xffffffff80008000n);
    expect(cpu.get32('mode') & MODE_LONG64).toBe(MODE_LONG64);
    cpu.set64('gpr', 0x7fff00005000n, rdx);
    cpu.set64('gpr', 0x7fff00008000n, rcx);
    expect(fastExit(cpu, 64)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get64('rip')]).toEqual([0x83, 0x8b, 0x7fff00005000n]);
    expect(fastEnter(cpu)).toBe(0);
    cpu.set64('gpr', 0x8000_0000_0000n, rdx);
    expect(fastExit(cpu, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(GP0);
    expect(fastExit(cpu, 32)).toBe(0);
    expect(cpu.get32('mode') & (MODE_LONG64 | MODE_CODE32)).toBe(MODE_CODE32);
  });
});

describe('SYSCALL and SYSRET', () => {
  const prepared = (cpl: 0 | 3): FakeCpu => {
    const cpu = longCpu(cpl);
    cpu.set64('star', 0x0023_0010_0000_0000n);
    cpu.set64('lstar', 0xffffffff81000000n);
    cpu.set64('sfmask', 0x47700n);
    return cpu;
  };

  it('save and restore rip and RFLAGS in RCX and R11', () => {
    const cpu = prepared(3);
    cpu.writeFlags(0x40246);
    cpu.set64('scratch', 0x7fff00001002n, 0);
    expect(systemCall(cpu)).toBe(0);
    expect([cpu.get64('gpr', rcx), cpu.get64('gpr', r11)]).toEqual([0x7fff00001002n, 0x40246n]);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([0x10, 0x18, 0]);
    expect([cpu.get64('rip'), cpu.readFlags()]).toEqual([0xffffffff81000000n, 0x46]);
    expect(cpu.low('gpr', rsp)).toBe(STACK);
    expect(systemReturn(cpu, 64)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([0x33, 0x2b, 3]);
    expect([cpu.get64('rip'), cpu.readFlags()]).toEqual([0x7fff00001002n, 0x40246]);
  });

  it('return to compatibility code with a 32-bit operand', () => {
    const cpu = prepared(0);
    cpu.set64('gpr', 0x1_0000_1234n, rcx);
    expect(systemReturn(cpu, 32)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.get64('rip')]).toEqual([0x23, 0x1234n]);
    expect(cpu.get32('mode') & (MODE_LONG64 | MODE_CODE32)).toBe(MODE_CODE32);
  });

  it('are #UD without SCE or outside 64-bit code, #GP(0) for a non-canonical target', () => {
    const cpu = prepared(0);
    cpu.set64('gpr', 0x8000_0000_0000n, rcx);
    expect(systemReturn(cpu, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(GP0);
    cpu.setHalves('efer', 0xd00, 0);
    for (const run of [() => systemCall(cpu), () => systemReturn(cpu, 64), () => systemCall(protectedCpu())]) {
      expect(run()).toBe(1);
    }
    expect(cpu.takeFault()?.vector).toBe(6);
  });
});
