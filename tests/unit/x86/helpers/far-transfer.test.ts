// Far CALL, JMP and RET in every mode, with their checks and gates (Intel SDM vol. 3, 5.8).

import { describe, expect, it } from 'vitest';
import {
  CODE0, CODE3, CODE64, CODE64_USER, DATA0, DATA3, FREE, GDT, longCpu, protectedCpu, selectorOf, setDescriptor,
  setGate, STACK, STACK0, stackWords, virtualCpu,
} from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_LONG64, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { farCall, farJump } from '../../../../src-main/engine/x86/helpers/far-jump.ts';
import { farReturn } from '../../../../src-main/engine/x86/helpers/far-return.ts';

const { es, cs, ss, ds } = SEGMENT_INDEX;
const NEXT = 0x5007;
const gp = (errorCode: number) => ({ vector: 13, errorCode });

function go(helper: typeof farJump, cpu: FakeCpu, selector: number, offset: number, bits = 32): number {
  cpu.setHalves('scratch', offset >>> 0, offset < 0 ? 0xffffffff : 0, 1);
  cpu.setHalves('scratch', NEXT, 0, 3);
  return helper(cpu, selector, bits);
}
const rsp = (cpu: FakeCpu): number => cpu.low('gpr', 4);

describe('real and virtual-8086 mode', () => {
  it('jumps and calls with the operand size', () => {
    const cpu = new FakeCpu();
    cpu.setHalves('gpr', 0x8000, 0, 4);
    expect(go(farCall, cpu, 0x1234, 0x5678, 16)).toBe(0);
    expect(stackWords(cpu, 0x7ffc, 2, 2)).toEqual([NEXT, 0xf000]);
    expect([selectorOf(cpu, cs), cpu.low('segmentBase', cs), cpu.low('rip')]).toEqual([0x1234, 0x12340, 0x5678]);
    expect(go(farCall, cpu, 0x2000, 0x10, 32)).toBe(0);
    expect(stackWords(cpu, 0x7ff4, 2)).toEqual([NEXT, 0x1234]);
    expect(farReturn(cpu, 32, 4)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.low('rip'), rsp(cpu)]).toEqual([0x1234, NEXT, 0x8000]);
  });

  it('raises #GP(0) for an offset beyond the limit and #SS where a word would leave the segment', () => {
    const cpu = new FakeCpu();
    expect(go(farJump, cpu, 0, 0x10000, 32)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
    cpu.setHalves('gpr', 1, 0, 4);
    expect(go(farCall, cpu, 0, 0, 16)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 12, errorCode: 0 });
  });

  it('lets the stack pointer wrap between words', () => {
    const cpu = new FakeCpu();
    cpu.setHalves('gpr', 0xfffe, 0, 4);
    cpu.view.setUint16(0xfffe, 0x1111, true);
    cpu.view.setUint16(0, 0x2222, true);
    expect(farReturn(cpu, 16, 0)).toBe(0);
    expect([cpu.low('rip'), selectorOf(cpu, cs), rsp(cpu)]).toEqual([0x1111, 0x2222, 2]);
  });

  it('stays at CPL 3 in virtual-8086 mode', () => {
    const cpu = virtualCpu(0);
    expect(go(farJump, cpu, 0x999, 5, 16)).toBe(0);
    expect([cpu.low('segmentBase', cs), cpu.get32('cpl'), cpu.get32('segmentAccess', cs)]).toEqual([0x9990, 3, 0xf3]);
  });
});

describe('to a code segment', () => {
  it('keeps CPL in the RPL of CS', () => {
    const cpu = protectedCpu(3);
    expect(go(farJump, cpu, CODE3 & ~3, 0x1234)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.low('rip')]).toEqual([CODE3, 0x1234]);
    setDescriptor(cpu, FREE, { access: 0xc09e });
    expect(go(farCall, cpu, FREE, 0x1234)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.get32('cpl')]).toEqual([FREE | 3, 3]);
    expect(stackWords(cpu, STACK - 8, 2)).toEqual([NEXT, CODE3]);
    expect(cpu.memory[GDT + FREE + 5]).toBe(0x9f);
  });

  it('checks null, table, type, privilege, presence and limit in this order', () => {
    const cpu = protectedCpu(3);
    setDescriptor(cpu, FREE, { access: 0xc07b });
    setDescriptor(cpu, FREE + 8, { access: 0x40fb, limit: 0xff });
    const faultOf = (selector: number, offset = 0) => {
      expect(go(farJump, cpu, selector, offset)).toBe(1);
      expect([selectorOf(cpu, cs), cpu.low('rip')]).toEqual([CODE3, 0x5000]);
      return cpu.takeFault();
    };
    expect(faultOf(3)).toEqual(gp(0));
    expect(faultOf(0x203)).toEqual(gp(0x200));
    expect(faultOf(DATA3)).toEqual(gp(DATA3 & ~3));
    expect(faultOf(CODE0)).toEqual(gp(CODE0));
    expect(faultOf(FREE | 3)).toEqual({ vector: 11, errorCode: FREE });
    expect(faultOf((FREE + 8) | 3, 0x100)).toEqual(gp(0));
    const kernel = protectedCpu(0);
    expect(go(farJump, kernel, CODE3, 0)).toBe(1);
    expect(kernel.takeFault()).toEqual(gp(CODE3 & ~3));
    expect(go(farJump, kernel, CODE0 | 3, 0)).toBe(1);
    expect(kernel.takeFault()).toEqual(gp(CODE0));
  });

  it('pushes words with a 16-bit operand', () => {
    const cpu = protectedCpu();
    expect(go(farCall, cpu, CODE0, 0x12345678, 16)).toBe(0);
    expect(stackWords(cpu, STACK - 4, 2, 2)).toEqual([NEXT, CODE0]);
    expect(cpu.low('rip')).toBe(0x5678);
  });
});

describe('call gates', () => {
  const gate = { type: 12, dpl: 3, selector: CODE0, offset: 0x12345678 };

  it('switch the stack and copy parameters', () => {
    const cpu = protectedCpu(3);
    setGate(cpu, FREE, { ...gate, parameters: 2 });
    cpu.view.setUint32(STACK, 0x11, true);
    cpu.view.setUint32(STACK + 4, 0x22, true);
    expect(go(farCall, cpu, FREE, 0)).toBe(0);
    expect(stackWords(cpu, STACK0 - 24, 6)).toEqual([NEXT, CODE3, 0x11, 0x22, STACK, DATA3]);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl'), cpu.low('rip'), rsp(cpu)])
      .toEqual([CODE0, DATA0, 0, 0x12345678, STACK0 - 24]);
    expect(farReturn(cpu, 32, 8)).toBe(0);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl'), rsp(cpu)])
      .toEqual([CODE3, DATA3, 3, STACK + 8]);
  });

  it('of 16 bits push words and take half the offset', () => {
    const cpu = protectedCpu(3);
    setGate(cpu, FREE, { ...gate, type: 4, parameters: 1 });
    cpu.view.setUint16(STACK, 0x33, true);
    expect(go(farCall, cpu, FREE, 0)).toBe(0);
    expect(stackWords(cpu, STACK0 - 10, 5, 2)).toEqual([NEXT, CODE3, 0x33, STACK, DATA3]);
    expect(cpu.low('rip')).toBe(0x5678);
  });

  it('cannot raise privilege by a jump, but reach conforming code', () => {
    const cpu = protectedCpu(3);
    setGate(cpu, FREE, gate);
    expect(go(farJump, cpu, FREE, 0)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(CODE0));
    setDescriptor(cpu, FREE + 8, { access: 0xc09f });
    setGate(cpu, FREE, { ...gate, selector: FREE + 8 });
    expect(go(farJump, cpu, FREE, 0)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.get32('cpl')]).toEqual([(FREE + 8) | 3, 3]);
  });

  it('stay on the stack at the same level', () => {
    const cpu = protectedCpu(0);
    setGate(cpu, FREE, { ...gate, parameters: 3 });
    expect(go(farCall, cpu, FREE, 0)).toBe(0);
    expect(stackWords(cpu, STACK - 8, 2)).toEqual([NEXT, CODE0]);
  });

  it('check their own privilege and presence, then the code segment', () => {
    const cpu = protectedCpu(3);
    const faultOf = (change: object, selector = FREE) => {
      setGate(cpu, FREE, { ...gate, ...change });
      expect(go(farCall, cpu, selector, 0)).toBe(1);
      expect([cpu.get32('cpl'), rsp(cpu)]).toEqual([3, STACK]);
      return cpu.takeFault();
    };
    expect(faultOf({ dpl: 2 })).toEqual(gp(FREE));
    expect(faultOf({ present: false })).toEqual({ vector: 11, errorCode: FREE });
    expect(faultOf({ selector: 0 })).toEqual(gp(0));
    expect(faultOf({ selector: 0x200 })).toEqual(gp(0x200));
    expect(faultOf({ selector: DATA0 })).toEqual(gp(DATA0));
    const kernel = protectedCpu(0);
    setGate(kernel, FREE, { ...gate, dpl: 0 });
    expect(go(farCall, kernel, FREE | 3, 0)).toBe(1);
    expect(kernel.takeFault()).toEqual(gp(FREE));
  });
});

describe('far return', () => {
  const push = (cpu: FakeCpu, ...words: number[]): void => {
    words.forEach((word, i) => cpu.view.setUint32(STACK - words.length * 4 + i * 4, word, true));
    cpu.setHalves('gpr', STACK - words.length * 4, 0, 4);
  };

  it('to an outer level loads the stack and drops segments that belong to the inner one', () => {
    const cpu = protectedCpu(0);
    push(cpu, 0x6000, CODE3, 0x8000, DATA3);
    cpu.set32('segmentSelector', DATA3, es);
    cpu.set32('segmentAccess', 0xc0f3, es);
    expect(farReturn(cpu, 32, 0)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.get32('cpl'), rsp(cpu), cpu.low('rip')]).toEqual([CODE3, 3, 0x8000, 0x6000]);
    expect([selectorOf(cpu, ds), selectorOf(cpu, es)]).toEqual([0, DATA3]);
  });

  it('never goes to an inner level', () => {
    const cpu = protectedCpu(3);
    push(cpu, 0x6000, CODE0);
    expect(farReturn(cpu, 32, 0)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(CODE0));
  });

  it('checks the outer stack', () => {
    const faultOf = (selector: number) => {
      const cpu = protectedCpu(0);
      setDescriptor(cpu, FREE, { access: 0xc073 });
      push(cpu, 0x6000, CODE3, 0x8000, selector);
      expect(farReturn(cpu, 32, 0)).toBe(1);
      expect([cpu.get32('cpl'), rsp(cpu)]).toEqual([0, STACK - 16]);
      return cpu.takeFault();
    };
    expect(faultOf(0)).toEqual(gp(0));
    expect(faultOf(0x203)).toEqual(gp(0x200));
    expect(faultOf(DATA0)).toEqual(gp(DATA0));
    expect(faultOf(CODE3)).toEqual(gp(CODE3 & ~3));
    expect(faultOf(FREE | 3)).toEqual({ vector: 12, errorCode: FREE });
  });

  it('leaves the upper half of ESP alone on a 16-bit stack', () => {
    const cpu = protectedCpu(0);
    setDescriptor(cpu, FREE, { access: 0x00f3, limit: 0xffff });
    push(cpu, 0x6000, CODE3, 0x12348000, FREE | 3);
    cpu.setHalves('gpr', STACK - 16, 0, 4);
    expect(farReturn(cpu, 32, 0)).toBe(0);
    expect(rsp(cpu)).toBe(0x8000);
  });
});

describe('long mode', () => {
  it('moves between 64-bit and compatibility code', () => {
    const cpu = longCpu();
    expect(go(farJump, cpu, CODE0, 0x1000)).toBe(0);
    expect(cpu.get32('mode') & MODE_LONG64).toBe(0);
    expect(go(farJump, cpu, CODE64, 0x2000)).toBe(0);
    expect(cpu.get32('mode') & MODE_LONG64).toBe(MODE_LONG64);
  });

  it('calls with eight-byte pushes and canonical targets', () => {
    const cpu = longCpu();
    expect(go(farCall, cpu, CODE64, -0x80000000, 64)).toBe(0);
    expect(cpu.get64('rip')).toBe(0xffffffff80000000n);
    expect(stackWords(cpu, STACK - 16, 2, 8)).toEqual([NEXT, CODE64]);
    cpu.setHalves('scratch', 0, 0x8000, 1);
    expect(farJump(cpu, CODE64, 64)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0));
  });

  it('refuses L and D together, task gates and 16-bit gates', () => {
    const cpu = longCpu();
    setDescriptor(cpu, FREE, { access: 0xe09b });
    expect(go(farJump, cpu, FREE, 0)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(FREE));
    for (const type of [4, 5]) {
      setGate(cpu, FREE, { type, selector: CODE64, offset: 0, offsetHigh: 0 });
      expect(go(farCall, cpu, FREE, 0)).toBe(1);
      expect(cpu.takeFault()).toEqual(gp(FREE));
    }
  });

  it('calls through a 64-bit gate onto RSP0 with a null SS', () => {
    const cpu = longCpu(3);
    setGate(cpu, FREE, { type: 12, dpl: 3, selector: CODE64, offset: 0x80000000, offsetHigh: 0xffffffff });
    expect(go(farCall, cpu, FREE, 0)).toBe(0);
    expect(stackWords(cpu, STACK0 - 32, 4, 8)).toEqual([NEXT, CODE64_USER, STACK, DATA3]);
    expect([selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([0, 0]);
    expect(farReturn(cpu, 64, 0)).toBe(0);
    expect([selectorOf(cpu, ss), cpu.get32('cpl'), rsp(cpu)]).toEqual([DATA3, 3, STACK]);
  });
});
