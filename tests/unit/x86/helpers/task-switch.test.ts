// Task switches by jump, call, interrupt and IRET (Intel SDM vol. 3, chapter 7).

import { describe, expect, it } from 'vitest';
import {
  CODE0, CODE3, DATA0, DATA3, FREE, GDT, LDT_SELECTOR, protectedCpu, selectorOf, setDescriptor, setGate, setVector,
  STACK, stackWords, TSS, TSS_SELECTOR,
} from '../../../support/descriptor-tables.ts';
import type { FakeCpu } from '../../../support/fake-cpu.ts';
import { SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { deliverException } from '../../../../src-main/engine/x86/helpers/exception.ts';
import { farCall, farJump } from '../../../../src-main/engine/x86/helpers/far-jump.ts';
import { interruptReturn } from '../../../../src-main/engine/x86/helpers/interrupt-return.ts';

const { es, cs, ss, ds, fs, gs, tr, ldtr } = SEGMENT_INDEX;
const NEW_TSS = 0x6000;
const NEW_TASK = FREE;
const TASK_GATE = FREE + 8;
const NEXT = 0x5007;
const gp = (errorCode: number) => ({ vector: 13, errorCode });

interface Task {
  readonly cs?: number;
  readonly ss?: number;
  readonly ds?: number;
  readonly eip?: number;
  readonly eflags?: number;
  readonly ldt?: number;
  readonly trap?: number;
}

/** Writes a 32-bit TSS with registers 100h, 101h, … and its available descriptor. */
function placeTask(cpu: FakeCpu, task: Task = {}): void {
  const at = (offset: number, value: number): void => cpu.view.setUint32(NEW_TSS + offset, value, true);
  setDescriptor(cpu, NEW_TASK, { base: NEW_TSS, limit: 0x67, access: 0x89 });
  at(0x20, task.eip ?? 0x7000);
  at(0x24, task.eflags ?? 2);
  for (let i = 0; i < 8; i++) at(0x28 + i * 4, 0x100 + i);
  at(0x38, 0x8000);
  const data = task.ds ?? DATA0;
  [data, task.cs ?? CODE0, task.ss ?? DATA0, data, data, data].forEach((selector, i) => at(0x48 + i * 4, selector));
  at(0x60, task.ldt ?? 0);
  at(0x64, task.trap ?? 0);
}

function jump(cpu: FakeCpu, selector: number, helper: typeof farJump = farJump): number {
  cpu.setHalves('scratch', 0, 0, 1);
  cpu.setHalves('scratch', NEXT, 0, 3);
  return helper(cpu, selector, 32);
}

const accessByte = (cpu: FakeCpu, selector: number): number => cpu.memory[GDT + selector + 5] ?? 0;

describe('a jump to a TSS', () => {
  it('saves the old state and loads the new one', () => {
    const cpu = protectedCpu();
    placeTask(cpu, { ldt: LDT_SELECTOR, eflags: 0x203 });
    for (let i = 0; i < 8; i++) cpu.setHalves('gpr', i === 4 ? STACK : 0x900 + i, 0, i);
    cpu.writeFlags(0x46);
    cpu.setHalves('dr', 0x455, 0, 7);
    expect(jump(cpu, NEW_TASK)).toBe(0);
    expect(cpu.view.getUint32(TSS + 0x20, true)).toBe(NEXT);
    expect(cpu.view.getUint32(TSS + 0x24, true)).toBe(0x46);
    expect(stackWords(cpu, TSS + 0x28, 8)).toEqual([0x900, 0x901, 0x902, 0x903, STACK, 0x905, 0x906, 0x907]);
    expect(stackWords(cpu, TSS + 0x48, 6)).toEqual([DATA0, CODE0, DATA0, DATA0, DATA0, DATA0]);
    expect([cpu.low('rip'), cpu.readFlags(), cpu.low('gpr', 0), cpu.low('gpr', 4)]).toEqual([0x7000, 0x203, 0x100, 0x8000]);
    expect([es, cs, ss, ds, fs, gs].map((i) => selectorOf(cpu, i))).toEqual([DATA0, CODE0, DATA0, DATA0, DATA0, DATA0]);
    expect([selectorOf(cpu, tr), cpu.low('segmentBase', tr), selectorOf(cpu, ldtr)])
      .toEqual([NEW_TASK, NEW_TSS, LDT_SELECTOR]);
    expect([accessByte(cpu, TSS_SELECTOR), accessByte(cpu, NEW_TASK)]).toEqual([0x89, 0x8b]);
    expect(cpu.low('cr0') & 8).toBe(8);
    expect(cpu.low('dr', 7)).toBe(0x400);
    expect(cpu.view.getUint16(NEW_TSS, true)).toBe(0);
  });

  it('goes to the privilege of the new CS', () => {
    const cpu = protectedCpu();
    placeTask(cpu, { cs: CODE3, ss: DATA3, ds: DATA3 });
    expect(jump(cpu, NEW_TASK)).toBe(0);
    expect(cpu.get32('cpl')).toBe(3);
  });

  it('into virtual-8086 mode', () => {
    const cpu = protectedCpu();
    placeTask(cpu, { cs: 0x800, ss: 0x900, ds: 0x700, eflags: 0x20002, eip: 0x10 });
    expect(jump(cpu, NEW_TASK)).toBe(0);
    expect([cpu.low('segmentBase', cs), cpu.low('segmentBase', ds), cpu.get32('cpl')]).toEqual([0x8000, 0x7000, 3]);
  });

  it('raises the T bit as a debug trap', () => {
    const cpu = protectedCpu();
    placeTask(cpu, { trap: 1 });
    expect(jump(cpu, NEW_TASK)).toBe(0);
    expect(cpu.get32('pendingDebug')).toBe(0x8000);
  });

  it('checks privilege, busy, presence and size before anything changes', () => {
    const faultOf = (prepare: (cpu: FakeCpu) => void, cpl: 0 | 3 = 0) => {
      const cpu = protectedCpu(cpl);
      placeTask(cpu);
      prepare(cpu);
      expect(jump(cpu, NEW_TASK)).toBe(1);
      expect([selectorOf(cpu, tr), cpu.low('rip'), accessByte(cpu, TSS_SELECTOR)]).toEqual([TSS_SELECTOR, 0x5000, 0x8b]);
      return cpu.takeFault();
    };
    expect(faultOf(() => {}, 3)).toEqual(gp(NEW_TASK));
    const withAccess = (access: number, limit = 0x67) => (cpu: FakeCpu) =>
      setDescriptor(cpu, NEW_TASK, { base: NEW_TSS, limit, access });
    expect(faultOf(withAccess(0x8b))).toEqual(gp(NEW_TASK));
    expect(faultOf(withAccess(0x09))).toEqual({ vector: 11, errorCode: NEW_TASK });
    expect(faultOf(withAccess(0x89, 0x66))).toEqual({ vector: 10, errorCode: NEW_TASK });
    expect(faultOf(withAccess(0x81, 0x2a))).toEqual({ vector: 10, errorCode: NEW_TASK });
  });
});

describe('a call and its return', () => {
  it('nest and unnest tasks', () => {
    const cpu = protectedCpu();
    placeTask(cpu);
    setGate(cpu, TASK_GATE, { type: 5, selector: NEW_TASK, offset: 0 });
    expect(jump(cpu, TASK_GATE, farCall)).toBe(0);
    expect(cpu.view.getUint16(NEW_TSS, true)).toBe(TSS_SELECTOR);
    expect([accessByte(cpu, TSS_SELECTOR), accessByte(cpu, NEW_TASK)]).toEqual([0x8b, 0x8b]);
    expect(cpu.readFlags()).toBe(0x4002);
    cpu.setHalves('scratch', 0x7777, 0, 1);
    expect(interruptReturn(cpu, 32)).toBe(0);
    expect([cpu.low('rip'), cpu.readFlags(), selectorOf(cpu, tr)]).toEqual([NEXT, 2, TSS_SELECTOR]);
    expect([accessByte(cpu, TSS_SELECTOR), accessByte(cpu, NEW_TASK)]).toEqual([0x8b, 0x89]);
    expect(cpu.view.getUint32(NEW_TSS + 0x20, true)).toBe(0x7777);
    expect(cpu.view.getUint32(NEW_TSS + 0x24, true)).toBe(2);
  });

  it('refuse a link that is not a busy task', () => {
    const cpu = protectedCpu();
    placeTask(cpu);
    cpu.writeFlags(0x4002);
    for (const link of [0, 0x0c, 0x200, DATA0, NEW_TASK]) {
      cpu.view.setUint16(TSS, link, true);
      expect(interruptReturn(cpu, 32)).toBe(1);
      expect(cpu.takeFault()).toEqual({ vector: 10, errorCode: link & ~3 });
    }
  });
});

describe('a task gate in the IDT', () => {
  it('pushes the error code on the new stack', () => {
    const cpu = protectedCpu(3);
    placeTask(cpu);
    setVector(cpu, 8, { type: 5, selector: NEW_TASK, offset: 0 });
    expect(deliverException(cpu, 8, 0)).toBe('delivered');
    expect([cpu.low('rip'), cpu.low('gpr', 4), cpu.readFlags()]).toEqual([0x7000, 0x7ffc, 0x4002]);
    expect(stackWords(cpu, 0x7ffc, 1)).toEqual([0]);
    expect(cpu.view.getUint32(TSS + 0x20, true)).toBe(0x5000);
  });
});

describe('a fault in the new task', () => {
  const deliverable = (cpu: FakeCpu): void => {
    for (const vector of [10, 11, 12, 13]) {
      setVector(cpu, vector, { type: 14, selector: CODE0, offset: 0x100 * vector });
    }
  };
  const handlerFor = (task: Task, prepare?: (cpu: FakeCpu) => void): [number, number] => {
    const cpu = protectedCpu();
    deliverable(cpu);
    placeTask(cpu, task);
    prepare?.(cpu);
    expect(jump(cpu, NEW_TASK)).toBe(0);
    expect(selectorOf(cpu, tr)).toBe(NEW_TASK);
    const sp = cpu.low('gpr', 4);
    return [cpu.low('rip') >>> 8, cpu.view.getUint32(sp, true)];
  };

  it('in a data segment is delivered there with the selector', () => {
    expect(handlerFor({ ds: 0x200 })).toEqual([10, 0x200]);
    const absent = (cpu: FakeCpu): void => setDescriptor(cpu, FREE + 16, { access: 0xc013 });
    expect(handlerFor({ ds: FREE + 16 }, absent)).toEqual([11, FREE + 16]);
  });

  it('at its EIP is #GP(0)', () => {
    const short = (cpu: FakeCpu): void => setDescriptor(cpu, FREE + 16, { access: 0x409b, limit: 0xfff });
    expect(handlerFor({ cs: FREE + 16 }, short)).toEqual([13, 0]);
  });

  it('in the stack segment cannot be delivered on it', () => {
    const cpu = protectedCpu();
    deliverable(cpu);
    placeTask(cpu, { ss: 0 });
    expect(jump(cpu, NEW_TASK)).toBe(1);
    expect(cpu.takeFault()?.vector).toBe(8);
  });
});
