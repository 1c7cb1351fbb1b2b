// Debug registers and breakpoints (Intel SDM vol. 3, chapter on debugging).

import { describe, expect, it } from 'vitest';
import { longCpu, protectedCpu } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_STEP } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import {
  matchInstruction, noteDataBreakpoint, noteIoBreakpoint, readDebug, takeDebugTrap, writeDebug,
} from '../../../../src-main/engine/x86/helpers/debug-register.ts';

function write(cpu: FakeCpu, index: number, low: number, high = 0): number {
  cpu.setHalves('scratch', low, high, 1);
  return writeDebug(cpu, index);
}

describe('MOV to and from debug registers', () => {
  it('keeps the fixed bits of DR6 and DR7', () => {
    const cpu = new FakeCpu();
    expect(write(cpu, 6, 0)).toBe(0);
    expect(cpu.low('dr', 6)).toBe(0xffff0ff0);
    expect(write(cpu, 6, 0xffffffff)).toBe(0);
    expect(cpu.low('dr', 6)).toBe(0xffffefff);
    expect(write(cpu, 7, 0xffffdfff)).toBe(0);
    expect(cpu.low('dr', 7)).toBe(0xffff0fff);
    expect(cpu.get32('mode') & MODE_STEP).toBe(MODE_STEP);
  });

  it('takes DR4 and DR5 for DR6 and DR7 unless CR4.DE is set', () => {
    const cpu = new FakeCpu();
    expect(readDebug(cpu, 4)).toBe(0);
    expect(cpu.low('scratch')).toBe(0xffff0ff0);
    cpu.setHalves('cr4', 8, 0);
    expect(readDebug(cpu, 4)).toBe(1);
    expect(cpu.takeFault()?.vector).toBe(6);
  });

  it('raises #DB with BD under general detect', () => {
    const cpu = protectedCpu();
    expect(write(cpu, 7, 0x2000)).toBe(0);
    expect(readDebug(cpu, 0)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 1, errorCode: -1 });
    expect(cpu.low('dr', 6)).toBe(0xffff2ff0);
  });

  it('has 64-bit addresses in 64-bit code, where DR6 and DR7 have no upper half', () => {
    const cpu = longCpu();
    expect(write(cpu, 0, 0x1000, 0xffffffff)).toBe(0);
    expect(cpu.get64('dr', 0)).toBe(0xffffffff00001000n);
    expect(write(cpu, 7, 0, 1)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 0 });
  });
});

describe('breakpoints', () => {
  /** Breakpoint `i` with its R/W and LEN fields. */
  function arm(cpu: FakeCpu, i: number, address: number, kind: number, length: number): void {
    cpu.setHalves('dr', address, 0, i);
    const control = (1 << (i * 2)) | (kind << (16 + i * 4)) | (length << (18 + i * 4));
    cpu.setHalves('dr', (cpu.low('dr', 7) | control) >>> 0, 0, 7);
  }
  const pending = (cpu: FakeCpu): number => {
    const bits = cpu.get32('pendingDebug');
    cpu.set32('pendingDebug', 0);
    return bits;
  };

  it('match instructions at their first byte', () => {
    const cpu = new FakeCpu();
    arm(cpu, 2, 0x1003, 0, 0);
    expect(matchInstruction(cpu, 0x1003)).toBe(4);
    expect(matchInstruction(cpu, 0x1002)).toBe(0);
  });

  it('match data accesses that touch an aligned range', () => {
    const cpu = new FakeCpu();
    arm(cpu, 0, 0x1006, 1, 3);
    arm(cpu, 1, 0x1004, 3, 0);
    noteDataBreakpoint(cpu, 0x1007, 1, true);
    expect(pending(cpu)).toBe(1);
    noteDataBreakpoint(cpu, 0x1002, 4, true);
    expect(pending(cpu)).toBe(3);
    noteDataBreakpoint(cpu, 0x1002, 4, false);
    expect(pending(cpu)).toBe(2);
    noteDataBreakpoint(cpu, 0x1008, 4, true);
    noteDataBreakpoint(cpu, 0x1000, 4, true);
    expect(pending(cpu)).toBe(0);
  });

  it('match ports with CR4.DE only', () => {
    const cpu = new FakeCpu();
    arm(cpu, 3, 0x3f8, 2, 0);
    noteIoBreakpoint(cpu, 0x3f8, 1);
    expect(pending(cpu)).toBe(0);
    cpu.setHalves('cr4', 8, 0);
    noteIoBreakpoint(cpu, 0x3f8, 1);
    expect(pending(cpu)).toBe(8);
  });

  it('become a trap with their cause in DR6, together with single step', () => {
    const cpu = new FakeCpu();
    expect(takeDebugTrap(cpu, false)).toBe(false);
    cpu.setHalves('dr', 0xffff0ff8, 0, 6);
    cpu.set32('pendingDebug', 1);
    expect(takeDebugTrap(cpu, true)).toBe(true);
    expect(cpu.low('dr', 6)).toBe(0xffff4ff1);
    expect(cpu.get32('pendingDebug')).toBe(0);
  });
});
