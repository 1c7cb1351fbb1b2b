// The mode word and the limits of segments as derived from control registers and descriptors.

import { describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import {
  MODE_ALIGN, MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_FPU, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_SSE,
  MODE_STACK32, MODE_STEP, MODE_USER, MODE_VM86, SEGMENT_INDEX,
} from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { setSegment, setVirtualSegment } from '../../../../src-main/engine/x86/state/segments.ts';
import { computeModeWord } from '../../../../src-main/engine/x86/state/modes.ts';

const { cs, ss, ds, es } = SEGMENT_INDEX;
const FLAT_CODE32 = 0xc09b;
const FLAT_DATA32 = 0xc093;

function flatProtected(): FakeCpu {
  const cpu = new FakeCpu();
  cpu.setHalves('cr0', 0x11, 0);
  setSegment(cpu, cs, 8, FLAT_CODE32, 0, 0xffffffff);
  for (const index of [ss, ds, es]) setSegment(cpu, index, 16, FLAT_DATA32, 0, 0xffffffff);
  return cpu;
}

describe('mode word', () => {
  it('of the reset state is real mode with a usable x87', () => {
    expect(computeModeWord(new FakeCpu())).toBe(MODE_FPU);
  });

  it('of flat 32-bit protected mode', () => {
    expect(computeModeWord(flatProtected())).toBe(
      MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA | MODE_FPU,
    );
  });

  it('is not flat with a base, a limit or a read-only data segment', () => {
    const cpu = flatProtected();
    setSegment(cpu, es, 16, 0xc091, 0, 0xffffffff);
    expect(computeModeWord(cpu) & MODE_FLAT_DATA).toBe(0);
    setSegment(cpu, es, 16, FLAT_DATA32, 0x1000, 0xffffffff);
    expect(computeModeWord(cpu) & MODE_FLAT_DATA).toBe(0);
    setSegment(cpu, es, 16, FLAT_DATA32, 0, 0xfffff);
    expect(computeModeWord(cpu) & MODE_FLAT_DATA).toBe(0);
    setSegment(cpu, cs, 8, FLAT_CODE32, 0, 0xfffff);
    expect(computeModeWord(cpu) & MODE_FLAT_CS).toBe(0);
  });

  it('of 64-bit code is flat whatever the data segments hold', () => {
    const cpu = flatProtected();
    cpu.setHalves('efer', 0x500, 0);
    setSegment(cpu, cs, 8, 0xa09b, 0, 0xffffffff);
    setSegment(cpu, ds, 0, 0, 0, 0);
    expect(computeModeWord(cpu)).toBe(
      MODE_PROTECTED | MODE_LONG | MODE_LONG64 | MODE_FLAT_CS | MODE_FLAT_DATA | MODE_FPU,
    );
  });

  it('of compatibility code is long but not 64-bit', () => {
    const cpu = flatProtected();
    cpu.setHalves('efer', 0x500, 0);
    const mode = computeModeWord(cpu);
    expect(mode & MODE_LONG).not.toBe(0);
    expect(mode & MODE_LONG64).toBe(0);
    expect(mode & MODE_CODE32).not.toBe(0);
  });

  it('of virtual-8086 mode is user mode', () => {
    const cpu = flatProtected();
    cpu.writeFlags(0x20002);
    cpu.set32('cpl', 3);
    for (const index of [cs, ss, ds, es]) setVirtualSegment(cpu, index, 0x1000);
    expect(computeModeWord(cpu)).toBe(MODE_PROTECTED | MODE_VM86 | MODE_USER | MODE_FPU);
  });

  it('follows TS, EM and OSFXSR', () => {
    const cpu = flatProtected();
    cpu.setHalves('cr4', 0x200, 0);
    expect(computeModeWord(cpu) & (MODE_FPU | MODE_SSE)).toBe(MODE_FPU | MODE_SSE);
    cpu.setHalves('cr0', 0x19, 0);
    expect(computeModeWord(cpu) & (MODE_FPU | MODE_SSE)).toBe(0);
  });

  it('steps with TF or an armed breakpoint, checks alignment at CPL 3 only', () => {
    const cpu = flatProtected();
    cpu.setHalves('cr0', 0x40011, 0);
    cpu.writeFlags(0x40102);
    expect(computeModeWord(cpu) & (MODE_STEP | MODE_ALIGN)).toBe(MODE_STEP);
    cpu.set32('cpl', 3);
    cpu.writeFlags(0x40002);
    expect(computeModeWord(cpu) & (MODE_STEP | MODE_ALIGN)).toBe(MODE_ALIGN);
    cpu.setHalves('dr', 0x402, 0, 7);
    expect(computeModeWord(cpu) & MODE_STEP).toBe(MODE_STEP);
  });
});

describe('segment tops', () => {
  const tops = (access: number, limit: number): [bigint, bigint] => {
    const cpu = new FakeCpu();
    setSegment(cpu, ds, 8, access, 0, limit);
    return [cpu.get64('segmentReadTop', ds), cpu.get64('segmentWriteTop', ds)];
  };

  it('are the limit plus one where the access is allowed', () => {
    expect(tops(0x93, 0xffff)).toEqual([0x10000n, 0x10000n]);
    expect(tops(0xc093, 0xffffffff)).toEqual([0x100000000n, 0x100000000n]);
    expect(tops(0x91, 0xffff)).toEqual([0x10000n, 0n]);
    expect(tops(0x9b, 0xffff)).toEqual([0x10000n, 0n]);
  });

  it('are zero for execute-only, expand-down, absent and null segments', () => {
    for (const access of [0x99, 0x97, 0x13, 0]) expect(tops(access, 0xffff)).toEqual([0n, 0n]);
  });
});
