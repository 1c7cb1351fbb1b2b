// The window at A0000h as plain memory: when the processor gets it, and that nobody can tell.

import { describe, expect, it } from 'vitest';
import { vgaBoard } from '../../../support/vga-board.ts';

const MEMORY = 0x40_0000;

function chain4Board() {
  const board = vgaBoard(MEMORY);
  board.out(0x3c2, 0x63);
  board.seq.set(2, 0x0f);
  board.seq.set(4, 0x0e);
  board.gfx.set(5, 0x40);
  board.gfx.set(6, 0x05);
  board.gfx.set(8, 0xff);
  return board;
}

type Board = ReturnType<typeof vgaBoard>;

function useWindow({ out }: Board, times = 100): void {
  for (let i = 0; i < times; i++) out(0xa0000 + i, i + 1);
}

describe('chain-4 addressing', () => {
  it('becomes plain memory when it is used much, with what was written before', () => {
    const board = chain4Board();
    useWindow(board, 99);
    expect(board.window.at).toBeUndefined();
    board.out(0xa0000 + 99, 100);
    expect(board.window.at).toBe(MEMORY);
    expect([0, 1, 98, 5000].map((offset) => board.direct.read(offset))).toEqual([1, 2, 99, 0]);
  });

  it('puts what the processor wrote where the planes are', () => {
    const board = chain4Board();
    useWindow(board);
    board.direct.write(0xfffd, 0x5a);
    board.direct.write(6, 0x77);
    board.vga.screen.refresh(false);
    expect(board.memory[0xfffc * 4 + 1]).toBe(0x5a);
    expect(board.memory[4 * 4 + 2]).toBe(0x77);
    board.direct.write(7, 0x78);
    board.seq.set(4, 0x06);
    expect(board.window.at).toBeUndefined();
    expect(board.memory[4 * 4 + 3]).toBe(0x78);
    board.gfx.set(4, 3);
    expect(board.in(0xa0004)).toBe(0x78);
  });

  it.each([
    ['a plane is masked', (b: Board) => b.seq.set(2, 0x07)],
    ['the bit mask is set', (b: Board) => b.gfx.set(8, 0x7f)],
    ['bytes are rotated', (b: Board) => b.gfx.set(3, 0x01)],
    ['bytes are combined with the latches', (b: Board) => b.gfx.set(3, 0x18)],
    ['set/reset is enabled', (b: Board) => b.gfx.set(1, 0x01)],
    ['another write mode is chosen', (b: Board) => b.gfx.set(5, 0x41)],
    ['reads compare', (b: Board) => b.gfx.set(5, 0x48)],
    ['the window is elsewhere', (b: Board) => b.gfx.set(6, 0x09)],
    ['the processor is kept from memory', (b: Board) => b.out(0x3c2, 0x61)],
    ['the adapter is reset', (b: Board) => b.vga.reset()],
  ])('goes back to the device when %s', (_name, change) => {
    const board = chain4Board();
    useWindow(board);
    expect(board.window.at).toBe(MEMORY);
    change(board);
    expect(board.window.at).toBeUndefined();
    useWindow(board);
    expect(board.window.at).toBeUndefined();
  });

  it('leaves nothing behind in a screen that a mode change has cleared', () => {
    const board = chain4Board();
    useWindow(board);
    board.direct.write(0, 0xff);
    board.vbe.set(1, 640);
    board.vbe.set(2, 480);
    board.vbe.set(3, 32);
    board.vbe.set(4, 0x41);
    expect(board.memory.every((byte) => byte === 0)).toBe(true);
  });
});

describe('banks of a VBE mode', () => {
  it('lead to their part of memory', () => {
    const board = vgaBoard(MEMORY);
    board.vbe.set(1, 640);
    board.vbe.set(2, 480);
    board.vbe.set(3, 32);
    board.vbe.set(4, 0x01);
    board.vbe.set(5, 3);
    useWindow(board);
    expect(board.window.at).toBe(0x3_0000);
    expect(board.direct.read(1)).toBe(2);
    board.vga.screen.refresh(false);
    board.direct.write(0x1234, 0xee);
    expect(board.vga.screen.refresh(false)?.dirty).not.toEqual([]);
    board.vbe.set(5, 4);
    expect(board.window.at).toBeUndefined();
    board.vbe.set(5, 3);
    expect(board.in(0xa1234)).toBe(0xee);
  });
});
