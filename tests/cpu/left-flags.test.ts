// Flags that one region leaves and another one reads, or hands on, or keeps a part of: a callee in another page is a region of
// its own, and so is the loop of its caller, from behind the call to the next one.

import { describe, expect, it } from 'vitest';
import { readFlags } from '../../src-main/engine/x86/state/flags.ts';
import { GPR_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { CODE, FlatGuest } from '../support/flat-guest.ts';

const PASSES = 60;
const CALLEE = CODE + 0x1000;

/** On EAX and EDX, or parts of them. */
const OPERATIONS = [
  ['add al, 35h', '04 35'],
  ['add ax, dx', '66 01 d0'],
  ['add eax, edx', '01 d0'],
  ['add eax, 79563412h', '05 12 34 56 79'],
  ['sub al, dl', '28 d0'],
  ['sub ax, 1357h', '66 2d 57 13'],
  ['cmp eax, 80000000h', '3d 00 00 00 80'],
  ['cmp eax, edx', '39 d0'],
  ['cmp al, 80h', '3c 80'],
  ['test ax, dx', '66 85 d0'],
  ['xor eax, edx', '31 d0'],
  ['shl eax, 3', 'c1 e0 03'],
  ['sbb eax, edx', '19 d0'],
  ['neg eax', 'f7 d8'],
  ['inc al', 'fe c0'],
] as const;
const WIDE_OPERATIONS = [
  ['add rax, rdx', '48 01 d0'],
  ['sub rax, 1000h', '48 2d 00 10 00 00'],
  ['cmp rax, rdx', '48 39 d0'],
] as const;

// lahf; movzx ebx, ah; lea esi, [rsi + rbx]; seto bl; movzx ebx, bl; lea esi, [rsi + rbx * 4]
const READ = '9f 0f b6 dc 8d 34 1e 0f 90 c3 0f b6 db 8d 34 9e';
// imul esi, esi, 19660dh
const MIX_READ = '69 f6 0d 66 19 00';
// imul eax, eax, 19660dh; imul edx, edx, 10dcdh; lea edx, [rdx + rcx]
const MIX = '69 c0 0d 66 19 00 69 d2 cd 0d 01 00 8d 14 0a';

const CALLEES = [
  ['reads', `${READ} ${MIX_READ} c3`],
  ['hands on', 'c3'],
  // inc ebp; ret
  ['keeps the carry', 'ff c5 c3'],
  // cmc; ret
  ['changes the carry', 'f5 c3'],
  // jo +2; inc ebp; lea ebp, [rbp + 3]; ret
  ['may change', '70 02 ff c5 8d 6d 03 c3'],
] as const;

const bytes = (code: string): number[] => code.split(' ').map((byte) => Number.parseInt(byte, 16));
const byte = (value: number): string => (value & 0xff).toString(16).padStart(2, '0');
const word = (value: number): string => [0, 8, 16, 24].map((shift) => byte(value >> shift)).join(' ');

/** ESI tells the flags behind each call; `callee` may look at them as well. */
function program(operation: string): string {
  // mov ecx, PASSES; xor esi, esi; xor ebp, ebp; mov eax, 67452301h; mov edx, 0efcdab89h
  const start = `b9 ${word(PASSES)} 31 f6 31 ed b8 01 23 45 67 ba 89 ab cd ef`;
  const before = `${MIX} ${operation}`;
  const call = `e8 ${word(CALLEE - (CODE + bytes(`${start} ${before}`).length + 5))}`;
  // sub ecx, 1
  const pass = `${before} ${call} ${READ} ${MIX_READ} 83 e9 01`;
  // jecxz end; jmp pass
  return `${start} ${pass} e3 02 eb ${byte(-(bytes(pass).length + 4))}`;
}

describe.each([32, 64] as const)('%i bits', (bits) => {
  const operations = bits === 64 ? [...OPERATIONS, ...WIDE_OPERATIONS] : OPERATIONS;
  describe.each(CALLEES)('the callee %s', (_name, callee) => {
    const guests = [new FlatGuest({ bits, accel: 'interp' }), new FlatGuest({ bits, accel: 'jit' })] as const;
    for (const { view } of guests) for (const [at, value] of bytes(callee).entries()) view.setUint8(CALLEE + at, value);
    it.each(operations)('%s', (_text, code) => {
      const before = guests[1].machine.engine.stats.regionsCompiled;
      const [interpreted, compiled] = guests.map((guest) => {
        expect(guest.run(program(code))).toBe(-1);
        const { cpu } = guest.machine;
        // The last of them, too, which no region reads.
        return [readFlags(cpu), ...[GPR_INDEX.rsi, GPR_INDEX.rbp, GPR_INDEX.rax].map((index) => cpu.low('gpr', index))];
      });
      expect(compiled).toEqual(interpreted);
      expect(guests[1].machine.engine.stats.regionsCompiled).toBeGreaterThan(before);
    });
  });
});
