// IRET in every mode (Intel SDM vol. 2A).

import { describe, expect, it } from 'vitest';
import {
  CODE0, CODE3, CODE64, CODE64_USER, DATA0, DATA3, longCpu, protectedCpu, selectorOf, setVector, STACK, virtualCpu,
} from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_LONG64, MODE_VM86, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { deliverInterrupt } from '../../../../src-main/engine/x86/helpers/exception.ts';
import { interruptReturn } from '../../../../src-main/engine/x86/helpers/interrupt-return.ts';

const { es, cs, ss, ds, fs, gs } = SEGMENT_INDEX;
const gp = (errorCode: number) => ({ vector: 13, errorCode });
const rsp = (cpu: FakeCpu): number => cpu.low('gpr', 4);

function push(cpu: FakeCpu, bytes: 2 | 4 | 8, ...words: number[]): void {
  const start = STACK - words.length * bytes;
  words.forEach((word, i) => {
    if (bytes === 2) cpu.view.setUint16(start + i * 2, word, true);
    else if (bytes === 4) cpu.view.setUint32(start + i * 4, word, true);
    else cpu.view.setBigInt64(start + i * 8, BigInt(word), true);
  });
  cpu.setHalves('gpr', start, 0, 4);
}

describe('real mode', () => {
  it('loads all low flags, and RF, AC and ID with a 32-bit operand', () => {
    const cpu = new FakeCpu();
    push(cpu, 2, 0x1234, 0x5678, 0xffff);
    expect(interruptReturn(cpu, 16)).toBe(0);
    expect([cpu.low('rip'), selectorOf(cpu, cs), cpu.readFlags(), rsp(cpu)]).toEqual([0x1234, 0x5678, 0x7fd7, STACK]);
    push(cpu, 4, 0x1234, 0x5678, 0xffffffff);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect(cpu.readFlags()).toBe(0x257fd7);
  });
});

describe('protected mode', () => {
  it('at CPL 0 takes every flag but VM', () => {
    const cpu = protectedCpu();
    push(cpu, 4, 0x6000, CODE0, 0x3d7fd7);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect([cpu.low('rip'), cpu.readFlags(), rsp(cpu)]).toEqual([0x6000, 0x3d7fd7, STACK]);
  });

  it('above CPL 0 keeps IOPL, and IF beyond IOPL', () => {
    const cpu = protectedCpu(3);
    push(cpu, 4, 0x6000, CODE3, 0x3202);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect(cpu.readFlags()).toBe(2);
    cpu.writeFlags(0x3002);
    push(cpu, 4, 0x6000, CODE3, 0x202);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect(cpu.readFlags()).toBe(0x3202);
  });

  it('goes to an outer level with its stack', () => {
    const cpu = protectedCpu();
    push(cpu, 4, 0x6000, CODE3, 0x202, 0x8000, DATA3);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl'), rsp(cpu), cpu.readFlags()])
      .toEqual([CODE3, DATA3, 3, 0x8000, 0x202]);
    expect(selectorOf(cpu, ds)).toBe(0);
  });

  it('changes nothing when it faults', () => {
    const cpu = protectedCpu();
    for (const [words, fault] of [
      [[0x6000, 0, 2], gp(0)],
      [[0x6000, DATA0, 2], gp(DATA0)],
      [[0x6000, CODE3, 2, 0x8000, DATA0], gp(DATA0)],
    ] as const) {
      push(cpu, 4, ...words);
      expect(interruptReturn(cpu, 32)).toBe(1);
      expect(cpu.takeFault()).toEqual(fault);
      expect([selectorOf(cpu, cs), rsp(cpu), cpu.readFlags()]).toEqual([CODE0, STACK - words.length * 4, 2]);
    }
  });
});

describe('virtual-8086 mode', () => {
  it('is entered from CPL 0 and undoes an interrupt out of it', () => {
    const cpu = virtualCpu(0);
    setVector(cpu, 0x30, { type: 14, selector: CODE0, offset: 0x700 });
    expect(deliverInterrupt(cpu, 0x30)).toBe('delivered');
    expect(cpu.get32('mode') & MODE_VM86).toBe(0);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect(cpu.get32('mode') & MODE_VM86).toBe(MODE_VM86);
    expect([es, cs, ss, ds, fs, gs].map((index) => selectorOf(cpu, index)))
      .toEqual([0x700 + es, 0x800, 0x900, 0x700 + ds, 0x700 + fs, 0x700 + gs]);
    expect([cpu.get32('cpl'), rsp(cpu), cpu.low('rip'), cpu.readFlags()]).toEqual([3, 0x1000, 0, 0x20002]);
  });

  it('is not entered from CPL 3', () => {
    const cpu = protectedCpu(3);
    push(cpu, 4, 0x6000, CODE3, 0x20002);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect(cpu.readFlags()).toBe(2);
  });

  it('inside it needs IOPL 3 and keeps IOPL', () => {
    const trusted = virtualCpu(3);
    trusted.view.setUint16(0x9000 + 0x1000, 0x44, true);
    trusted.view.setUint16(0x9000 + 0x1002, 0x555, true);
    trusted.view.setUint16(0x9000 + 0x1004, 0x0203, true);
    expect(interruptReturn(trusted, 16)).toBe(0);
    expect([selectorOf(trusted, cs), trusted.low('rip'), trusted.readFlags()]).toEqual([0x555, 0x44, 0x23203]);
    const cpu = virtualCpu(0);
    expect(interruptReturn(cpu, 16)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
  });

  it('with VME moves IF to VIF below IOPL 3', () => {
    const cpu = virtualCpu(0);
    cpu.setHalves('cr4', 1, 0);
    cpu.view.setUint16(0x9000 + 0x1004, 0x0200, true);
    expect(interruptReturn(cpu, 16)).toBe(0);
    expect(cpu.readFlags()).toBe(0xa0002);
    expect(interruptReturn(cpu, 32)).toBe(1);
    cpu.setHalves('gpr', 0x1000, 0, 4);
    cpu.writeFlags(0x120002);
    expect(interruptReturn(cpu, 16)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
  });
});

describe('long mode', () => {
  it('always pops SS:RSP in 64-bit code', () => {
    const cpu = longCpu();
    push(cpu, 8, -0x80000000, CODE64, 0x202, 0x8000, 0);
    expect(interruptReturn(cpu, 64)).toBe(0);
    expect([cpu.get64('rip'), selectorOf(cpu, ss), rsp(cpu)]).toEqual([0xffffffff80000000n, 0, 0x8000]);
  });

  it('returns to 64-bit and to compatibility user code', () => {
    for (const [selector, bits] of [[CODE64_USER, MODE_LONG64], [CODE3, 0]] as const) {
      const cpu = longCpu();
      push(cpu, 8, 0x6000, selector, 0x202, 0x8000, DATA3);
      expect(interruptReturn(cpu, 64)).toBe(0);
      expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([selector, DATA3, 3]);
      expect(cpu.get32('mode') & MODE_LONG64).toBe(bits);
    }
  });

  it('refuses NT, a null SS for CPL 3 and non-canonical targets', () => {
    const cpu = longCpu();
    cpu.writeFlags(0x4002);
    expect(interruptReturn(cpu, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
    cpu.writeFlags(2);
    push(cpu, 8, 0x6000, CODE64_USER, 2, 0x8000, 0);
    expect(interruptReturn(cpu, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
    push(cpu, 8, 0x8000_0000_0000, CODE64, 2, 0x8000, DATA0);
    expect(interruptReturn(cpu, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
  });
});
