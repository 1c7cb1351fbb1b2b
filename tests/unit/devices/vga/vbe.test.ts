// The Bochs VBE registers and the modes they set, written to as a processor does through the linear frame buffer.

import { describe, expect, it } from 'vitest';
import { vgaBoard } from '../../../support/vga-board.ts';

const ID = 0;
const XRES = 1;
const YRES = 2;
const BPP = 3;
const ENABLE = 4;
const BANK = 5;
const VIRT_WIDTH = 6;
const VIRT_HEIGHT = 7;
const X_OFFSET = 8;
const Y_OFFSET = 9;
const MEMORY_64K = 10;

const ENABLED = 0x01;
const GETCAPS = 0x02;
const LFB = 0x40;
const NOCLEARMEM = 0x80;

function vbeBoard(width: number, height: number, bpp: number, memoryBytes?: number) {
  const board = vgaBoard(memoryBytes);
  board.textMode3();
  board.vbe.set(XRES, width);
  board.vbe.set(YRES, height);
  board.vbe.set(BPP, bpp);
  board.vbe.set(ENABLE, ENABLED | LFB);
  const refresh = (whole = false) => board.vga.screen.refresh(whole);
  return { ...board, refresh, pixelAt: (x: number, y: number) => board.pixel(x, y, width) };
}

describe('VBE registers', () => {
  it('name their version and the size of the memory', () => {
    const { vbe } = vgaBoard(0x80_0000);
    expect(vbe.get(ID)).toBe(0xb0c5);
    vbe.set(ID, 0xb0c2);
    expect(vbe.get(ID)).toBe(0xb0c2);
    vbe.set(ID, 0x1234);
    expect(vbe.get(ID)).toBe(0xb0c2);
    expect(vbe.get(MEMORY_64K)).toBe(128);
  });

  it('tell the largest mode while asked for capabilities', () => {
    const { vbe } = vgaBoard();
    vbe.set(ENABLE, GETCAPS);
    expect([XRES, YRES, BPP].map(vbe.get)).toEqual([2560, 1600, 32]);
    vbe.set(ENABLE, 0);
    expect([XRES, YRES].map(vbe.get)).toEqual([0, 0]);
  });

  it('set a mode whose virtual screen fills the memory', () => {
    const { vbe } = vbeBoard(1024, 768, 16);
    expect([VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET].map(vbe.get)).toEqual([
      1024,
      0x40_0000 / 2048,
      0,
      0,
    ]);
    vbe.set(XRES, 640);
    expect(vbe.get(XRES)).toBe(1024);
  });

  it('keep a mode off that does not fit', () => {
    const { vbe, refresh } = vbeBoard(1600, 1200, 32, 0x40_0000);
    expect(vbe.get(ENABLE) & ENABLED).toBe(0);
    expect(refresh()!.text!.columns).toBe(80);
  });

  it('clear the memory unless told not to', () => {
    const { vbe, memory } = vbeBoard(640, 480, 32);
    memory[1000] = 7;
    vbe.set(ENABLE, 0);
    vbe.set(ENABLE, ENABLED | LFB | NOCLEARMEM);
    expect(memory[1000]).toBe(7);
    vbe.set(ENABLE, 0);
    vbe.set(ENABLE, ENABLED | LFB);
    expect(memory[1000]).toBe(0);
  });
});

describe('the beam in a VBE mode', () => {
  it('comes back sixty times a second', () => {
    const { in: read, context } = vbeBoard(800, 600, 32);
    let retraces = 0;
    let before = 0;
    for (let step = 0; step < 100_000; step++) {
      context.clock.advance(10_000);
      const now = read(0x3da) & 8;
      if (now > before) retraces++;
      before = now;
    }
    expect(retraces).toBe(60);
  });
});

describe('linear modes', () => {
  it.each([
    [15, [0x1f, 0x7c], 0xffff00ff],
    [16, [0xe0, 0x07], 0xff00ff00],
    [16, [0x10, 0x84], 0xff848284],
    [24, [0x11, 0x22, 0x33], 0xff112233],
    [32, [0x11, 0x22, 0x33, 0x99], 0xff112233],
  ])('of %i bits show bytes %j as a colour', (bpp, bytes, color) => {
    const { storeLinear, refresh, pixelAt } = vbeBoard(800, 600, bpp);
    const bytesPerDot = Math.ceil(bpp / 8);
    storeLinear((599 * 800 + 799) * bytesPerDot, bytes);
    const update = refresh()!;
    expect([update.width, update.height, update.text]).toEqual([800, 600, undefined]);
    expect(pixelAt(799, 599)).toBe(color);
    expect(pixelAt(798, 599)).toBe(0xff000000);
  });

  it('of 8 bits go through the palette, with 8 bits a colour when asked', () => {
    const { vbe, out, storeLinear, refresh, pixelAt } = vbeBoard(640, 480, 8);
    out(0x3c8, 77);
    for (const value of [0x3f, 0x20, 0]) out(0x3c9, value);
    storeLinear(641, [77]);
    refresh();
    expect(pixelAt(1, 1)).toBe(0xff0082ff);
    vbe.set(ENABLE, ENABLED | LFB | 0x20 | NOCLEARMEM);
    out(0x3c8, 77);
    for (const value of [0xfe, 0x81, 1]) out(0x3c9, value);
    refresh();
    expect(pixelAt(1, 1)).toBe(0xff0181fe);
  });

  it('of 4 bits are planar', () => {
    const { seq, gfx, out, refresh, pixelAt } = vbeBoard(800, 600, 4);
    seq.set(2, 0x0f);
    seq.set(4, 0x06);
    gfx.set(5, 0);
    gfx.set(6, 5);
    out(0xa0000 + 599 * 100 + 99, 0x01);
    refresh();
    expect(pixelAt(799, 599)).toBe(0xffffffff);
    expect(pixelAt(798, 599)).toBe(0xff000000);
  });

  it('pan over a wider virtual screen', () => {
    const { vbe, storeLinear, refresh, pixelAt } = vbeBoard(640, 480, 32);
    vbe.set(VIRT_WIDTH, 1024);
    expect(vbe.get(VIRT_HEIGHT)).toBe(1024);
    vbe.set(X_OFFSET, 100);
    vbe.set(Y_OFFSET, 50);
    storeLinear((50 * 1024 + 100) * 4, [1, 0, 0, 0]);
    refresh();
    expect(pixelAt(0, 0)).toBe(0xff010000);
  });

  it('are black beyond the end of memory', () => {
    const { vbe, storeLinear, refresh, pixelAt } = vbeBoard(640, 480, 32);
    storeLinear(0, [1, 0, 0, 0]);
    refresh();
    vbe.set(Y_OFFSET, 0xffff);
    refresh();
    expect(pixelAt(0, 0)).toBe(0xff000000);
  });

  it('are reached 64 KiB at a time through the window at A0000h', () => {
    const { vbe, out, in: read, memory, refresh, pixelAt } = vbeBoard(640, 480, 32);
    vbe.set(BANK, 3);
    out(0xa0004, 0x00ffffff, 4);
    expect(memory[3 * 0x1_0000 + 4]).toBe(0xff);
    expect(read(0xa0004, 4)).toBe(0x00ffffff);
    refresh();
    const dot = (3 * 0x1_0000 + 4) / 4;
    expect(pixelAt(dot % 640, Math.floor(dot / 640))).toBe(0xffffffff);
    vbe.set(BANK, 0xffff);
    expect(vbe.get(BANK)).toBe(3);
  });

  it('report the tiles of stores to the frame buffer, and nothing else', () => {
    const { storeLinear, refresh } = vbeBoard(1024, 768, 32);
    refresh();
    expect(refresh()).toBeUndefined();
    storeLinear((500 * 1024 + 700) * 4, [9, 9, 9, 0]);
    expect(refresh()!.dirty).toEqual([{ x: 640, y: 448, width: 64, height: 64 }]);
    storeLinear((500 * 1024 + 700) * 4, [9, 9, 9, 0]);
    expect(refresh()).toBeUndefined();
    // Memory that is not shown.
    storeLinear(800 * 1024 * 4, [1]);
    expect(refresh()).toBeUndefined();
  });

  it('give the text screen back when switched off', () => {
    const { vbe, refresh } = vbeBoard(800, 600, 32);
    expect(refresh()!.width).toBe(800);
    vbe.set(ENABLE, 0);
    const update = refresh()!;
    expect([update.width, update.height, update.text!.columns]).toEqual([720, 400, 80]);
  });
});

describe('a damaged snapshot', () => {
  it.each([
    ['size', XRES, 0x8000_0000],
    ['size', YRES, 5000],
    ['depth', BPP, 7],
    ['bank', BANK, 0xffff_ffff],
    ['offset', Y_OFFSET, 0xffff_ffff],
    ['virtual width', VIRT_WIDTH, 0xffff_ffff],
  ])('with an impossible %s (register %i: %i) leaves VBE off', (_what, index, value) => {
    const { vga, refresh } = vbeBoard(640, 480, 32);
    vga.state.vbe[index] = value;
    vga.afterRestore();
    expect(refresh()!.text!.columns).toBe(80);
  });
});

describe('registers in PCI memory', () => {
  it('are the VBE registers at 500h and the ports from 3C0h on at 400h', () => {
    const { vga, vbe, seq } = vgaBoard();
    const region = vga.regions.findIndex(({ unmapped }) => unmapped);
    expect(vga.read(region, 0x500, 2)).toBe(0xb0c5);
    vga.write(region, 0x502, 2, 640);
    expect(vbe.get(XRES)).toBe(640);
    vga.write(region, 0x404, 2, 0x0f02);
    expect(seq.get(2)).toBe(0x0f);
    expect(vga.read(region, 0x404, 2)).toBe(0x0f02);
    expect(vga.read(region, 0x600, 4)).toBe(0);
  });
});
