// INT 10h: what programs draw is on the screen, in memory and in the data area.

import { describe, expect, it } from 'vitest';
import { asm, biosMachine, bootImage, FLOPPY_BYTES, floppy, kept } from '../../../support/bios-machine.ts';

function run(program: readonly number[]) {
  const machine = biosMachine([floppy(bootImage([...program, ...asm.halt()], FLOPPY_BYTES))]);
  expect(machine.run().kind).toBe('idle');
  return machine;
}

const mode = (number: number): number[] => [...asm.ax(number), ...asm.int(0x10)];
const teletype = (text: string, color = 7): number[] =>
  [...text].flatMap((character) => [...asm.ax(0x0e00 | character.charCodeAt(0)), ...asm.bx(color), ...asm.int(0x10)]);
/** Dots of the picture by palette index or colour are read back by INT 10h AH=0Dh. */
const readDot = (x: number, y: number, at: number): number[] => [...asm.ax(0x0d00), ...asm.bx(0), ...asm.cx(x), ...asm.dx(y), ...asm.int(0x10), ...asm.keep(at)];
const writeDot = (x: number, y: number, color: number): number[] => [...asm.ax(0x0c00 | color), ...asm.bx(0), ...asm.cx(x), ...asm.dx(y), ...asm.int(0x10)];

describe('INT 10h in text modes', () => {
  it('types, with line feed, carriage return and backspace', () => {
    const machine = run([...mode(3), ...teletype('one\r\ntwx\bo')]);
    expect(machine.screen().slice(0, 2)).toEqual(['one', 'two']);
    expect(machine.word(0x450)).toBe(0x0103);
  });

  it('scrolls when the last line is full', () => {
    const machine = run([...mode(3), ...teletype('first'), ...asm.ax(0x0200), ...asm.bx(0), ...asm.dx(0x1800), ...asm.int(0x10), ...teletype('last\n\n')]);
    const rows = machine.screen();
    expect([rows[0], rows[22], rows[24]]).toEqual(['', 'last', '']);
  });

  it('writes cells with attributes and reads them back', () => {
    const machine = run([
      ...mode(3), ...asm.ax(0x0941), ...asm.bx(0x001e), ...asm.cx(3), ...asm.int(0x10), ...asm.ax(0x0800), ...asm.bx(0), ...asm.int(0x10), ...asm.keep(),
    ]);
    expect(machine.screen()[0]).toBe('AAA');
    expect(kept(machine).ax).toBe(0x1e41);
  });

  it('clears a window with an attribute', () => {
    const machine = run([
      ...mode(3), ...teletype('abcdef'), ...asm.ax(0x0600), ...asm.bx(0x7000), ...asm.cx(0x0001), ...asm.dx(0x0003), ...asm.int(0x10),
    ]);
    expect(machine.screen()[0]).toBe('a   ef');
  });

  it('goes to 50 lines with the 8x8 font', () => {
    const machine = run([...mode(3), ...asm.ax(0x1112), ...asm.bx(0), ...asm.int(0x10), ...asm.ax(0x1130), ...asm.bx(0), ...asm.int(0x10), ...asm.keep()]);
    expect(machine.bytes(0x484, 2)).toEqual([49, 8]);
    expect(kept(machine)).toMatchObject({ cx: 8 });
    expect(machine.screen()).toHaveLength(50);
  });

  it('tells mode, columns and page; display combination and EGA information', () => {
    const machine = run([
      ...mode(1), ...asm.ax(0x0f00), ...asm.int(0x10), ...asm.keep(), ...asm.ax(0x1a00), ...asm.int(0x10), ...asm.keep(0x10),
      ...asm.ax(0x1200), ...asm.bx(0x0010), ...asm.int(0x10), ...asm.keep(0x20),
    ]);
    expect(kept(machine).ax).toBe(0x2801);
    expect(kept(machine, 0x10)).toMatchObject({ ax: 0x1a1a, bx: 0x0008 });
    expect(kept(machine, 0x20).bx).toBe(0x0003);
  });
});

describe('INT 10h in graphics modes', () => {
  const modes: readonly [number, number][] = [[0x04, 2], [0x06, 1], [0x0d, 9], [0x0e, 9], [0x10, 9], [0x12, 9], [0x13, 0x4d]];
  it.each(modes)('writes and reads dots in mode %i', (number, color) => {
    const machine = run([...mode(number), ...writeDot(13, 7, color), ...readDot(13, 7, 0), ...readDot(14, 7, 0x10)]);
    expect([kept(machine).ax & 0xff, kept(machine, 0x10).ax & 0xff]).toEqual([color, 0]);
  });

  it.each([0x04, 0x0d, 0x12, 0x13])('draws characters in mode %i', (number) => {
    // The full block has every dot set.
    const machine = run([...mode(number), ...teletype('\u00db', 3), ...readDot(0, 0, 0), ...readDot(7, 7, 0x10), ...readDot(8, 0, 0x20)]);
    expect([0, 0x10, 0x20].map((at) => kept(machine, at).ax & 0xff)).toEqual([3, 3, 0]);
    expect(machine.word(0x450)).toBe(1);
  });

  it('scrolls lines of dots', () => {
    const machine = run([
      ...mode(0x12), ...writeDot(3, 16, 5), ...asm.ax(0x0601), ...asm.bx(0), ...asm.cx(0), ...asm.dx(0x1d4f), ...asm.int(0x10), ...readDot(3, 0, 0), ...readDot(3, 16, 0x10),
    ]);
    expect([kept(machine).ax & 0xff, kept(machine, 0x10).ax & 0xff]).toEqual([5, 0]);
  });

  it('loads the DAC and reads it back', () => {
    const machine = run([
      ...mode(0x13), ...asm.ax(0x1010), ...asm.bx(0x0055), ...asm.dx(0x1100), ...asm.cx(0x2233), ...asm.int(0x10),
      ...asm.ax(0x1015), ...asm.bx(0x0055), ...asm.cx(0), ...asm.dx(0), ...asm.int(0x10), ...asm.keep(),
    ]);
    expect(kept(machine)).toMatchObject({ cx: 0x2233 });
    expect(kept(machine).dx >> 8).toBe(0x11);
  });
});

describe('VBE', () => {
  const at = 0x8000;
  const get = (number: number): number[] => [...asm.ax(0x4f01), ...asm.cx(number), ...asm.di(at), ...asm.int(0x10), ...asm.keep()];

  it('describes the controller as version 3.0 with a list of modes', () => {
    const machine = run([...asm.poke(at, 0x4256), ...asm.poke(at + 2, 0x3245), ...asm.ax(0x4f00), ...asm.di(at), ...asm.int(0x10), ...asm.keep()]);
    expect(kept(machine).ax).toBe(0x004f);
    expect(String.fromCharCode(...machine.bytes(at, 4))).toBe('VESA');
    expect([machine.word(at + 4), machine.word(at + 18)]).toEqual([0x0300, 256]);
    const list = machine.dword(at + 14);
    const first = (list >>> 16) * 16 + (list & 0xffff);
    expect([machine.word(first), machine.word(first + 2)]).toEqual([0x100, 0x101]);
  });

  it('describes a mode: size, depth, colour fields and where its memory is', () => {
    const machine = run(get(0x118));
    expect(kept(machine).ax).toBe(0x004f);
    expect([machine.word(at + 16), machine.word(at + 18), machine.word(at + 20), machine.bytes(at + 25, 1)[0]]).toEqual([3072, 1024, 768, 24]);
    expect(machine.bytes(at + 31, 6)).toEqual([8, 16, 8, 8, 8, 0]);
    const { ports } = machine.machine.board;
    ports.write(0xcf8, 4, 0x8000_1010);
    expect(machine.dword(at + 40)).toBe((ports.read(0xcfc, 4) & 0xffff_fff0) >>> 0);
  });

  it('knows no mode that does not fit into memory, or does not exist', () => {
    expect(kept(run(get(0x1f0))).ax).toBe(0x014f);
  });

  it('sets a mode with a linear frame buffer, whose memory is on the screen', () => {
    const machine = run([...asm.ax(0x4f02), ...asm.bx(0x4144), ...asm.int(0x10), ...asm.keep(), ...asm.ax(0x4f03), ...asm.int(0x10), ...asm.keep(0x10)]);
    expect([kept(machine).ax, kept(machine, 0x10).bx]).toEqual([0x004f, 0x4144]);
    machine.screen();
    const frame = machine.events.findLast((event) => event.kind === 'frame');
    expect(frame).toMatchObject({ update: { width: 1024, height: 768 } });
  });

  it('moves the banked window, the line length and the display start', () => {
    const machine = run([
      ...asm.ax(0x4f02), ...asm.bx(0x0103), ...asm.int(0x10),
      ...asm.ax(0x4f05), ...asm.bx(0), ...asm.dx(2), ...asm.int(0x10), ...asm.ax(0x4f05), ...asm.bx(0x0100), ...asm.int(0x10), ...asm.keep(),
      ...asm.ax(0x4f06), ...asm.bx(0), ...asm.cx(1024), ...asm.int(0x10), ...asm.keep(0x10),
      ...asm.ax(0x4f07), ...asm.bx(0), ...asm.cx(8), ...asm.dx(5), ...asm.int(0x10), ...asm.ax(0x4f07), ...asm.bx(1), ...asm.int(0x10), ...asm.keep(0x20),
    ]);
    expect(kept(machine)).toMatchObject({ ax: 0x004f, dx: 2 });
    expect(kept(machine, 0x10)).toMatchObject({ ax: 0x004f, bx: 1024, cx: 1024 });
    expect(kept(machine, 0x20)).toMatchObject({ ax: 0x004f, cx: 8, dx: 5 });
  });

  it('hands on the EDID', () => {
    const machine = run([...asm.ax(0x4f15), ...asm.bx(1), ...asm.cx(0), ...asm.dx(0), ...asm.di(at), ...asm.int(0x10), ...asm.keep()]);
    expect(kept(machine).ax).toBe(0x004f);
    expect(machine.bytes(at, 8)).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(machine.bytes(at, 128).reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
  });
});
