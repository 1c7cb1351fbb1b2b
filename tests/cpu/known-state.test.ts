// Blocks of a region that control comes to from one place only, where what is known of registers, flags and checked pages
// goes on: chains and trees of conditional jumps inside a loop, made at random, leave in both tiers the same behind.

import { describe, expect, it } from 'vitest';
import { formRegion, type RegionSource } from '../../src-main/engine/execution/jit/region.ts';
import { soleTargets } from '../../src-main/engine/execution/jit/region-loops.ts';
import { PENTIUM3 } from '../../src-main/engine/x86/models/pentium3.ts';
import { MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_PROTECTED, MODE_STACK32 } from '../../src-main/engine/x86/state/cpu-state.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const PROGRAMS = 12;
const ROUNDS = 60;
const DATA_BYTES = 0x2_0000;
const DATA = 0x2_0000;

/** On EAX, EBX, EDX and ESI, with memory at EDI and EBP; the same in 32- and in 64-bit code. */
const STEPS = [
  '01 d8', '29 d3', '31 f0', '21 d6', '09 c2', '83 c0 07', '83 eb 03', 'd1 e0', 'c1 eb 03', 'c1 c6 05', 'f7 d8', '0f af c3',
  '11 d0', '19 f3', '0f 92 c0', '0f 94 c3', '0f 9c c2', '0f 42 c6', '0f 45 d3', '00 c4', '88 e3', '66 01 d8', '0f b6 f2', '0f bf c6',
  '8b 07', '89 57 04', '01 5f 08', '33 77 fc', '03 47 10', '83 47 0c 01', '8b 5d 00', '89 75 08', '2b 55 04', '8d 44 18 05',
  '50 5a', '53 58', '38 d8', '39 f0', '85 d2', '3c 40', 'f8', 'f9', '98', '99',
] as const;
/** Steps of the pointers, which the next accesses follow. */
const MOVES = ['8d 7f 04', '8d 7f 7c', '8d 6d fc', '8d 7f f8', '8d 6d 10'] as const;

/** Of numbers below 2^31; reference: Park, Miller, "Random Number Generators" (1988). */
function generator(seed: number): (below: number) => number {
  let state = seed * 7919 + 1;
  return (below) => {
    state = (state * 48271) % 0x7fff_ffff;
    return state % below;
  };
}

const length = (code: string): number => code.replaceAll(' ', '').length / 2;
const word = (value: number): string =>
  [0, 8, 16, 24].map((shift) => ((value >> shift) & 0xff).toString(16).padStart(2, '0')).join('');
const pick = <T>(list: readonly T[], random: (below: number) => number): T => list[random(list.length)] as T;

/** Pieces in a row, each with a jump on a condition over some of those that follow, in a loop. */
function program(seed: number): string {
  const random = generator(seed);
  const pieces = Array.from({ length: 4 + random(7) }, () => {
    const steps = Array.from({ length: 1 + random(6) }, () => pick(STEPS, random));
    if (random(3) === 0) steps.push(pick(MOVES, random) as (typeof STEPS)[number]);
    return { code: steps.join(''), condition: random(16), over: 1 + random(3) };
  });
  const body = pieces.map(({ code, condition, over }, at) => {
    const passed = pieces.slice(at + 1, at + 1 + over).reduce((sum, piece) => sum + length(piece.code) + 6, 0);
    return `${code}0f${(0x80 + condition).toString(16)}${word(passed)}`;
  });
  // dec ecx; jnz: ESP is as it was, as pushes and pops come in pairs.
  const loop = `${body.join('')}ffc9`;
  return `b9${word(ROUNDS)}8dafc0000100${loop}0f85${word(-(length(loop) + 6))}`;
}

function play(accel: 'interp' | 'jit', bits: 32 | 64, seed: number) {
  const guest = new FlatGuest({ bits, accel });
  for (let at = 0; at < DATA_BYTES; at += 4) guest.view.setUint32(DATA + at, Math.imul(at + seed, 0x9e3779b1), true);
  const { cpu, engine, memory } = guest.machine;
  for (const [index, value] of [[0, seed], [2, 0x1234], [3, 0x80], [6, 0xffff_fff0]] as const) cpu.setHalves('gpr', value, 0, index);
  const vector = guest.run(program(seed));
  const registers = Array.from({ length: 8 }, (_, index) => cpu.get64('gpr', index));
  return {
    state: { vector, registers, flags: cpu.readFlags(), instructions: engine.stats.instructions },
    memory: Buffer.from(memory.subarray(DATA, DATA + DATA_BYTES)),
    regions: engine.stats.regionsCompiled,
  };
}

describe.each([32, 64] as const)('%i bits', (bits) => {
  it.each(Array.from({ length: PROGRAMS }, (_, seed) => seed + 1))('program %i', (seed) => {
    const interpreted = play('interp', bits, seed);
    const compiled = play('jit', bits, seed);
    expect(compiled.state).toEqual(interpreted.state);
    expect(compiled.memory.equals(interpreted.memory)).toBe(true);
    expect(compiled.regions).toBeGreaterThan(0);
  });
});

describe('the only way to a block', () => {
  function targets(code: string): readonly number[] {
    const bytes = new Uint8Array(0x1000).fill(0xf4);
    bytes.set(Uint8Array.from(code.split(' '), (byte) => Number.parseInt(byte, 16)));
    const source: RegionSource = {
      bytes,
      mode: MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA,
      pageAt: (index) => (index === 0 ? 0 : undefined),
      features: PENTIUM3.features,
      leavesBlock: ({ row }) => row.mnemonic === 'HLT',
      wasEntered: () => true,
      enteredIn: () => [],
    };
    const region = formRegion(source, 0);
    if (region === undefined) throw new Error('no region');
    return [...soleTargets(region)].sort((a, b) => a - b);
  }

  it('leads on behind a jump that is not taken, and to where only one jump goes', () => {
    // 0: jz 3; 2: nop; 3: nop; 4: jz 8; 6: jmp 0; 8: hlt
    expect(targets('74 01 90 90 74 02 eb f8 f4')).toEqual([2, 6]);
    // 0: jz 5; 2: inc eax; 3: jmp 0; 5: inc ebx; 6: jmp 0
    expect(targets('74 03 40 eb fb 43 eb f8')).toEqual([2, 5]);
  });

  it('is none where a jump on a condition goes on either way', () => {
    // 0: jz 2; 2: nop; 3: hlt
    expect(targets('74 00 90 f4')).toEqual([]);
  });
});
