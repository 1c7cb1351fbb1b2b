// The VGA's registers as its technical reference lists them, status timing, snapshots, and a guest without manners.

import { describe, expect, it } from 'vitest';
import { Vga } from '../../../../src-main/engine/devices/vga/vga.ts';
import { fakeContext } from '../../../support/fake-context.ts';
import { vgaBoard } from '../../../support/vga-board.ts';

const COLOR = 0x01;

function colorBoard() {
  const board = vgaBoard();
  board.out(0x3c2, COLOR);
  return board;
}

describe('indexed registers', () => {
  it.each([
    ['sequencer', 'seq', 5],
    ['graphics controller', 'gfx', 9],
    ['CRT controller', 'crtc', 0x19],
  ] as const)('of the %s read back what was written', (_name, group, count) => {
    const board = colorBoard();
    const value = (index: number) => (0x5a ^ (index * 7)) & 0x7f;
    for (let index = 0; index < count; index++) board[group].set(index, value(index));
    for (let index = 0; index < count; index++) expect(board[group].get(index)).toBe(value(index));
  });

  it('that do not exist read 0 and take no writes', () => {
    const { seq, gfx, crtc } = colorBoard();
    for (const [group, index] of [
      [seq, 7],
      [gfx, 12],
      [crtc, 0x3f],
    ] as const) {
      group.set(index, 0xff);
      expect(group.get(index)).toBe(0);
    }
  });

  it('of the CRT controller 0 to 7 are protected by bit 7 of 11h, except line compare', () => {
    const { crtc } = colorBoard();
    crtc.set(0x00, 0x11);
    crtc.set(0x07, 0x00);
    crtc.set(0x11, 0x80);
    crtc.set(0x00, 0x22);
    crtc.set(0x07, 0xff);
    expect(crtc.get(0x00)).toBe(0x11);
    expect(crtc.get(0x07)).toBe(0x10);
  });

  it('are written as a word: index, then data', () => {
    const { out, seq, vga } = colorBoard();
    const word = (port: number, value: number) => {
      out(port, value & 0xff);
      out(port + 1, value >> 8);
    };
    word(0x3c4, 0x0f02);
    expect(seq.get(2)).toBe(0x0f);
    expect(
      vga.regions
        .filter(({ space, base }) => space === 'port' && base >= 0x3b0)
        .every(({ maxWidth }) => maxWidth === 1),
    ).toBe(true);
  });
});

describe('attribute controller', () => {
  it('takes index and data in turn; reading the status register makes it the turn of the index', () => {
    const { in: read, out, attr } = colorBoard();
    read(0x3da);
    out(0x3c0, 0x10);
    out(0x3c0, 0x41);
    out(0x3c0, 0x12);
    read(0x3da);
    out(0x3c0, 0x11);
    out(0x3c0, 0x07);
    expect([attr.get(0x10), attr.get(0x11), attr.get(0x12)]).toEqual([0x41, 0x07, 0]);
  });

  it('keeps its palette from being written while it is shown', () => {
    const { attr } = colorBoard();
    attr.set(3, 0xff);
    expect(attr.get(3)).toBe(0x3f);
    attr.set(0x20 | 3, 0x05);
    expect(attr.get(3)).toBe(0x3f);
    attr.set(0x20 | 0x12, 0x0f);
    expect(attr.get(0x12)).toBe(0x0f);
  });
});

describe('palette', () => {
  it('is written and read by threes with the index moving on', () => {
    const { in: read, out } = colorBoard();
    out(0x3c8, 254);
    for (const value of [1, 2, 3, 4, 5, 0xff, 7, 8, 9]) out(0x3c9, value);
    expect(read(0x3c8)).toBe(1);
    expect(read(0x3c7)).toBe(0);
    out(0x3c7, 254);
    expect(Array.from({ length: 9 }, () => read(0x3c9))).toEqual([1, 2, 3, 4, 5, 0x3f, 7, 8, 9]);
    expect(read(0x3c7)).toBe(3);
  });

  it('has a mask', () => {
    const { in: read, out } = colorBoard();
    expect(read(0x3c6)).toBe(0xff);
    out(0x3c6, 0x0f);
    expect(read(0x3c6)).toBe(0x0f);
  });
});

describe('miscellaneous output', () => {
  it('moves the CRT controller and status register between 3Bxh and 3Dxh', () => {
    const { in: read, out } = vgaBoard();
    out(0x3c2, 0);
    out(0x3b4, 0x0e);
    out(0x3b5, 0x12);
    expect(read(0x3b5)).toBe(0x12);
    expect(read(0x3d5)).toBe(0xff);
    expect(read(0x3da)).toBe(0xff);
    out(0x3c2, COLOR);
    expect(read(0x3cc)).toBe(COLOR);
    expect(read(0x3d5)).toBe(0x12);
    expect(read(0x3b5)).toBe(0xff);
    expect(read(0x3ba)).toBe(0xff);
  });
});

describe('input status 1', () => {
  const lineNs = (100 * 9 * 1e9) / 28_322_000;

  it('follows the beam: 449 lines of 100 characters, 400 lines of 80 shown, retrace at 412', () => {
    const { in: read, textMode3, context } = vgaBoard();
    textMode3();
    const at = (line: number, character: number) => {
      const frameNs = 449 * lineNs;
      const now = context.clock.nowNs();
      const start = Math.ceil(now / frameNs) * frameNs;
      context.clock.advance(start + line * lineNs + (character / 100) * lineNs - now);
      return read(0x3da) & 9;
    };
    expect(at(0, 1)).toBe(0);
    expect(at(10, 79)).toBe(0);
    expect(at(10, 81)).toBe(1);
    expect(at(399, 40)).toBe(0);
    expect(at(401, 40)).toBe(1);
    expect(at(411, 40)).toBe(1);
    expect(at(412, 40)).toBe(9);
    expect(at(413, 40)).toBe(9);
    expect(at(414, 40)).toBe(1);
  });

  it('shows a retrace 70 times a second', () => {
    const { in: read, textMode3, context } = vgaBoard();
    textMode3();
    let rises = 0;
    let before = 0;
    for (let us = 0; us < 1_000_000; us += 20) {
      const now = read(0x3da) & 8;
      if (now > before) rises += 1;
      before = now;
      context.clock.advance(20_000);
    }
    expect(rises).toBe(70);
  });
});

describe('snapshot', () => {
  it('brings back registers and picture', () => {
    const { vga, out, textMode3, memory, seq } = vgaBoard();
    textMode3();
    out(0xb8000, 0x1f41, 2);
    seq.set(2, 7);
    vga.screen.refresh(true);
    const saved = vga.spec.save(vga.state);
    const copy = new Vga(fakeContext(), { memory: memory.slice() });
    copy.reset();
    copy.spec.restore(copy.state, copy.spec.version, saved);
    copy.afterRestore();
    expect(copy.spec.save(copy.state)).toEqual(saved);
    const update = copy.screen.refresh(true)!;
    expect(update.text!.rows[0]![0]).toBe('A');
    expect(Buffer.compare(Buffer.from(copy.screen.pixels), Buffer.from(vga.screen.pixels))).toBe(0);
  });
});

describe('a hostile guest', () => {
  it('can program anything, at any time, without harm', () => {
    let seed = 12345;
    const next = (limit: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * limit);
    };
    const { vga, context, storeLinear } = vgaBoard(0x10_0000);
    for (let round = 0; round < 20_000; round++) {
      const region = next(vga.regions.length);
      const { length, maxWidth = 4 } = vga.regions[region]!;
      const width = ([1, 2, 4] as const).filter((candidate) => candidate <= Math.min(maxWidth, length))[
        next(2) % (maxWidth === 1 ? 1 : 2)
      ]!;
      const offset = next(Math.floor(length / width)) * width;
      if (next(4) === 0) {
        const value = vga.read(region, offset, width);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(2 ** (8 * width));
      } else vga.write(region, offset, width, next(2 ** (8 * width)));
      if (next(50) === 0) storeLinear(next(0x10_0000 - 4), [1, 2, 3, 4]);
      if (next(200) === 0) {
        context.clock.advance(next(100_000_000));
        const update = vga.screen.refresh(next(2) === 0);
        if (update === undefined) continue;
        expect(update.width).toBeLessThanOrEqual(4096);
        expect(update.height).toBeLessThanOrEqual(4096);
        expect(vga.screen.pixels.byteLength).toBe(update.width * update.height * 4);
      }
    }
  });
});
