// The PS/2 mouse through INT 15h AH=C2h: a program's handler is called with each packet.

import { expect, it } from 'vitest';
import { asm, biosMachine, bootImage, FLOPPY_BYTES, floppy, kept, RESULTS } from '../../../support/bios-machine.ts';

const HANDLER = 0x7d80;
const PACKETS = 0x700;
const c2 = (function_: number, bx: number): number[] => [...asm.ax(0xc200 | function_), ...asm.bx(bx), ...asm.int(0x15)];

it('tells its type and calls the handler with status and movement', () => {
  const program = [
    ...c2(0x05, 0x0300), ...asm.keep(), ...c2(0x04, 0), ...asm.keep(0x10),
    // xor ax, ax; mov es, ax
    0x31, 0xc0, 0x8e, 0xc0, ...c2(0x07, HANDLER), ...asm.keep(0x20), ...c2(0x00, 0x0100), ...asm.keep(0x30),
    // sti; hlt; jmp back
    0xfb, 0xf4, 0xeb, 0xfc,
  ];
  // Four words above the return address: DX 0, Y, X, status.
  const word = (to: number): number[] => [to & 0xff, to >> 8];
  const handler = [
    0x1e, 0x31, 0xc0, 0x8e, 0xd8, 0x55, 0x89, 0xe5, 0x8b, 0x46, 0x0e, 0xa3, ...word(PACKETS), 0x8b, 0x46, 0x0c, 0xa3, ...word(PACKETS + 2),
    0x8b, 0x46, 0x0a, 0xa3, ...word(PACKETS + 4), 0xff, 0x06, ...word(PACKETS + 6), 0x5d, 0x1f, 0xcb,
  ];
  const image = bootImage(program, FLOPPY_BYTES);
  image.set(handler, HANDLER - 0x7c00);
  const machine = biosMachine([floppy(image)]);
  machine.machine.runFor(20_000_000, 3e8);
  expect([0, 0x10, 0x20, 0x30].map((at) => kept(machine, at).carry)).toEqual([false, false, false, false]);
  expect(kept(machine, 0x10).bx >> 8).toBe(0);
  machine.machine.command({ kind: 'mouse', dx: 5, dy: -3, wheel: 0, buttons: 1 });
  machine.machine.runFor(20_000_000, 3e8);
  expect(machine.word(PACKETS + 6)).toBeGreaterThan(0);
  expect(machine.word(PACKETS) & 1).toBe(1);
  expect(machine.word(PACKETS + 2)).toBe(5);
  expect(machine.word(RESULTS)).not.toBe(0);
});
