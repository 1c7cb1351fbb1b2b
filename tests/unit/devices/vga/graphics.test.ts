// The VGA's graphics modes as IBM's BIOS sets them, from bytes in the window at A0000h to dots on the screen.

import { describe, expect, it } from 'vitest';
import { BLACK } from '../../../support/vga-board.ts';
import { modeBoard, type VgaMode } from '../../../support/vga-modes.ts';

/** `dot` gives the palette index of a pixel. */
function graphicsBoard(mode: VgaMode) {
  const board = modeBoard(mode);
  const refresh = (whole = false) => board.vga.screen.refresh(whole);
  let width = 0;
  const dot = (x: number, y: number) => {
    const color = board.pixel(x, y, width);
    return ((color & 0xff) >> 2) | ((((color >> 8) & 0xff) >> 2) << 6);
  };
  const first = refresh()!;
  width = first.width;
  return { ...board, refresh, dot, size: [first.width, first.height], first };
}

describe('mode 12h', () => {
  it('shows 640 by 480 dots of four planes', () => {
    const { size, first, out, seq, refresh, dot } = graphicsBoard(0x12);
    expect(size).toEqual([640, 480]);
    expect(first.text).toBeUndefined();
    seq.set(2, 0b1010);
    out(0xa0000 + 479 * 80 + 79, 0x01);
    seq.set(2, 0b0001);
    out(0xa0000 + 10 * 80, 0xf0);
    const update = refresh()!;
    expect(dot(639, 479)).toBe(10);
    expect(dot(638, 479)).toBe(0);
    expect([dot(0, 10), dot(3, 10), dot(4, 10)]).toEqual([1, 1, 0]);
    expect(update.dirty).toEqual([
      { x: 0, y: 0, width: 64, height: 64 },
      { x: 576, y: 448, width: 64, height: 32 },
    ]);
  });

  it('pans, moves and takes colours through the palettes', () => {
    const { out, attr, crtc, refresh, dot, pixel, nextFrame } = graphicsBoard(0x12);
    out(0xa0000, 0x80);
    out(0xa0050, 0xff);
    refresh();
    expect(dot(0, 0)).toBe(15);
    attr.set(0x13, 3);
    attr.get(0);
    refresh();
    expect(dot(0, 0)).toBe(0);
    expect([dot(4, 1), dot(5, 1)]).toEqual([15, 0]);
    crtc.set(0x0d, 0x50);
    refresh();
    expect([dot(4, 0), dot(5, 0)]).toEqual([0, 0]);
    nextFrame();
    refresh();
    expect([dot(4, 0), dot(5, 0)]).toEqual([15, 0]);
    attr.set(0x12, 0x05);
    attr.get(0);
    refresh();
    expect(dot(4, 0)).toBe(5);
    attr.set(5, 0x2a);
    attr.get(0);
    refresh();
    expect(dot(4, 0)).toBe(0x2a);
    attr.set(0x10, 0x81);
    attr.set(0x14, 0x0b);
    attr.get(0);
    refresh();
    expect(dot(4, 0)).toBe(0xba);
    out(0x3c6, 0x0f);
    refresh();
    expect(dot(4, 0)).toBe(0x0a);
    expect(pixel(100, 100, 640)).toBe(BLACK);
  });

  it('splits at line compare', () => {
    const { out, crtc, refresh, dot, nextFrame } = graphicsBoard(0x12);
    out(0xa0000, 0xff);
    crtc.set(0x0c, 0x40);
    crtc.set(0x07, 0x2e);
    crtc.set(0x09, 0x00);
    crtc.set(0x18, 99);
    nextFrame();
    refresh();
    expect(dot(0, 0)).toBe(0);
    expect(dot(0, 99)).toBe(0);
    expect(dot(0, 100)).toBe(15);
  });
});

describe('mode 0Dh', () => {
  it('shows 320 by 200 dots, each on two lines', () => {
    const { size, out, refresh, dot } = graphicsBoard(0x0d);
    expect(size).toEqual([320, 200]);
    out(0xa0000 + 199 * 40 + 39, 0x03);
    refresh();
    expect([dot(317, 199), dot(318, 199), dot(319, 199)]).toEqual([0, 15, 15]);
  });
});

describe('mode 13h', () => {
  it('shows 320 by 200 dots of a byte each', () => {
    const { size, out, refresh, dot } = graphicsBoard(0x13);
    expect(size).toEqual([320, 200]);
    for (const [x, y, color] of [
      [0, 0, 7],
      [319, 0, 200],
      [3, 101, 99],
      [319, 199, 255],
    ] as const) {
      out(0xa0000 + y * 320 + x, color);
      refresh();
      expect(dot(x, y)).toBe(color);
    }
  });

  it('shows the same memory unchained, four dots an address', () => {
    const { out, seq, crtc, refresh, dot, nextFrame } = graphicsBoard(0x13);
    seq.set(4, 0x06);
    crtc.set(0x14, 0x00);
    crtc.set(0x17, 0xe3);
    seq.set(2, 0b0100);
    out(0xa0000 + 150 * 80 + 20, 42);
    refresh();
    expect([dot(81, 150), dot(82, 150), dot(83, 150)]).toEqual([0, 42, 0]);
    crtc.set(0x0c, (150 * 80) >> 8);
    crtc.set(0x0d, (150 * 80) & 0xff);
    nextFrame();
    refresh();
    expect(dot(82, 0)).toBe(42);
  });

  it('follows the palette without a write to memory', () => {
    const { out, refresh, pixel } = graphicsBoard(0x13);
    out(0xa0000, 9);
    refresh();
    out(0x3c8, 9);
    for (const value of [0x3f, 0, 0x3f]) out(0x3c9, value);
    expect(refresh()!.dirty).toEqual([{ x: 0, y: 0, width: 64, height: 64 }]);
    expect(pixel(0, 0, 320)).toBe(0xffff00ff);
  });
});

describe('CGA modes', () => {
  it('4 has two bits a dot and odd rows 2000h further on', () => {
    const { size, out, refresh, dot } = graphicsBoard(0x04);
    expect(size).toEqual([320, 200]);
    out(0xb8000, 0b00_01_10_11);
    out(0xb8001, 0b11_00_00_01);
    out(0xb8000 + 0x2000 + 99 * 80 + 79, 0b00_00_00_10);
    refresh();
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((x) => dot(x, 0))).toEqual([0, 1, 2, 3, 3, 0, 0, 1]);
    expect(dot(319, 199)).toBe(2);
  });

  it('6 has 640 dots of one bit', () => {
    const { size, out, refresh, dot } = graphicsBoard(0x06);
    expect(size).toEqual([640, 200]);
    out(0xb8000 + 0x2000, 0x81);
    refresh();
    expect([dot(0, 1), dot(1, 1), dot(7, 1)]).toEqual([1, 0, 1]);
    expect(dot(0, 0)).toBe(0);
  });
});
