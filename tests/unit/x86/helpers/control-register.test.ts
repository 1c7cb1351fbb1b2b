// MOV to control registers (Intel SDM vol. 3, 2.5): reserved bits, mode changes, what they flush.

import { beforeEach, describe, expect, it } from 'vitest';
import { CODE64, longCpu, protectedCpu } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { MODE_FPU, MODE_LONG, MODE_LONG64, MODE_SSE, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { setSegment } from '../../../../src-main/engine/x86/state/segments.ts';
import {
  clearTaskSwitched, loadMachineStatus, readControl, writeControl,
} from '../../../../src-main/engine/x86/helpers/control-register.ts';
import { CPU_MODELS } from '../../../../src-main/engine/x86/models/index.ts';

const GP0 = { vector: 13, errorCode: 0 };
const { cs } = SEGMENT_INDEX;

function write(cpu: FakeCpu, index: number, low: number, high = 0): number {
  cpu.setHalves('scratch', low, high, 1);
  return writeControl(cpu, index);
}
function refuses(cpu: FakeCpu, index: number, low: number, high = 0): void {
  expect(write(cpu, index, low, high)).toBe(1);
  expect(cpu.takeFault()).toEqual(GP0);
}
function read(cpu: FakeCpu, index: number): number {
  expect(readControl(cpu, index)).toBe(0);
  return cpu.low('scratch');
}

describe('CR0', () => {
  it('refuses PG without PE and NW without CD, and ignores other reserved bits', () => {
    const cpu = new FakeCpu();
    refuses(cpu, 0, 0x80000000);
    refuses(cpu, 0, 0x20000001);
    expect(write(cpu, 0, 0x1ff5ffd1)).toBe(0);
    expect(read(cpu, 0)).toBe(0x00050011);
  });

  it('flushes translations when PG, WP or PE changes, and recomputes the mode', () => {
    const cpu = new FakeCpu();
    expect(write(cpu, 0, 0x60000019)).toBe(0);
    expect(cpu.flushes).toEqual(['all']);
    expect(cpu.get32('mode') & MODE_FPU).toBe(0);
    expect(write(cpu, 0, 0x60000011)).toBe(0);
    expect(cpu.flushes).toEqual(['all']);
    expect(write(cpu, 0, 0x60010011)).toBe(0);
    expect(cpu.flushes).toEqual(['all', 'all']);
  });

  it('loads the directory pointers when PAE paging begins', () => {
    const cpu = protectedCpu();
    cpu.setHalves('cr4', 0x20, 0);
    cpu.setHalves('cr3', 0x8020, 0);
    cpu.view.setUint32(0x8020, 0x9003, true);
    refuses(cpu, 0, 0x80000011);
    expect(cpu.low('cr0')).toBe(0x11);
    cpu.view.setUint32(0x8020, 0x9001, true);
    expect(write(cpu, 0, 0x80000011)).toBe(0);
    expect(cpu.low('pdpte', 0)).toBe(0x9001);
  });

  it('LMSW sets PE but does not clear it; CLTS clears TS', () => {
    const cpu = new FakeCpu();
    expect(loadMachineStatus(cpu, 0xffff)).toBe(0);
    expect(cpu.low('cr0')).toBe(0x6000001f);
    expect(loadMachineStatus(cpu, 8)).toBe(0);
    expect(cpu.low('cr0')).toBe(0x60000019);
    expect(clearTaskSwitched(cpu)).toBe(0);
    expect(cpu.low('cr0')).toBe(0x60000011);
    expect(cpu.get32('mode') & MODE_FPU).toBe(MODE_FPU);
  });
});

describe('entering and leaving long mode', () => {
  let cpu: FakeCpu;
  beforeEach(() => {
    cpu = new FakeCpu(CPU_MODELS['x86-64-v1']);
    cpu.setHalves('cr0', 0x11, 0);
    cpu.setHalves('efer', 0x100, 0);
  });

  it('sets LMA with PG', () => {
    expect(write(cpu, 4, 0x20)).toBe(0);
    expect(write(cpu, 0, 0x80000011)).toBe(0);
    expect(cpu.low('efer')).toBe(0x500);
    expect(cpu.get32('mode') & (MODE_LONG | MODE_LONG64)).toBe(MODE_LONG);
    refuses(cpu, 4, 0);
    expect(write(cpu, 0, 0x11)).toBe(0);
    expect(cpu.low('efer')).toBe(0x100);
  });

  it('needs PAE, CS.L clear and no 16-bit TSS', () => {
    refuses(cpu, 0, 0x80000011);
    cpu.setHalves('cr4', 0x20, 0);
    setSegment(cpu, cs, 8, 0xa09b, 0, 0xffffffff);
    refuses(cpu, 0, 0x80000011);
    setSegment(cpu, cs, 8, 0xc09b, 0, 0xffffffff);
    setSegment(cpu, SEGMENT_INDEX.tr, 0x28, 0x83, 0, 0x67);
    refuses(cpu, 0, 0x80000011);
  });

  it('cannot leave from 64-bit code', () => {
    refuses(longCpu(), 0, 0x11);
    expect(longCpu().get32('segmentSelector', cs)).toBe(CODE64);
  });
});

describe('CR3', () => {
  it('drops non-global translations', () => {
    const cpu = new FakeCpu();
    expect(write(cpu, 3, 0x1018)).toBe(0);
    expect(read(cpu, 3)).toBe(0x1018);
    expect(cpu.flushes).toEqual(['non-global']);
  });

  it('refuses addresses the model lacks in long mode', () => {
    const cpu = longCpu();
    refuses(cpu, 3, 0x10000, 0x100);
    expect(write(cpu, 3, 0x10000, 0xff)).toBe(0);
    expect(cpu.get64('cr3')).toBe(0xff_0001_0000n);
  });

  it('reloads the directory pointers under PAE paging and refuses bad ones', () => {
    const cpu = protectedCpu();
    cpu.setHalves('cr4', 0x20, 0);
    expect(write(cpu, 0, 0x80000011)).toBe(0);
    cpu.view.setUint32(0x8000, 0xb001, true);
    expect(write(cpu, 3, 0x8000)).toBe(0);
    expect(cpu.low('pdpte', 0)).toBe(0xb001);
    cpu.view.setUint32(0x8040, 0xb0e1, true);
    refuses(cpu, 3, 0x8040);
    expect(cpu.low('cr3')).toBe(0x8000);
  });
});

describe('CR4', () => {
  it('has the bits of the model', () => {
    const p3 = new FakeCpu();
    expect(write(p3, 4, 0x7ff)).toBe(0);
    expect(p3.get32('mode') & MODE_SSE).toBe(MODE_SSE);
    refuses(p3, 4, 0x100000);
    refuses(p3, 4, 0x800);
    const v2 = new FakeCpu(CPU_MODELS['x86-64-v2']);
    expect(write(v2, 4, 0x300000)).toBe(0);
    refuses(v2, 4, 0x300000, 1);
  });

  it('flushes for paging bits only', () => {
    const cpu = new FakeCpu();
    expect(write(cpu, 4, 0x200)).toBe(0);
    expect(cpu.flushes).toEqual([]);
    expect(write(cpu, 4, 0x290)).toBe(0);
    expect(cpu.flushes).toEqual(['all']);
  });
});

describe('CR2, CR8 and registers that do not exist', () => {
  it('CR8 is the task priority in 64-bit code', () => {
    const cpu = longCpu();
    expect(write(cpu, 8, 7)).toBe(0);
    expect(cpu.environment.taskPriority).toBe(7);
    expect(read(cpu, 8)).toBe(7);
    refuses(cpu, 8, 16);
  });

  it('are #UD', () => {
    const cpu = protectedCpu();
    for (const index of [1, 5, 6, 7, 8, 9, 15]) {
      expect(readControl(cpu, index)).toBe(1);
      expect(cpu.takeFault()?.vector).toBe(6);
      expect(write(cpu, index, 0)).toBe(1);
      expect(cpu.takeFault()?.vector).toBe(6);
    }
    expect(write(cpu, 2, 0x1234)).toBe(0);
    expect(read(cpu, 2)).toBe(0x1234);
  });
});
