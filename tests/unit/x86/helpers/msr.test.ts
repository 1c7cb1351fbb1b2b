// RDMSR, WRMSR and RDTSC (Intel SDM vol. 4).

import { describe, expect, it } from 'vitest';
import { longCpu } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { GPR_INDEX, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { readMsr, writeMsr } from '../../../../src-main/engine/x86/helpers/msr.ts';
import { readPerformanceCounter, readTimestamp } from '../../../../src-main/engine/x86/helpers/timestamp.ts';
import { CPU_MODELS } from '../../../../src-main/engine/x86/models/index.ts';

const { rax, rcx, rdx } = GPR_INDEX;
const GP0 = { vector: 13, errorCode: 0 };
const result = (cpu: FakeCpu): bigint => (cpu.get64('gpr', rdx) << 32n) | cpu.get64('gpr', rax);

function read(cpu: FakeCpu, address: number): bigint {
  cpu.setHalves('gpr', address, 0, rcx);
  expect(readMsr(cpu)).toBe(0);
  return result(cpu);
}
function write(cpu: FakeCpu, address: number, value: bigint): number {
  cpu.setHalves('gpr', address, 0, rcx);
  cpu.setHalves('gpr', Number(value & 0xffffffffn), 0, rax);
  cpu.setHalves('gpr', Number(value >> 32n), 0, rdx);
  return writeMsr(cpu);
}
function refuses(cpu: FakeCpu, address: number, value: bigint): void {
  expect(write(cpu, address, value)).toBe(1);
  expect(cpu.takeFault()).toEqual(GP0);
}

describe('model-specific registers', () => {
  it('keep what is written', () => {
    const cpu = longCpu();
    const values: [number, bigint][] = [
      [0x174, 0x60n], [0x175, 0xffffffff80001000n], [0x176, 0xffffffff81000000n], [0x277, 0x0007010600070106n],
      [0xc0000081, 0x0023001000000000n], [0xc0000082, 0xffffffff81000000n], [0xc0000084, 0x47700n],
      [0xc0000100, 0x7fff00000000n], [0xc0000101, 0xffff888000000000n], [0xc0000102, 0x1234n], [0xc0000103, 7n],
      [0x2ff, 0xc06n], [0x200, 0xc0000000n], [0x201, 0xffc0000800n], [0x250, 0x0606060606060606n], [0x1a0, 0x801n],
    ];
    for (const [address, value] of values) {
      expect(write(cpu, address, value)).toBe(0);
      expect(read(cpu, address)).toBe(value);
    }
    expect(cpu.get64('segmentBase', SEGMENT_INDEX.gs)).toBe(0xffff888000000000n);
  });

  it('refuse values that the manual refuses', () => {
    const cpu = longCpu();
    for (const address of [0x175, 0x176, 0xc0000082, 0xc0000100, 0xc0000101, 0xc0000102]) {
      refuses(cpu, address, 0x8000_0000_0000n);
    }
    refuses(cpu, 0x277, 2n);
    refuses(cpu, 0x250, 7n);
    refuses(cpu, 0x2ff, 0x1000n);
    refuses(cpu, 0x200, 0x106n);
    refuses(cpu, 0x201, 0x1_0000_0000_0000n);
    refuses(cpu, 0xc0000103, 1n << 32n);
    refuses(cpu, 0xc0000080, 0x2n);
    refuses(cpu, 0x17a, 1n);
    refuses(cpu, 0xfe, 0n);
  });

  it('change EFER by its rules', () => {
    const cpu = longCpu();
    expect(write(cpu, 0xc0000080, 0x901n)).toBe(0);
    expect(read(cpu, 0xc0000080)).toBe(0xd01n);
    expect(cpu.flushes).toEqual([]);
    expect(write(cpu, 0xc0000080, 0x501n)).toBe(0);
    expect(cpu.flushes).toEqual(['all']);
    refuses(cpu, 0xc0000080, 0x401n);
  });

  it('exist by model; unknown ones fault and are counted', () => {
    const cpu = new FakeCpu();
    for (const address of [0xc0000080, 0xc0000082, 0xc0000101, 0x12345]) {
      cpu.setHalves('gpr', address, 0, rcx);
      expect(readMsr(cpu)).toBe(1);
      expect(cpu.takeFault()).toEqual(GP0);
    }
    refuses(cpu, 0x12345, 0n);
    expect(cpu.environment.unknownMsrs.slice(-2)).toEqual([
      { index: 0x12345, isWrite: false },
      { index: 0x12345, isWrite: true },
    ]);
    expect(write(cpu, 0x174, 8n)).toBe(0);
  });

  it('tell the board about the local APIC base', () => {
    const cpu = new FakeCpu();
    expect(read(cpu, 0x1b)).toBe(0xfee00900n);
    expect(write(cpu, 0x1b, 0xfee00100n)).toBe(0);
    expect(cpu.environment.apicBaseLog).toEqual([[0xfee00100, 0]]);
    refuses(cpu, 0x1b, 0xfee00d00n);
  });
});

describe('the time-stamp counter', () => {
  it('counts nanoseconds of guest time', () => {
    const cpu = new FakeCpu();
    cpu.environment.clockNs = 0x2_8000_0000;
    expect(readTimestamp(cpu)).toBe(0);
    expect(cpu.get64('scratch')).toBe(0x2_8000_0000n);
    expect(read(cpu, 0x10)).toBe(0x2_8000_0000n);
  });

  it('goes on from what is written', () => {
    const cpu = new FakeCpu();
    cpu.environment.clockNs = 0x2_8000_0000;
    for (const value of [0n, 5n, 0xffff_ffffn, 0xffff_ffff_ffff_fff0n, 0x1_9000_0000n]) {
      expect(write(cpu, 0x10, value)).toBe(0);
      expect(read(cpu, 0x10)).toBe(value);
      cpu.environment.clockNs += 7;
      expect(read(cpu, 0x10)).toBe(BigInt.asUintN(64, value + 7n));
    }
  });

  it('keeps in IA32_TSC_ADJUST what writes have moved it by', () => {
    const cpu = longCpu(0);
    cpu.environment.clockNs = 1000;
    expect(read(cpu, 0x3b)).toBe(0n);
    write(cpu, 0x10, 5000n);
    expect(read(cpu, 0x3b)).toBe(4000n);
    write(cpu, 0x3b, -100n & 0xffff_ffff_ffff_ffffn);
    expect(read(cpu, 0x10)).toBe(900n);
    refuses(new FakeCpu(CPU_MODELS.pentium3), 0x3b, 0n);
  });

  it('is closed to user code with TSD', () => {
    const cpu = longCpu(3);
    expect(readTimestamp(cpu)).toBe(0);
    cpu.setHalves('cr4', 0x24, 0);
    expect(readTimestamp(cpu)).toBe(1);
    expect(cpu.takeFault()).toEqual(GP0);
    cpu.set32('cpl', 0);
    expect(readTimestamp(cpu)).toBe(0);
  });

  it('has two idle performance counters beside it, open to users with PCE', () => {
    const cpu = new FakeCpu(CPU_MODELS.pentium3);
    cpu.setHalves('gpr', 1, 0, rcx);
    expect(readPerformanceCounter(cpu)).toBe(0);
    cpu.setHalves('gpr', 2, 0, rcx);
    expect(readPerformanceCounter(cpu)).toBe(1);
    const user = longCpu(3);
    user.setHalves('gpr', 0, 0, rcx);
    expect(readPerformanceCounter(user)).toBe(1);
    user.setHalves('cr4', 0x120, 0);
    expect(readPerformanceCounter(user)).toBe(0);
  });
});
