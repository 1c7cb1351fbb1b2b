// CLI, STI, PUSHF and POPF by privilege and mode (Intel SDM vol. 2).

import { describe, expect, it } from 'vitest';
import { protectedCpu, virtualCpu } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_STEP } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import {
  clearInterruptFlag, popFlags, pushedFlags, setInterruptFlag,
} from '../../../../src-main/engine/x86/helpers/flag-access.ts';

const GP0 = { vector: 13, errorCode: 0 };
const IF = 0x200;
const VIF = 0x80000;
const VIP = 0x100000;

describe('CLI and STI', () => {
  it('change IF in real mode and at CPL <= IOPL', () => {
    const real = new FakeCpu();
    expect(setInterruptFlag(real)).toBe(0);
    expect(real.readFlags()).toBe(IF | 2);
    const user = protectedCpu(3);
    user.writeFlags(0x3202);
    expect(clearInterruptFlag(user)).toBe(0);
    expect(user.readFlags()).toBe(0x3002);
  });

  it('fault above IOPL', () => {
    const cpu = protectedCpu(3);
    for (const helper of [clearInterruptFlag, setInterruptFlag]) {
      expect(helper(cpu)).toBe(1);
      expect(cpu.takeFault()).toEqual(GP0);
    }
  });

  it('use VIF with PVI or VME, and STI traps on VIP', () => {
    for (const [cpu, cr4] of [[protectedCpu(3), 2], [virtualCpu(0), 1]] as const) {
      const other = cr4 ^ 3;
      cpu.setHalves('cr4', other, 0);
      expect(setInterruptFlag(cpu)).toBe(1);
      cpu.setHalves('cr4', cr4, 0);
      expect(setInterruptFlag(cpu)).toBe(0);
      expect(cpu.readFlags() & (VIF | IF)).toBe(VIF);
      expect(clearInterruptFlag(cpu)).toBe(0);
      expect(cpu.readFlags() & VIF).toBe(0);
      cpu.writeFlags(cpu.readFlags() | VIP);
      expect(setInterruptFlag(cpu)).toBe(1);
      expect(cpu.takeFault()).toEqual(GP0);
    }
  });
});

describe('PUSHF', () => {
  const image = (cpu: FakeCpu, bits: number): number => {
    expect(pushedFlags(cpu, bits)).toBe(0);
    return cpu.low('scratch');
  };

  it('hides VM and RF', () => {
    const cpu = virtualCpu(3);
    cpu.writeFlags(0x33202);
    expect(image(cpu, 32)).toBe(0x3202);
    expect(image(cpu, 16)).toBe(0x3202);
  });

  it('shows VIF as IF with VME, and faults without or with 32 bits', () => {
    const cpu = virtualCpu(0);
    expect(pushedFlags(cpu, 16)).toBe(1);
    cpu.setHalves('cr4', 1, 0);
    cpu.writeFlags(0x20002 | VIF);
    expect(image(cpu, 16)).toBe(0x3202);
    expect(pushedFlags(cpu, 32)).toBe(1);
    expect(cpu.takeFault()).toEqual(GP0);
  });
});

describe('POPF', () => {
  const flagsAfter = (cpu: FakeCpu, before: number, value: number, bits = 32): number => {
    cpu.writeFlags(before);
    expect(popFlags(cpu, value, bits)).toBe(0);
    return cpu.readFlags();
  };

  it('at CPL 0 changes all but RF, VM, VIF and VIP, and clears RF', () => {
    expect(flagsAfter(protectedCpu(), 0x180002, 0x3f7fd7)).toBe(0x3c7fd7);
    expect(flagsAfter(protectedCpu(), 0x1d0002, 0)).toBe(0x180002);
    expect(flagsAfter(protectedCpu(), 0x240002, 0, 16)).toBe(0x240002);
    expect(flagsAfter(new FakeCpu(), 2, 0xffffffff)).toBe(0x247fd7);
  });

  it('above it keeps IOPL, and silently IF beyond IOPL', () => {
    expect(flagsAfter(protectedCpu(3), 0x2, 0x3f7fd7)).toBe(0x244dd7);
    expect(flagsAfter(protectedCpu(3), 0x3002, 0x3f7fd7)).toBe(0x247fd7);
    expect(flagsAfter(protectedCpu(3), 0x3202, 0)).toBe(0x3002);
  });

  it('in virtual-8086 mode with IOPL 3 keeps IOPL and VM', () => {
    expect(flagsAfter(virtualCpu(3), 0x23202, 0)).toBe(0x23002);
    expect(flagsAfter(virtualCpu(3), 0x23002, 0x0fd7)).toBe(0x23fd7);
  });

  it('below IOPL 3 needs VME, and traps on TF and on a pending interrupt', () => {
    const cpu = virtualCpu(0);
    expect(popFlags(cpu, 0, 16)).toBe(1);
    cpu.setHalves('cr4', 1, 0);
    expect(flagsAfter(cpu, 0x20002, 0x3201, 16)).toBe(0xa0003);
    expect(flagsAfter(cpu, 0xa0002, 0, 16)).toBe(0x20002);
    for (const [before, value, bits] of [[0x20002, 0, 32], [0x20002, 0x100, 16], [0x120002, 0x200, 16]] as const) {
      cpu.writeFlags(before);
      expect(popFlags(cpu, value, bits)).toBe(1);
      expect(cpu.takeFault()).toEqual(GP0);
      expect(cpu.readFlags()).toBe(before);
    }
  });

  it('updates the mode word for TF', () => {
    const cpu = protectedCpu();
    flagsAfter(cpu, 2, 0x102);
    expect(cpu.get32('mode') & MODE_STEP).toBe(MODE_STEP);
  });
});
