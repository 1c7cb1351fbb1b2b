// Code that runs over the end of a page, in both tiers: real-mode programs whose pages are 1000h and 2000h.
// The first two went wrong once.

import { describe, expect, it } from 'vitest';
import { createFlatMachine } from '../../src-main/engine/execution/flat-machine.ts';
import { setRealModeRegisters } from './vectors/machines.ts';

const STACK = 0x8000;
const NOP = 0x90;
const HLT = 0xf4;
const INC_AX = 0x40;

/** Runs pieces of code by address from the first one to HLT. */
function run(accel: 'interp' | 'jit', code: Readonly<Record<number, readonly number[]>>) {
  const { memory, cpu, engine, runToHalt } = createFlatMachine({
    ramBytes: 1 << 20,
    model: 'pentium3',
    accel,
    hotThreshold: 2,
  });
  memory.fill(HLT, 0x1000, 0x4000);
  for (const [at, bytes] of Object.entries(code)) memory.set(bytes, Number(at));
  setRealModeRegisters(cpu, { ip: Number(Object.keys(code)[0]), sp: STACK, flags: 2 });
  expect(runToHalt(1000)).toBe('halt');
  return { rip: cpu.low('rip'), ax: cpu.low('gpr', 0), dx: cpu.low('gpr', 2), lookups: engine.stats.counters['lookups'] };
}

describe.each(['interp', 'jit'] as const)('code at the end of a page, %s', (accel) => {
  it('goes on at the next page with its own addresses', () => {
    // The first time over the end comes from a run that began in the next page: the way must not be linked then.
    const { ax, dx, rip } = run(accel, {
      // inc ax; cmp al, 2; jb 2010; nop ×3
      0x1ff8: [INC_AX, 0x3c, 2, 0x72, 0x13, NOP, NOP, NOP],
      // call next; next: pop bx; add dx, bx; cmp ax, 6; jne 1ff8
      0x2000: [0xe8, 0, 0, 0x5b, 0x01, 0xda, 0x3d, 6, 0, 0x75, 0xed],
      // jmp 1ff8
      0x2010: [0xeb, 0xe6],
    });
    expect({ ax, dx, rip }).toEqual({ ax: 6, dx: 5 * 0x2003, rip: 0x200c });
  });

  it('does not go on at the beginning of its own page', () => {
    const { rip, ax } = run(accel, {
      // inc ax; jmp 1ffd
      0x1000: [INC_AX, 0xe9, 0xf9, 0x0f],
      0x1ffd: [NOP, NOP, NOP],
      // cmp ax, 6; jne 1000
      0x2000: [0x3d, 6, 0, 0x0f, 0x85, 0xf9, 0xef],
    });
    expect({ ax, rip }).toEqual({ ax: 6, rip: 0x2008 });
  });

  it('runs instructions that lie in both pages, also when the second one changes', () => {
    const { ax, rip } = run(accel, {
      // inc ax; add ax, 1 | 10h bytes later: mov byte [2001], 2 after three passes
      0x1ffe: [INC_AX, 0x05],
      0x2000: [1, 0, 0x83, 0xf8, 6, 0x75, 5, 0xc6, 0x06, 0x00, 0x20, 2, 0x83, 0xf8, 0x0c, 0x75, 0xed],
    });
    // 2, 4, 6, then 3 a pass.
    expect({ ax, rip }).toEqual({ ax: 12, rip: 0x2012 });
  });

  it('finds an instruction that lies in both pages without the run loop', () => {
    const { ax, lookups } = run(accel, {
      0x1000: [0xe9, 0xfb, 0x0f],
      // add ax, 1; cmp ax, 150; jne 1ffe
      0x1ffe: [0x05, 1],
      0x2000: [0, 0x3d, 150, 0, 0x75, 0xf8],
    });
    expect(ax).toBe(150);
    expect(lookups).toBeLessThan(10);
  });

  it('sees a store to the part of an instruction that lies in a page without other code', () => {
    const { ax, rip } = run(accel, {
      // cmp ax, 3; jb 1f00; mov byte [2000], FCh; jmp 1f00
      0x1e00: [0x83, 0xf8, 3, 0x0f, 0x82, 0xf9, 0, 0xc6, 0x06, 0x00, 0x20, 0xfc, 0xe9, 0xf1, 0],
      // inc ax; jmp 1ffe
      0x1f00: [INC_AX, 0xe9, 0xfa, 0],
      // jmp 1e00, and jmp 1d00 after the store
      0x1ffe: [0xe9, 0xff, 0xfd],
    });
    expect({ ax, rip }).toEqual({ ax: 4, rip: 0x1d01 });
  });
});
