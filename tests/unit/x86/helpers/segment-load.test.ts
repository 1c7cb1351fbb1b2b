// Loading segment registers, with every check (Intel SDM vol. 3, 5.6 and 5.7).

import { describe, expect, it } from 'vitest';
import {
  CODE0, CODE3, DATA0, DATA3, FREE, GDT, LDT_SELECTOR, longCpu, protectedCpu, selectorOf, setDescriptor, setGate,
  TSS_SELECTOR, virtualCpu,
} from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_FLAT_DATA, SEGMENT_INDEX, SHADOW_OF_STACK } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import {
  loadLdt, loadSegment, loadTaskRegister, moveSegment,
} from '../../../../src-main/engine/x86/helpers/segment-load.ts';
import {
  loadAccessRights, loadGdt, loadIdt, loadSegmentLimit, verifyRead, verifyWrite,
} from '../../../../src-main/engine/x86/helpers/descriptor-table.ts';

const { es, cs, ss, ds, fs, gs, tr, ldtr } = SEGMENT_INDEX;
const gp = (errorCode: number) => ({ vector: 13, errorCode });

describe('real and virtual-8086 mode', () => {
  it('sets the base from the selector and keeps an enlarged limit', () => {
    const cpu = new FakeCpu();
    cpu.set32('segmentLimit', 0xffffffff, ds);
    expect(loadSegment(cpu, ds, 0x1234)).toBe(0);
    expect(cpu.low('segmentBase', ds)).toBe(0x12340);
    expect(cpu.get32('segmentLimit', ds)).toBe(0xffffffff);
    expect(cpu.high('segmentWriteTop', ds)).toBe(1);
  });

  it('forces 64 KiB in virtual-8086 mode', () => {
    const cpu = virtualCpu(3);
    expect(loadSegment(cpu, ds, 0xffff)).toBe(0);
    expect([cpu.low('segmentBase', ds), cpu.get32('segmentLimit', ds), cpu.get32('segmentAccess', ds)])
      .toEqual([0xffff0, 0xffff, 0xf3]);
  });
});

describe('data segments in protected mode', () => {
  it('fills the hidden part and sets the accessed bit in memory', () => {
    const cpu = protectedCpu();
    setDescriptor(cpu, FREE, { base: 0x12345678, limit: 0x12345, access: 0xc092 });
    expect(loadSegment(cpu, es, FREE)).toBe(0);
    expect(cpu.low('segmentBase', es)).toBe(0x12345678);
    expect(cpu.get32('segmentLimit', es)).toBe(0x12345fff);
    expect(cpu.get32('segmentAccess', es)).toBe(0xc093);
    expect(cpu.memory[GDT + FREE + 5]).toBe(0x93);
    expect(cpu.get32('mode') & MODE_FLAT_DATA).toBe(0);
  });

  it('accepts null, and selectors in the LDT', () => {
    const cpu = protectedCpu();
    expect(loadSegment(cpu, gs, 3)).toBe(0);
    expect([selectorOf(cpu, gs), cpu.get32('segmentAccess', gs), cpu.low('segmentReadTop', gs)]).toEqual([3, 0, 0]);
    setDescriptor(cpu, 0x0c, { base: 0x500, access: 0x93 });
    expect(loadSegment(cpu, fs, 0x0c)).toBe(0);
    expect(cpu.low('segmentBase', fs)).toBe(0x500);
  });

  it('refuses what is outside the tables, system, execute-only, too privileged or absent', () => {
    const cpu = protectedCpu(3);
    setDescriptor(cpu, FREE, { access: 0xc0f9 });
    setDescriptor(cpu, FREE + 8, { access: 0xc073 });
    setDescriptor(cpu, FREE + 16, { access: 0xc09f });
    const faultOf = (selector: number) => {
      expect(loadSegment(cpu, ds, selector)).toBe(1);
      expect(selectorOf(cpu, ds)).toBe(DATA3);
      return cpu.takeFault();
    };
    expect(faultOf(0x200)).toEqual(gp(0x200));
    expect(faultOf(0x104)).toEqual(gp(0x104));
    expect(faultOf(TSS_SELECTOR)).toEqual(gp(TSS_SELECTOR));
    expect(faultOf(FREE | 3)).toEqual(gp(FREE));
    expect(faultOf(DATA0)).toEqual(gp(DATA0));
    expect(faultOf((FREE + 8) | 3)).toEqual({ vector: 11, errorCode: FREE + 8 });
    expect(loadSegment(cpu, ds, (FREE + 16) | 3)).toBe(0);
  });

  it('refuses LDT selectors while no LDT is loaded', () => {
    const cpu = protectedCpu();
    expect(loadLdt(cpu, 0)).toBe(0);
    expect(loadSegment(cpu, ds, 0x0c)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(0x0c));
  });

  it('reports a page fault on the descriptor table', () => {
    const cpu = protectedCpu();
    cpu.setHalves('cr3', 0x20000, 0);
    cpu.setHalves('cr0', 0x80000011, 0);
    expect(loadSegment(cpu, ds, DATA0)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 14, errorCode: 0 });
    expect(cpu.low('cr2')).toBe(GDT + DATA0);
  });
});

describe('the stack segment', () => {
  it('must be writable data of exactly CPL', () => {
    const cpu = protectedCpu();
    setDescriptor(cpu, FREE, { access: 0xc091 });
    setDescriptor(cpu, FREE + 8, { access: 0xc013 });
    const faultOf = (selector: number) => {
      expect(loadSegment(cpu, ss, selector)).toBe(1);
      return cpu.takeFault();
    };
    expect(faultOf(0)).toEqual(gp(0));
    expect(faultOf(DATA0 | 3)).toEqual(gp(DATA0));
    expect(faultOf(DATA3)).toEqual(gp(DATA3 & ~3));
    expect(faultOf(CODE0)).toEqual(gp(CODE0));
    expect(faultOf(FREE)).toEqual(gp(FREE));
    expect(faultOf(FREE + 8)).toEqual({ vector: 12, errorCode: FREE + 8 });
    expect(loadSegment(cpu, ss, DATA0)).toBe(0);
  });

  it('may be null in 64-bit code below CPL 3', () => {
    expect(loadSegment(longCpu(0), ss, 0)).toBe(0);
    expect(loadSegment(longCpu(3), ss, 3)).toBe(1);
  });

  it('holds interrupts off after MOV and POP but not after LSS', () => {
    const cpu = protectedCpu();
    expect(loadSegment(cpu, ss, DATA0)).toBe(0);
    expect(cpu.get32('interruptShadow')).toBe(0);
    expect(moveSegment(cpu, ds, DATA0)).toBe(0);
    expect(cpu.get32('interruptShadow')).toBe(0);
    expect(moveSegment(cpu, ss, DATA0)).toBe(0);
    expect(cpu.get32('interruptShadow')).toBe(SHADOW_OF_STACK);
  });

  it('has nothing to do with CS, which MOV cannot load', () => {
    const cpu = protectedCpu();
    expect(moveSegment(cpu, cs, CODE0)).toBe(1);
    expect(cpu.takeFault()?.vector).toBe(6);
  });
});

describe('LLDT and LTR', () => {
  it('load system segments and mark the task busy', () => {
    const cpu = protectedCpu();
    setDescriptor(cpu, FREE, { base: 0x7000, limit: 0x67, access: 0x89 });
    expect(loadTaskRegister(cpu, FREE)).toBe(0);
    expect([selectorOf(cpu, tr), cpu.low('segmentBase', tr), cpu.get32('segmentAccess', tr)])
      .toEqual([FREE, 0x7000, 0x8b]);
    expect(cpu.memory[GDT + FREE + 5]).toBe(0x8b);
    expect(loadTaskRegister(cpu, FREE)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(FREE));
    expect(loadLdt(cpu, LDT_SELECTOR)).toBe(0);
    expect(selectorOf(cpu, ldtr)).toBe(LDT_SELECTOR);
  });

  it('check null, table, type and presence', () => {
    const cpu = protectedCpu();
    setDescriptor(cpu, FREE, { access: 0x02 });
    const faultOf = (run: () => number) => {
      expect(run()).toBe(1);
      return cpu.takeFault();
    };
    expect(faultOf(() => loadTaskRegister(cpu, 0))).toEqual(gp(0));
    expect(faultOf(() => loadTaskRegister(cpu, 0x0c))).toEqual(gp(0x0c));
    expect(faultOf(() => loadTaskRegister(cpu, LDT_SELECTOR))).toEqual(gp(LDT_SELECTOR));
    expect(faultOf(() => loadLdt(cpu, DATA0))).toEqual(gp(DATA0));
    expect(faultOf(() => loadLdt(cpu, FREE))).toEqual({ vector: 11, errorCode: FREE });
  });

  it('read 16 bytes in long mode', () => {
    const cpu = longCpu();
    setDescriptor(cpu, FREE, { base: 0x12345678, limit: 0x67, access: 0x89 });
    cpu.view.setUint32(GDT + FREE + 8, 0xffffff80, true);
    expect(loadTaskRegister(cpu, FREE)).toBe(0);
    expect(cpu.get64('segmentBase', tr)).toBe(0xffffff8012345678n);
    setDescriptor(cpu, FREE, { base: 0, limit: 0x67, access: 0x81 });
    expect(loadTaskRegister(cpu, FREE)).toBe(1);
    setDescriptor(cpu, FREE, { base: 0, limit: 0x67, access: 0x89 });
    cpu.view.setUint32(GDT + FREE + 12, 0x100, true);
    expect(loadTaskRegister(cpu, FREE)).toBe(1);
    expect(cpu.takeFault()).toEqual(gp(FREE));
  });
});

describe('LGDT and LIDT', () => {
  it('load limit and base, the upper half in 64-bit code only', () => {
    const cpu = protectedCpu();
    cpu.setHalves('scratch', 0x12345678, 0x1, 1);
    expect(loadGdt(cpu, 0x1ffff)).toBe(0);
    expect([cpu.get64('gdtrBase'), cpu.get32('gdtrLimit')]).toEqual([0x12345678n, 0xffff]);
    const long = longCpu();
    long.setHalves('scratch', 0x12345678, 0xfffff000, 1);
    expect(loadIdt(long, 0xfff)).toBe(0);
    expect(long.get64('idtrBase')).toBe(0xfffff00012345678n);
    long.setHalves('scratch', 0, 0x8000, 1);
    expect(loadIdt(long, 0xfff)).toBe(1);
    expect(long.takeFault()).toEqual(gp(0));
  });
});

describe('LAR, LSL, VERR, VERW', () => {
  const ask = (cpu: FakeCpu, helper: (cpu: FakeCpu, selector: number) => number, selector: number): bigint => {
    expect(helper(cpu, selector)).toBe(0);
    return cpu.get64('scratch');
  };

  it('answer for visible segments', () => {
    const cpu = protectedCpu();
    setDescriptor(cpu, FREE, { limit: 0x12, access: 0x90f1 });
    expect(ask(cpu, loadAccessRights, FREE)).toBe(0x1_0090_f100n);
    expect(ask(cpu, loadSegmentLimit, FREE)).toBe(0x1_0001_2fffn);
    expect(ask(cpu, verifyRead, FREE)).toBe(1n);
    expect(ask(cpu, verifyWrite, FREE)).toBe(0n);
    expect(ask(cpu, verifyWrite, DATA0)).toBe(1n);
    expect(ask(cpu, verifyRead, CODE0)).toBe(1n);
  });

  it('hide null, missing, and more privileged segments', () => {
    const cpu = protectedCpu(3);
    for (const selector of [0, 3, 0x200, DATA0, CODE0, DATA3 & ~3]) {
      const visible = selector === (DATA3 & ~3) ? 1n : 0n;
      expect(ask(cpu, loadAccessRights, selector) >> 32n).toBe(visible);
      expect(ask(cpu, verifyRead, selector)).toBe(visible);
    }
    expect(ask(cpu, loadAccessRights, CODE3) >> 32n).toBe(1n);
    expect(ask(cpu, verifyWrite, CODE3)).toBe(0n);
  });

  it('know the system types of either mode', () => {
    const cpu = protectedCpu();
    setGate(cpu, FREE, { type: 12, selector: CODE0, offset: 0 });
    expect(ask(cpu, loadAccessRights, FREE) >> 32n).toBe(1n);
    expect(ask(cpu, loadSegmentLimit, FREE) >> 32n).toBe(0n);
    expect(ask(cpu, loadSegmentLimit, TSS_SELECTOR)).toBe(0x1_0000_0067n);
    expect(ask(cpu, verifyRead, TSS_SELECTOR)).toBe(0n);
    setGate(cpu, FREE, { type: 14, selector: CODE0, offset: 0 });
    expect(ask(cpu, loadAccessRights, FREE)).toBe(0n);
    const long = longCpu();
    setDescriptor(long, FREE, { limit: 0x2b, access: 0x81 });
    expect(ask(long, loadSegmentLimit, FREE)).toBe(0n);
    expect(ask(long, loadSegmentLimit, TSS_SELECTOR)).toBe(0x1_0000_0067n);
  });
});
