// Flags that one pass of a loop leaves to the next: read there, and stored where a region is left in between, as it is
// by an access to a page that was not accessed before.

import { describe, expect, it } from 'vitest';
import { GPR_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { DATA, FlatGuest } from '../support/flat-guest.ts';

const PASSES = 300;
const STEP = 0x123;
/** Each program has pages of its own, which nothing has accessed before. */
const AREA = 0x1_6000;

/** On EAX and EDX, or parts of them. */
const OPERATIONS = [
  ['add al, 35h', '04 35'],
  ['add ax, 3579h', '66 05 79 35'],
  ['add eax, edx', '01 d0'],
  ['sub al, dl', '28 d0'],
  ['sub ax, 1357h', '66 2d 57 13'],
  ['cmp eax, 80000000h', '3d 00 00 00 80'],
  ['cmp al, dl', '38 d0'],
  ['and al, 0fh', '24 0f'],
  ['test eax, edx', '85 d0'],
  ['xor ax, dx', '66 31 d0'],
  ['shl eax, 1', 'd1 e0'],
  ['adc eax, edx', '11 d0'],
  ['neg eax', 'f7 d8'],
] as const;
const WIDE_OPERATIONS = [
  ['add rax, rdx', '48 01 d0'],
  ['sub rax, 1000h', '48 2d 00 10 00 00'],
  ['cmp rax, rdx', '48 39 d0'],
  ['test rax, rax', '48 85 c0'],
] as const;

const bytes = (code: string): number => code.replaceAll(' ', '').length / 2;
const byte = (value: number): string => (value & 0xff).toString(16).padStart(2, '0');
const word = (value: number): string => [0, 8, 16, 24].map((shift) => byte(value >> shift)).join('');

// mov [rdi], al; seto bl; setc bh; lea esi, [rsi + rbx]; sets dl; setz dh; lea esi, [rsi + rdx * 2]; setp bl
const READ = '88 07 0f 90 c3 0f 92 c7 8d 34 1e 0f 98 c2 0f 94 c6 8d 34 56 0f 9a c3';
// lea esi, [rsi + rbx * 4]; imul esi, esi, 19660dh; imul eax, eax, 19660dh; lea edx, [rax * 2 + rbx]
const MIX = '8d 34 9e 69 f6 0d 66 19 00 69 c0 0d 66 19 00 8d 54 43 07';

/** ESI tells the flags behind the store of each pass; the block hands on what the operation leaves. */
function program(operation: string, area: number): string {
  // lea edi, [rdi + STEP]; lea ecx, [rcx - 1]
  const pass = `${READ} ${MIX} ${operation} 8d bf ${word(STEP)} 8d 49 ff`;
  // jecxz end; jmp pass
  const leave = 'e3 02 eb';
  // mov ecx, PASSES; xor esi, esi; mov eax, 67452301h; lea edi, [rdi + area]
  const start = `b9 ${word(PASSES)} 31 f6 b8 01 23 45 67 8d bf ${word(area)}`;
  return `${start} ${pass} ${leave} ${byte(-(bytes(pass) + 4))}`;
}

/** A loop in a loop: both hand on flags to the inner one, whose counter has changed where they are read. */
function nested(area: number): string {
  // lea ebp, [rbp - 1]; the flags; lea edi, [rdi + STEP]; cmp ebp, 3
  const inner = `8d 6d ff ${READ} ${MIX} 8d bf ${word(STEP)} 83 fd 03`;
  // mov ebp, 13; inner: ...; jnz inner; lea ecx, [rcx - 1]; cmp edx, eax
  const outer = `bd ${word(13)} ${inner} 75 ${byte(-(bytes(inner) + 2))} 8d 49 ff 39 c2`;
  const start = `b9 ${word(PASSES / 10)} 31 f6 b8 01 23 45 67 8d bf ${word(area)}`;
  return `${start} ${outer} e3 02 eb ${byte(-(bytes(outer) + 4))}`;
}

describe.each([32, 64] as const)('%i bits', (bits) => {
  const guests = [new FlatGuest({ bits, accel: 'interp' }), new FlatGuest({ bits, accel: 'jit' })] as const;
  const operations = bits === 64 ? [...OPERATIONS, ...WIDE_OPERATIONS] : OPERATIONS;
  const programs = [
    ...operations.map(([text, code], at) => [text, program(code, at * AREA), at * AREA] as const),
    ['a loop in a loop', nested(operations.length * AREA), operations.length * AREA] as const,
  ];
  it.each(programs)('%s', (_text, code, area) => {
    const [interpreted, compiled] = guests.map((guest) => {
      expect(guest.run(code)).toBe(-1);
      const { cpu } = guest.machine;
      expect(cpu.low('gpr', GPR_INDEX.rdi)).toBe(DATA + area + STEP * PASSES);
      return cpu.low('gpr', GPR_INDEX.rsi);
    });
    expect(compiled).toBe(interpreted);
  });
  it('ran in regions', () => {
    expect(guests[1].machine.engine.stats.regionsCompiled).toBeGreaterThan(OPERATIONS.length);
  });
});
