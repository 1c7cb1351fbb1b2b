// Loops of one block, which regions carry out several times in a row with checks for all of these: they end after any number of
// passes, cross pages in both directions, meet pages that nothing accessed before, and fault, as in the interpreter.

import { describe, expect, it } from 'vitest';
import { isRepeated, REPETITIONS, sharedRanges } from '../../src-main/engine/execution/jit/repeated-loops.ts';
import { decode } from '../../src-main/engine/x86/decode/decoder.ts';
import { PENTIUM3 } from '../../src-main/engine/x86/models/pentium3.ts';
import { GPR_INDEX, MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_PROTECTED } from '../../src-main/engine/x86/state/cpu-state.ts';
import { DATA, FlatGuest } from '../support/flat-guest.ts';

const MAX_PASSES = 2500;
/** Of `FlatGuest`; in 64-bit code nothing is mapped behind. */
const RAM_END = 0x20_0000;
const PAGE_FAULT = 14;

/** W stands for a prefix that makes operands of 64 bits in 64-bit code. */
const LOOPS = [
  ['sum', 'add edx, [rdi]; add rdi, 4; dec ecx', '03 17 W 83 c7 04 ff c9', 0],
  ['fill', 'mov [rdi], cl; inc rdi; dec ecx', '88 0f W ff c7 ff c9', 0],
  ['downwards', 'mov [rdi], ecx; lea rdi, [rdi - 4]; dec ecx', '89 0f W 8d 7f fc ff c9', 1],
  ['in place', 'add [rdi + 8], ecx; adc edx, 0; sub rdi, 12; dec ecx', '01 4f 08 83 d2 00 W 83 ef 0c ff c9', 1],
  ['copy', 'mov eax, [rsi]; xor eax, ecx; mov [rdi], eax; add rsi, 4; add rdi, 4; dec ecx', '8b 06 31 c8 89 07 W 83 c6 04 W 83 c7 04 ff c9', 0],
  ['flags of the pass before', 'setc dl; movzx eax, byte [rdi]; lea rdi, [rdi + 1]; add edx, eax; lea ecx, [rcx - 1]; test ecx, ecx', '0f 92 c2 0f b6 07 W 8d 7f 01 01 c2 8d 49 ff 85 c9', 0],
  ['far steps', 'add [rdi], ecx; add rdi, 408h; dec ecx', '01 0f W 81 c7 08 04 00 00 ff c9', 2],
  ['up to a value', 'mov al, [rdi]; inc rdi; cmp al, cl', '8a 07 W ff c7 38 c8', 3],
  ['two words by one register', 'mov eax, [rdi]; add rdi, 4; add eax, [rdi + 1ch]; mov [rdi - 4], eax; dec ecx', '8b 07 W 83 c7 04 03 47 1c 89 47 fc ff c9', 0],
] as const;

// mov ecx, [rdi - 16]; mov rdi, [rdi - 8]; lea rsi, [rdi - 4]; stc
const START = '8b 4f f0 W 8b 7f f8 W 8d 77 fc f9';

function program(loop: string, bits: 32 | 64): string {
  const encoded = (code: string): string => code.replaceAll('W ', bits === 64 ? '48 ' : '').replaceAll(' ', '');
  const back = 256 - encoded(loop).length / 2 - 2;
  return `${encoded(START)}${encoded(loop)}75${back.toString(16)}`;
}

interface Run {
  readonly at: number;
  readonly passes: number;
}

/** Where passes begin, by which way they go: in the middle of a page and shortly before the end of one. */
function runs(way: 0 | 1 | 2 | 3): readonly Run[] {
  const at = way === 1 ? 0x5_0000 : 0x3_0000;
  const passes = way === 2 ? 90 : MAX_PASSES;
  const short = Array.from({ length: 3 * REPETITIONS }, (_, i) => i + 1);
  const ends = way === 1 ? 0x4_0010 : 0x6_0ff3;
  return [
    { at, passes },
    ...short.map((count) => ({ at: at + 0x100, passes: count })),
    ...short.map((count) => ({ at: ends, passes: count })),
    // A page that nothing accessed before, in the second pass.
    ...short.map((count) => ({ at: (way === 1 ? 0x10_0000 : 0xf_0ff8) + count * 0x1_0000, passes: count })),
  ];
}

function prepare({ view }: FlatGuest, { at, passes }: Run): void {
  view.setUint32(DATA - 16, passes, true);
  view.setUint32(DATA - 12, 0, true);
  view.setBigUint64(DATA - 8, BigInt(at), true);
}

function play(guest: FlatGuest, code: string, run: Run) {
  prepare(guest, run);
  const { cpu, engine } = guest.machine;
  const before = engine.stats.instructions;
  const vector = guest.run(code);
  const registers = ['rax', 'rcx', 'rdx', 'rsi', 'rdi'].map((name) => cpu.get64('gpr', GPR_INDEX[name as 'rax']));
  return { vector, registers, flags: cpu.readFlags(), instructions: engine.stats.instructions - before };
}

describe.each([32, 64] as const)('%i bits', (bits) => {
  it.each(LOOPS)('%s: %s', (_name, _text, loop, way) => {
    const guests = (['interp', 'jit'] as const).map((accel) => {
      const guest = new FlatGuest({ bits, accel });
      for (let at = DATA; at < RAM_END; at += 4) guest.view.setUint32(at, Math.imul(at, 0x9e3779b1), true);
      return guest;
    });
    const [interpreted, compiled] = guests as [FlatGuest, FlatGuest];
    const code = program(loop, bits);
    for (const run of runs(way)) expect(play(compiled, code, run)).toEqual(play(interpreted, code, run));
    expect(Buffer.compare(compiled.machine.memory, interpreted.machine.memory)).toBe(0);
    expect(compiled.machine.engine.stats.regionsCompiled).toBeGreaterThan(0);
  });
});

describe('a fault', () => {
  it.each(LOOPS.filter(([, , , way]) => way === 0))('%s: %s', (_name, _text, loop) => {
    const code = program(loop, 64);
    for (let first = 1; first <= 2 * REPETITIONS; first++) {
      const [interpreted, compiled] = (['interp', 'jit'] as const).map((accel) => {
        const guest = new FlatGuest({ bits: 64, accel });
        play(guest, code, { at: 0x3_0000, passes: MAX_PASSES });
        const { cpu } = guest.machine;
        const end = play(guest, code, { at: RAM_END - 4 * first - 0x1c, passes: MAX_PASSES });
        return { ...end, address: cpu.get64('cr2'), at: guest.view.getBigUint64(cpu.low('gpr', GPR_INDEX.rsp) + 8, true) };
      });
      expect(compiled).toEqual(interpreted);
      expect(compiled?.vector).toBe(PAGE_FAULT);
    }
  });
});

it('comes back to the run loop for no end of a page', () => {
  const guest = new FlatGuest({ bits: 32, accel: 'jit' });
  const code = program(LOOPS[0][2], 32);
  for (let round = 0; round < 40; round++) play(guest, code, { at: 0x3_0002, passes: MAX_PASSES });
  // A check for several passes that fails is made for one; only a word that lies in two pages is the interpreter's.
  expect(guest.machine.engine.stats.counters.slowSteps).toBeLessThan(10);
});

describe('what is repeated', () => {
  const MODE = MODE_PROTECTED | MODE_CODE32 | MODE_FLAT_CS | MODE_FLAT_DATA;
  function block(code: string) {
    const bytes = Uint8Array.from(code.split(' '), (byte) => Number.parseInt(byte, 16));
    const instructions = [];
    for (let offset = 0; offset < bytes.length; ) {
      const result = decode(bytes, offset, bytes.length, { codeBits: 32 }, PENTIUM3.features, true);
      if (!result.ok) throw new Error(`no instruction at ${offset}`);
      instructions.push({ offset, instruction: result.instruction });
      offset += result.instruction.length;
    }
    return { offset: 0, instructions, next: bytes.length };
  }

  it('is a loop that goes back to where it begins, on a condition', () => {
    // dec ecx; jnz 0 | dec ecx; jnz 1 | jmp 0 | loop 0
    expect(isRepeated(block('49 75 fd'))).toBe(true);
    expect(isRepeated(block('49 75 fe'))).toBe(false);
    expect(isRepeated(block('eb fe'))).toBe(false);
    expect(isRepeated(block('e2 fe'))).toBe(false);
  });

  it('is integer code', () => {
    // fld1; jnz 0 | rep movsb; jnz 0
    expect(isRepeated(block('d9 e8 75 fc'))).toBe(false);
    expect(isRepeated(block('f3 a4 75 fc'))).toBe(false);
  });

  it('shares checks by registers that move by the same each time', () => {
    // add [ebx+8], eax; inc ebx; mov edx, [esi-4]; jnz 0
    expect(sharedRanges(block('01 43 08 43 8b 56 fc 75 f7'), MODE, 32)).toEqual([
      { register: 3, write: true, low: 8, end: 8 + 4 + REPETITIONS - 1 },
      { register: 6, write: false, low: -4, end: 0 },
    ]);
  });

  it('shares none by registers that become something else first, or in segments', () => {
    // mov ebx, eax; mov edx, [ebx]; jnz 0 | mov edx, fs:[ebx]; jnz 0
    expect(sharedRanges(block('89 c3 8b 13 75 fa'), MODE, 32)).toEqual([]);
    expect(sharedRanges(block('64 8b 13 75 fb'), MODE, 32)).toEqual([]);
  });
});
