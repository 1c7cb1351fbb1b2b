// The data path of the graphics controller against a slow model that works dot by dot, as its block diagram does.

import { describe, expect, it } from 'vitest';
import { vgaBoard } from '../../../support/vga-board.ts';

const PLANES = [0, 1, 2, 3];

function planarBoard() {
  const board = vgaBoard();
  board.out(0x3c2, 0x03);
  board.seq.set(2, 0x0f);
  board.seq.set(4, 0x06);
  board.gfx.set(6, 0x05);
  board.gfx.set(8, 0xff);
  const plane = (offset: number) => PLANES.map((index) => board.memory[offset * 4 + index]!);
  return { ...board, plane };
}

interface Setup {
  readonly mode: number;
  readonly mapMask: number;
  readonly setReset: number;
  readonly enable: number;
  readonly rotate: number;
  readonly operation: number;
  readonly bitMask: number;
}

/** What one plane holds after a write, dot by dot. */
function reference(setup: Setup, plane: number, value: number, latch: number, old: number): number {
  if (((setup.mapMask >> plane) & 1) === 0) return old;
  if (setup.mode === 1) return latch;
  let result = 0;
  for (let dot = 0; dot < 8; dot++) {
    const rotated = (value >> ((dot + setup.rotate) & 7)) & 1;
    const latched = (latch >> dot) & 1;
    const setReset = (setup.setReset >> plane) & 1;
    let masked = (setup.bitMask >> dot) & 1;
    let source = rotated;
    if (setup.mode === 0 && (setup.enable >> plane) & 1) source = setReset;
    if (setup.mode === 2) source = (value >> plane) & 1;
    if (setup.mode === 3) {
      masked &= rotated;
      source = setReset;
    }
    const combined = [source, source & latched, source | latched, source ^ latched][setup.operation]!;
    result |= (masked ? combined : latched) << dot;
  }
  return result;
}

describe('write modes', () => {
  it.each([0, 1, 2, 3])('%i agrees with the block diagram for any registers', (mode) => {
    let seed = 77 + mode;
    const next = (limit: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * limit);
    };
    const board = planarBoard();
    for (let round = 0; round < 400; round++) {
      const setup: Setup = {
        mode,
        mapMask: next(16),
        setReset: next(16),
        enable: next(16),
        rotate: next(8),
        operation: next(4),
        bitMask: next(256),
      };
      const from = next(0x10000);
      const to = next(0x10000);
      const value = next(256);
      for (const index of PLANES) {
        board.memory[from * 4 + index] = next(256);
        board.memory[to * 4 + index] = next(256);
      }
      const latch = board.plane(from);
      const old = board.plane(to);
      board.seq.set(2, setup.mapMask);
      board.gfx.set(0, setup.setReset);
      board.gfx.set(1, setup.enable);
      board.gfx.set(3, (setup.operation << 3) | setup.rotate);
      board.gfx.set(5, mode);
      board.gfx.set(8, setup.bitMask);
      board.in(0xa0000 + from);
      board.out(0xa0000 + to, value);
      expect(board.plane(to)).toEqual(
        PLANES.map((index) => reference(setup, index, value, latch[index]!, old[index]!)),
      );
    }
  });
});

describe('read modes', () => {
  it('0 reads the plane of the read map register and fills the latches', () => {
    const { memory, gfx, crtc, in: read } = planarBoard();
    memory.set([0x11, 0x22, 0x44, 0x88], 0x123 * 4);
    const seen = PLANES.map((index) => {
      gfx.set(4, index);
      return read(0xa0123);
    });
    expect(seen).toEqual([0x11, 0x22, 0x44, 0x88]);
    expect(crtc.get(0x22)).toBe(0x88);
  });

  it('1 compares the dots with a colour, without the planes nobody cares for', () => {
    const { memory, gfx, in: read } = planarBoard();
    // Dots from the left: colours 0 to 7, in planes 0 to 2; plane 3 is noise.
    memory.set([0b01010101, 0b00110011, 0b00001111, 0b10100101], 0);
    gfx.set(5, 0x08);
    gfx.set(7, 0x07);
    for (let color = 0; color < 8; color++) {
      gfx.set(2, color);
      expect(read(0xa0000)).toBe(0x80 >> color);
    }
    gfx.set(7, 0);
    expect(read(0xa0000)).toBe(0xff);
  });
});

describe('addressing', () => {
  it('puts odd and even addresses into planes of their own', () => {
    const { seq, gfx, out, in: read, plane } = planarBoard();
    seq.set(2, 3);
    seq.set(4, 2);
    gfx.set(5, 0x10);
    gfx.set(6, 0x0e);
    out(0xb8010, 0x0741, 2);
    expect(plane(0x10)).toEqual([0x41, 0x07, 0, 0]);
    expect(plane(0x11)).toEqual([0, 0, 0, 0]);
    expect(read(0xb8010, 2)).toBe(0x0741);
  });

  it('gives each of four addresses its plane with chain 4', () => {
    const { seq, out, in: read, plane } = planarBoard();
    seq.set(4, 0x0e);
    out(0xa0104, 0x44332211, 4);
    expect(plane(0x104)).toEqual([0x11, 0x22, 0x33, 0x44]);
    expect(read(0xa0104, 4)).toBe(0x44332211);
    seq.set(2, 0x05);
    out(0xa0104, 0, 4);
    expect(plane(0x104)).toEqual([0, 0x22, 0, 0x44]);
  });

  it.each([
    [0, 0xa0000, 0x20000],
    [1, 0xa0000, 0x10000],
    [2, 0xb0000, 0x8000],
    [3, 0xb8000, 0x8000],
  ])('window %i answers from %x, and nothing else does', (map, base, length) => {
    const { gfx, out, in: read } = planarBoard();
    gfx.set(6, (map << 2) | 1);
    for (const address of [0xa0000, 0xa8000, 0xb0000, 0xb8000]) {
      out(address, 0x5a);
      expect(read(address)).toBe(address >= base && address < base + length ? 0x5a : 0xff);
    }
  });

  it('is silent while the processor is kept from memory', () => {
    const { out, in: read, memory } = planarBoard();
    out(0x3c2, 0x01);
    out(0xa0000, 0x77);
    expect(read(0xa0000)).toBe(0xff);
    expect(memory[0]).toBe(0);
  });
});
