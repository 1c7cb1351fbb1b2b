// Text mode 3: cells, cursor, attributes, and what the CRT controller moves, compared with the glyphs of the font.

import { describe, expect, it } from 'vitest';
import { GLYPHS_8X16 } from '../../../../src-main/engine/devices/vga/rom-fonts.table.ts';
import { vgaBoard } from '../../../support/vga-board.ts';

const WIDTH = 720;
const GRAY = 0xffaaaaaa;
const BLACK = 0xff000000;
const WHITE = 0xffffffff;
const BLUE = 0xffaa0000;
/** The cursor is hidden for 8 of 16 frames at 70 Hz. */
const HALF_CURSOR_NS = (8 * 1e9) / 70;

function textBoard() {
  const board = vgaBoard();
  board.textMode3();
  const write = (column: number, row: number, text: string, attribute = 0x07) => {
    for (const [index, character] of [...text].entries()) {
      board.out(0xb8000 + (row * 80 + column + index) * 2, character.charCodeAt(0) | (attribute << 8), 2);
    }
  };
  const refresh = (whole = false) => board.vga.screen.refresh(whole);
  /** Dots of a cell as rows of characters. */
  const cell = (column: number, row: number, lit = GRAY) =>
    Array.from({ length: 16 }, (_, y) =>
      Array.from({ length: 9 }, (_, x) =>
        board.pixel(column * 9 + x, row * 16 + y, WIDTH) === lit ? '#' : '.',
      ).join(''),
    );
  const hideCursor = () => board.crtc.set(0x0a, 0x20);
  return { ...board, write, refresh, cell, hideCursor };
}

function glyph(code: number, ninth = '.'): string[] {
  return Array.from({ length: 16 }, (_, line) => {
    const row = Number.parseInt(GLYPHS_8X16[code]!.slice(line * 2, line * 2 + 2), 16);
    const dots = row.toString(2).padStart(8, '0').replaceAll('0', '.').replaceAll('1', '#');
    return dots + (ninth === 'repeat' ? dots[7]! : ninth);
  });
}

describe('text mode 3 as firmware leaves it', () => {
  it('is an empty screen of 80 by 25 characters in 720 by 400 dots', () => {
    const { refresh } = textBoard();
    const update = refresh()!;
    expect([update.width, update.height]).toEqual([720, 400]);
    expect(update.text!.columns).toBe(80);
    expect(update.text!.rows).toEqual(Array.from({ length: 25 }, () => ' '.repeat(80)));
    expect(update.text!.cursor).toEqual({ column: 0, row: 0 });
  });

  it('draws characters with the font in plane 2', () => {
    const { write, refresh, cell, hideCursor } = textBoard();
    hideCursor();
    write(0, 0, 'A');
    write(79, 24, 'g');
    refresh();
    expect(cell(0, 0)).toEqual(glyph(0x41));
    expect(cell(79, 24)).toEqual(glyph(0x67));
    expect(cell(40, 12)).toEqual(glyph(0x20));
  });

  it('repeats the eighth dot of line-drawing characters only', () => {
    const { write, refresh, cell, hideCursor } = textBoard();
    hideCursor();
    write(3, 3, '\xc4\xdb\x16');
    refresh();
    expect(cell(3, 3)).toEqual(glyph(0xc4, 'repeat'));
    expect(cell(4, 3)).toEqual(glyph(0xdb, 'repeat'));
    expect(cell(5, 3)).toEqual(glyph(0x16));
  });

  it('takes colours from the attribute', () => {
    const { write, refresh, pixel, cell } = textBoard();
    write(5, 5, 'X', 0x1f);
    refresh();
    expect(cell(5, 5, WHITE)).toEqual(glyph(0x58));
    expect(pixel(5 * 9 + 8, 5 * 16, WIDTH)).toBe(BLUE);
  });

  it('says what is on the screen in Unicode', () => {
    const { write, refresh } = textBoard();
    write(0, 1, 'login: \xb3\xe1');
    expect(refresh()!.text!.rows[1]!.trimEnd()).toBe('login: │ß');
  });

  it('reports only the tiles of changed cells, and nothing when nothing changed', () => {
    const { write, refresh } = textBoard();
    refresh();
    expect(refresh()).toBeUndefined();
    write(10, 10, 'Z');
    expect(refresh()!.dirty).toEqual([{ x: 64, y: 128, width: 64, height: 64 }]);
    write(10, 10, 'Z');
    expect(refresh()).toBeUndefined();
    expect(refresh(true)!.dirty.reduce((sum, { width, height }) => sum + width * height, 0)).toBe(720 * 400);
  });
});

describe('cursor', () => {
  it('shows lines 13 and 14 in the colour of the character and blinks', () => {
    const { refresh, cell, context } = textBoard();
    refresh();
    const block = Array.from({ length: 16 }, (_, line) =>
      line === 13 || line === 14 ? '#########' : '.........',
    );
    expect(cell(0, 0)).toEqual(block);
    context.clock.advance(HALF_CURSOR_NS);
    expect(refresh()!.dirty).toHaveLength(1);
    expect(cell(0, 0)).toEqual(glyph(0x20));
    context.clock.advance(HALF_CURSOR_NS);
    refresh();
    expect(cell(0, 0)).toEqual(block);
  });

  it('moves with registers 0Eh and 0Fh and takes its shape from 0Ah and 0Bh', () => {
    const { refresh, cell, crtc } = textBoard();
    refresh();
    crtc.set(0x0e, (24 * 80 + 7) >> 8);
    crtc.set(0x0f, (24 * 80 + 7) & 0xff);
    crtc.set(0x0a, 0);
    crtc.set(0x0b, 15);
    expect(refresh()!.text!.cursor).toEqual({ column: 7, row: 24 });
    expect(cell(7, 24)).toEqual(new Array(16).fill('#########'));
    expect(cell(0, 0)).toEqual(glyph(0x20));
  });

  it('is absent when switched off or with an end above its start', () => {
    const { refresh, crtc } = textBoard();
    crtc.set(0x0a, 0x2d);
    expect(refresh()!.text!.cursor).toBeUndefined();
    crtc.set(0x0a, 0x0d);
    crtc.set(0x0b, 0x03);
    refresh();
    expect(refresh(true)!.text!.cursor).toBeUndefined();
  });
});

describe('attributes', () => {
  it('blink, or are bright backgrounds, as the attribute mode register says', () => {
    const { write, refresh, cell, context, attr, pixel, hideCursor } = textBoard();
    hideCursor();
    write(2, 2, 'B', 0x87);
    refresh();
    expect(cell(2, 2)).toEqual(glyph(0x42));
    context.clock.advance(2 * HALF_CURSOR_NS);
    refresh();
    expect(cell(2, 2)).toEqual(glyph(0x20));
    attr.set(0x10, 0x04);
    attr.get(0);
    refresh();
    expect(cell(2, 2)).toEqual(glyph(0x42));
    expect(pixel(2 * 9 + 8, 2 * 16, WIDTH)).toBe(0xff555555);
  });

  it('underline at the underline location', () => {
    const { write, refresh, cell, crtc, hideCursor } = textBoard();
    hideCursor();
    crtc.set(0x14, 15);
    write(0, 4, ' ', 0x01);
    refresh();
    expect(cell(0, 4, BLUE)[15]).toBe('########.');
    expect(cell(0, 4, BLUE)[14]).toBe('.........');
  });

  it('choose between two fonts by bit 3', () => {
    const { write, refresh, cell, seq, gfx, out, hideCursor } = textBoard();
    hideCursor();
    // Font 1 (at 4000h of plane 2) gets a solid 'A'.
    seq.set(2, 4);
    seq.set(4, 6);
    gfx.set(5, 0);
    gfx.set(6, 4);
    for (let line = 0; line < 16; line++) out(0xa0000 + 0x4000 + 0x41 * 32 + line, 0xff);
    seq.set(2, 3);
    seq.set(4, 2);
    gfx.set(5, 0x10);
    gfx.set(6, 0x0e);
    seq.set(3, 0x04);
    write(0, 1, 'A', 0x0f);
    write(1, 1, 'A', 0x07);
    refresh();
    expect(cell(0, 1, WHITE)).toEqual(new Array(16).fill('########.'));
    expect(cell(1, 1)).toEqual(glyph(0x41));
  });
});

describe('what the CRT controller moves', () => {
  it('scrolls by the start address', () => {
    const { write, refresh, cell, crtc, hideCursor, nextFrame } = textBoard();
    hideCursor();
    write(4, 1, 'S');
    refresh();
    crtc.set(0x0d, 80);
    refresh();
    expect(cell(4, 0)).toEqual(glyph(0x20));
    nextFrame();
    const update = refresh()!;
    expect(cell(4, 0)).toEqual(glyph(0x53));
    expect(update.text!.rows[0]![4]).toBe('S');
  });

  it('scrolls smoothly by preset row scan and pixel panning', () => {
    const { write, refresh, crtc, attr, pixel, hideCursor } = textBoard();
    hideCursor();
    write(0, 1, '\xdb');
    crtc.set(0x08, 5);
    attr.set(0x13, 2);
    attr.get(0);
    refresh();
    // The block's corner moves up 5 lines and left 3 dots.
    expect(pixel(5, 11, WIDTH)).toBe(GRAY);
    expect(pixel(6, 11, WIDTH)).toBe(BLACK);
    expect(pixel(0, 10, WIDTH)).toBe(BLACK);
    expect(pixel(0, 26, WIDTH)).toBe(GRAY);
    expect(pixel(0, 27, WIDTH)).toBe(BLACK);
  });

  it('splits the screen at line compare, with the lower part from address 0', () => {
    const { write, refresh, cell, crtc, hideCursor, nextFrame } = textBoard();
    hideCursor();
    write(0, 0, 'L');
    write(0, 10, 'U');
    crtc.set(0x0c, (800 >> 8) & 0xff);
    crtc.set(0x0d, 800 & 0xff);
    // Line compare 199: bits 8 and 9 stand in registers 7 and 9.
    crtc.set(0x18, 199);
    crtc.set(0x07, 0x0f);
    crtc.set(0x09, 0x0f);
    nextFrame();
    const update = refresh()!;
    expect(cell(0, 0)).toEqual(glyph(0x55));
    expect(update.text!.rows[0]![0]).toBe('U');
    expect(update.text!.rows[13]![0]).toBe('L');
    expect(update.text!.rows).toHaveLength(26);
  });

  it('goes dark with the palette off and comes back', () => {
    const { write, refresh, cell, out, in: read, hideCursor } = textBoard();
    hideCursor();
    write(0, 0, 'A');
    refresh();
    read(0x3da);
    out(0x3c0, 0);
    expect(refresh()!.text).toBeUndefined();
    expect(cell(0, 0)).toEqual(glyph(0x20));
    read(0x3da);
    out(0x3c0, 0x20);
    refresh();
    expect(cell(0, 0)).toEqual(glyph(0x41));
  });
});
