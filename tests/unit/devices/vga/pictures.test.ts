// Whole pictures in every standard mode: drawn as a program draws them, through ports and the window, and compared dot by
// dot with what the program meant.

import { describe, expect, it } from 'vitest';
import { GLYPHS_8X16 } from '../../../../src-main/engine/devices/vga/rom-fonts.table.ts';
import type { vgaBoard } from '../../../support/vga-board.ts';
import { modeBoard, paletteColor, type VgaMode } from '../../../support/vga-modes.ts';

type Board = ReturnType<typeof vgaBoard>;
/** The colour that a program means a dot to have. */
type Picture = (x: number, y: number) => number;

/** Looks like nothing, so that no shifted or mirrored picture equals it. */
const noise =
  (colors: number, salt = 0): Picture =>
  (x, y) => {
    let value = Math.imul(x + 1, 0x9e37_79b1) ^ Math.imul(y + 7 + salt, 0x85eb_ca77);
    value = Math.imul(value ^ (value >>> 15), 0x2c1b_3c6d);
    return ((value ^ (value >>> 13)) >>> 8) % colors;
  };

/** The first dot that is not as it should be, or undefined. */
function firstDifference(board: Board, width: number, height: number, color: Picture): string | undefined {
  const update = board.vga.screen.refresh(false);
  if (update === undefined) return 'nothing was drawn';
  if (update.width !== width || update.height !== height) return `${update.width}x${update.height}`;
  const pixels = new Uint32Array(board.vga.screen.pixels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const wanted = color(x, y) >>> 0;
      const shown = pixels[y * width + x]!;
      if (shown !== wanted) return `${x},${y}: ${shown.toString(16)} instead of ${wanted.toString(16)}`;
    }
  return undefined;
}

/** Eight dots a byte, plane by plane. */
function drawPlanes(board: Board, width: number, height: number, planes: number, picture: Picture): void {
  for (let plane = 0; plane < planes; plane++) {
    board.seq.set(2, 1 << plane);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x += 8) {
        let byte = 0;
        for (let dot = 0; dot < 8; dot++) byte |= ((picture(x + dot, y) >> plane) & 1) << (7 - dot);
        board.out(0xa0000 + (y * width + x) / 8, byte);
      }
  }
}

/** Several dots a byte at B8000h, odd rows 2000h further on. */
function drawCga(board: Board, width: number, height: number, bits: number, picture: Picture): void {
  const dots = 8 / bits;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x += dots) {
      let byte = 0;
      for (let dot = 0; dot < dots; dot++) byte |= picture(x + dot, y) << (8 - bits * (dot + 1));
      board.out(0xb8000 + (y & 1) * 0x2000 + (y >> 1) * 80 + x / dots, byte);
    }
}

describe('graphics modes', () => {
  it.each<[VgaMode, number, number, number]>([
    [0x0d, 320, 200, 4],
    [0x0e, 640, 200, 4],
    [0x10, 640, 350, 4],
    [0x12, 640, 480, 4],
  ])('%i with four planes', (mode, width, height, planes) => {
    const board = modeBoard(mode);
    const picture = noise(16);
    drawPlanes(board, width, height, planes, picture);
    expect(firstDifference(board, width, height, (x, y) => paletteColor(picture(x, y)))).toBeUndefined();
  });

  it('11h with one plane', () => {
    const board = modeBoard(0x11);
    const picture = noise(2);
    drawPlanes(board, 640, 480, 1, picture);
    expect(firstDifference(board, 640, 480, (x, y) => paletteColor(picture(x, y)))).toBeUndefined();
  });

  it.each<[VgaMode, number, number]>([
    [0x04, 320, 2],
    [0x06, 640, 1],
  ])('%i as on a CGA', (mode, width, bits) => {
    const board = modeBoard(mode);
    const picture = noise(2 ** bits);
    drawCga(board, width, 200, bits, picture);
    expect(firstDifference(board, width, 200, (x, y) => paletteColor(picture(x, y)))).toBeUndefined();
  });

  it('13h with a byte a dot, also once the processor reaches memory by itself', () => {
    const board = modeBoard(0x13);
    const picture = noise(256);
    for (let y = 0; y < 200; y++)
      for (let x = 0; x < 320; x++) {
        if (board.window.at === undefined) board.out(0xa0000 + y * 320 + x, picture(x, y));
        else board.direct.write(y * 320 + x, picture(x, y));
      }
    expect(board.window.at).toBeDefined();
    expect(firstDifference(board, 320, 200, (x, y) => paletteColor(picture(x, y)))).toBeUndefined();
  });

  it('X, unchained with 320 by 240 dots, and its second page', () => {
    const board = modeBoard(0x13);
    board.out(0x3c2, 0xe3);
    board.seq.set(4, 0x06);
    for (const [index, value] of [
      [0x06, 0x0d],
      [0x07, 0x3e],
      [0x09, 0x41],
      [0x10, 0xea],
      [0x11, 0x2c],
      [0x12, 0xdf],
      [0x14, 0],
      [0x15, 0xe7],
      [0x16, 0x06],
      [0x17, 0xe3],
    ] as const)
      board.crtc.set(index, value);
    const pages = [noise(256), noise(256, 99)];
    pages.forEach((picture, page) => {
      for (let column = 0; column < 4; column++) {
        board.seq.set(2, 1 << column);
        for (let y = 0; y < 240; y++)
          for (let x = column; x < 320; x += 4)
            board.out(0xa0000 + page * 19_200 + y * 80 + (x >> 2), picture(x, y));
      }
    });
    expect(firstDifference(board, 320, 240, (x, y) => paletteColor(pages[0]!(x, y)))).toBeUndefined();
    board.crtc.set(0x0c, 19_200 >> 8);
    board.crtc.set(0x0d, 19_200 & 0xff);
    board.nextFrame();
    expect(firstDifference(board, 320, 240, (x, y) => paletteColor(pages[1]!(x, y)))).toBeUndefined();
  });

  it('12h, moved by panning and the start address, with a part that stays where it is', () => {
    const board = modeBoard(0x12);
    const picture = noise(16);
    drawPlanes(board, 640, 480, 4, picture);
    // From the eleventh row on, three dots to the right; the lower part begins at line 400, with the first row.
    board.crtc.set(0x0c, 800 >> 8);
    board.crtc.set(0x0d, 800 & 0xff);
    board.attr.set(0x13, 3);
    board.attr.set(0x10, 0x21);
    board.attr.get(0);
    board.crtc.set(0x07, 0x2e | 0x10);
    board.crtc.set(0x09, 0x00);
    board.crtc.set(0x18, 399 & 0xff);
    board.nextFrame();
    const moved: Picture = (x, y) => {
      if (y >= 400) return paletteColor(picture(x, y - 400));
      // Behind the end of a row comes the next one's beginning.
      return paletteColor(x + 3 < 640 ? picture(x + 3, y + 10) : picture(x + 3 - 640, y + 11));
    };
    expect(firstDifference(board, 640, 480, moved)).toBeUndefined();
  });
});

describe('text modes', () => {
  const ROWS = 25;
  const glyphRow = (code: number, line: number) =>
    Number.parseInt(GLYPHS_8X16[code]!.slice(line * 2, line * 2 + 2), 16);

  /** What the characters should look like: nine dots wide, the last one a copy in line graphics, else background. */
  function textPicture(
    columns: number,
    character: Picture,
    attribute: Picture,
    inverse?: (column: number, row: number, line: number) => boolean,
  ): Picture {
    return (x, y) => {
      const [column, row, dot, line] = [Math.floor(x / 9), Math.floor(y / 16), x % 9, y % 16];
      if (column >= columns) return 0;
      const code = character(column, row);
      const bits = glyphRow(code, line);
      const joined = code >= 0xc0 && code <= 0xdf;
      let lit = dot < 8 ? ((bits >> (7 - dot)) & 1) === 1 : joined && (bits & 1) === 1;
      if (inverse?.(column, row, line)) lit = true;
      const colors = attribute(column, row);
      return paletteColor(lit ? colors & 15 : (colors >> 4) & 7);
    };
  }

  function writeText(board: Board, columns: number, character: Picture, attribute: Picture): void {
    for (let row = 0; row < ROWS; row++)
      for (let column = 0; column < columns; column++)
        board.out(
          0xb8000 + (row * columns + column) * 2,
          character(column, row) | (attribute(column, row) << 8),
          2,
        );
  }

  function loadFont(board: Board): void {
    board.seq.set(2, 4);
    board.seq.set(4, 6);
    board.gfx.set(5, 0);
    board.gfx.set(6, 4);
    for (let code = 0; code < 256; code++)
      for (let line = 0; line < 16; line++) board.out(0xa0000 + code * 32 + line, glyphRow(code, line));
    board.seq.set(2, 3);
    board.seq.set(4, 2);
    board.gfx.set(5, 0x10);
    board.gfx.set(6, 0x0e);
  }

  it.each<[VgaMode, number]>([
    [0x01, 40],
    [0x03, 80],
  ])('%i with all characters in all colours, and the cursor', (mode, columns) => {
    const board = modeBoard(mode);
    loadFont(board);
    const character = noise(256);
    const attribute = noise(128, 5);
    writeText(board, columns, character, attribute);
    // The cursor, lines 13 and 14, in the third column of the second row.
    board.crtc.set(0x0f, columns + 2);
    const inverse = (column: number, row: number, line: number) =>
      column === 2 && row === 1 && line >= 13 && line <= 14;
    const cursor: Picture = textPicture(columns, character, attribute, inverse);
    // The cursor's ninth dot is that of a block: background, but for line graphics.
    const wanted: Picture = (x, y) => {
      const inCursor = inverse(Math.floor(x / 9), y >> 4, y & 15);
      return inCursor && x % 9 === 8 ? board.pixel(x, y, columns * 9) : cursor(x, y);
    };
    expect(firstDifference(board, columns * 9, 400, wanted)).toBeUndefined();
  });

  it('03 with blinking characters, shown and not', () => {
    const board = modeBoard(0x03);
    loadFont(board);
    board.crtc.set(0x0a, 0x20);
    const character = noise(256);
    const attribute = noise(256, 9);
    writeText(board, 80, character, attribute);
    const shown = textPicture(80, character, attribute);
    const hidden: Picture = (x, y) => {
      const colors = attribute(Math.floor(x / 9), y >> 4);
      return colors & 0x80 ? paletteColor((colors >> 4) & 7) : shown(x, y);
    };
    const seen = new Set<string>();
    for (let frame = 0; frame < 40 && seen.size < 2; frame++) {
      board.vga.screen.refresh(true);
      const pixels = new Uint32Array(board.vga.screen.pixels);
      const equals = (picture: Picture) =>
        pixels.every((pixel, at) => pixel === picture(at % 720, Math.floor(at / 720)) >>> 0);
      if (equals(shown)) seen.add('shown');
      else if (equals(hidden)) seen.add('hidden');
      else seen.add('neither');
      board.context.clock.advance(50e6);
    }
    expect([...seen].sort()).toEqual(['hidden', 'shown']);
  });
});

describe('VBE modes', () => {
  const FORMATS = {
    8: { bytes: 1, color: (value: number) => paletteColor(value) },
    15: { bytes: 2, color: (value: number) => packed([value >> 10, value >> 5, value], [5, 5, 5]) },
    16: { bytes: 2, color: (value: number) => packed([value >> 11, value >> 5, value], [5, 6, 5]) },
    24: { bytes: 3, color: (value: number) => packed([value >> 16, value >> 8, value], [8, 8, 8]) },
    32: { bytes: 4, color: (value: number) => packed([value >> 16, value >> 8, value], [8, 8, 8]) },
  } as const;

  /** Levels of few bits made eight by repeating their upper bits. */
  function packed(levels: readonly number[], bits: readonly number[]): number {
    const [red, green, blue] = levels.map((level, index) => {
      const width = bits[index]!;
      const value = level & (2 ** width - 1);
      return width === 8 ? value : (value << (8 - width)) | (value >> (2 * width - 8));
    });
    return (0xff000000 | (blue! << 16) | (green! << 8) | red!) >>> 0;
  }

  function vbeBoard(bpp: keyof typeof FORMATS, linear: boolean): Board {
    const board = modeBoard(0x13);
    board.vbe.set(1, 640);
    board.vbe.set(2, 480);
    board.vbe.set(3, bpp);
    board.vbe.set(4, linear ? 0x41 : 0x01);
    return board;
  }

  const store = (value: number, bytes: number) =>
    Array.from({ length: bytes }, (_, at) => (value >>> (8 * at)) & 0xff);

  it.each([8, 15, 16, 24, 32] as const)('with %i bits from the linear frame buffer', (bpp) => {
    const board = vbeBoard(bpp, true);
    const { bytes, color } = FORMATS[bpp];
    const picture = noise(bpp === 8 ? 256 : bpp < 24 ? 0x1_0000 : 0xff_ffff);
    for (let y = 0; y < 480; y++) {
      const row = Array.from({ length: 640 }, (_, x) => store(picture(x, y), bytes)).flat();
      // A store of the processor's marks its page; a row reaches over two at most.
      board.storeLinear(y * 640 * bytes, row.slice(0, 1));
      board.storeLinear((y + 1) * 640 * bytes - 1, row.slice(-1));
      board.memory.set(row, y * 640 * bytes);
    }
    expect(firstDifference(board, 640, 480, (x, y) => color(picture(x, y)))).toBeUndefined();
  });

  it.each([8, 32] as const)('with %i bits by banks, of a virtual screen that is wider and moved', (bpp) => {
    const board = vbeBoard(bpp, false);
    const { bytes, color } = FORMATS[bpp];
    board.vbe.set(6, 800);
    board.vbe.set(8, 96);
    board.vbe.set(9, 33);
    const picture = noise(bpp === 8 ? 256 : 0xff_ffff);
    let bank = -1;
    for (let y = 33; y < 33 + 480; y++)
      for (let x = 96; x < 96 + 640; x++) {
        const at = (y * 800 + x) * bytes;
        if (at >> 16 !== bank) {
          bank = at >> 16;
          board.vbe.set(5, bank);
        }
        if (board.window.at === undefined) board.out(0xa0000 + (at & 0xffff), picture(x, y), bytes as 1 | 4);
        else
          store(picture(x, y), bytes).forEach((byte, index) =>
            board.direct.write((at & 0xffff) + index, byte),
          );
      }
    expect(firstDifference(board, 640, 480, (x, y) => color(picture(x + 96, y + 33)))).toBeUndefined();
  });
});
