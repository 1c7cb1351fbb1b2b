// INT 10h in graphics modes: dots, glyphs and scrolling, through the window at A0000h or B8000h.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=0Ch, 0Dh; VGA write modes as in "Video Subsystem".

import type { BiosCall } from '../call.ts';
import { BDA_PAGE_BYTES } from '../data-area.ts';
import type { ScrollWindow, TextScreen } from './video-text.ts';

const SEQ = 0x3c4;
const GFX = 0x3ce;
const MAP_MASK = 2;
const SET_RESET = 0;
const ENABLE_SET_RESET = 1;
const ROTATE = 3;
const READ_MAP = 4;
const MODE = 5;
const BIT_MASK = 8;
const WRITE_MODE_2 = 2;
const XOR = 0x18;

function gfx(call: BiosCall, index: number, value: number): void {
  call.out8(GFX, index);
  call.out8(GFX + 1, value);
}

function mapMask(call: BiosCall, mask: number): void {
  call.out8(SEQ, MAP_MASK);
  call.out8(SEQ + 1, mask);
}

interface Dot {
  readonly x: number;
  readonly y: number;
  readonly page: number;
}

/** Byte that holds a dot. CGA lines stand in two banks, even ones first. */
function dotAddress(call: BiosCall, { mode }: TextScreen, { x, y, page }: Dot): number {
  switch (mode.kind) {
    case 'cga': return mode.window + ((y & 1) * 0x2000 + (y >> 1) * 80 + ((x * mode.colorBits) >> 3));
    case 'linear': return mode.window + ((y * mode.width + x) & 0xffff);
    default: return mode.window + ((page * call.read16(BDA_PAGE_BYTES) + y * (mode.width >> 3) + (x >> 3)) & 0xffff);
  }
}

const isOnScreen = ({ mode }: TextScreen, { x, y }: Dot): boolean => x < mode.width && y < mode.height;

/** AH=0Ch: bit 7 of the colour asks for exclusive or, but with 256 colours. */
export function writeDot(call: BiosCall, screen: TextScreen, dot: Dot & { readonly color: number }): void {
  const { mode } = screen;
  if (mode.kind === 'text' || !isOnScreen(screen, dot)) return;
  const at = dotAddress(call, screen, dot);
  if (mode.kind === 'linear') return call.write8(at, dot.color);
  if (mode.kind === 'cga') {
    const mask = (1 << mode.colorBits) - 1;
    const shift = 8 - mode.colorBits - ((dot.x * mode.colorBits) & 7);
    const old = call.read8(at);
    const bits = (dot.color & mask) << shift;
    return call.write8(at, (dot.color & 0x80) !== 0 ? old ^ bits : (old & ~(mask << shift)) | bits);
  }
  planarWrite(call, at, { bits: 0x80 >> (dot.x & 7), color: dot.color & 15, xor: (dot.color & 0x80) !== 0 });
  endPlanar(call);
}

function planarWrite(call: BiosCall, at: number, { bits, color, xor }: { bits: number; color: number; xor: boolean }): void {
  mapMask(call, 15);
  gfx(call, MODE, WRITE_MODE_2);
  gfx(call, ROTATE, xor ? XOR : 0);
  gfx(call, BIT_MASK, bits);
  call.read8(at);
  call.write8(at, color);
}

/** As the mode set has left it. */
function endPlanar(call: BiosCall): void {
  gfx(call, SET_RESET, 0);
  gfx(call, ENABLE_SET_RESET, 0);
  gfx(call, ROTATE, 0);
  gfx(call, MODE, 0);
  gfx(call, BIT_MASK, 0xff);
  mapMask(call, 15);
}

/** AH=0Dh. */
export function readDot(call: BiosCall, screen: TextScreen, dot: Dot): number {
  const { mode } = screen;
  if (mode.kind === 'text' || !isOnScreen(screen, dot)) return 0;
  const at = dotAddress(call, screen, dot);
  if (mode.kind === 'linear') return call.read8(at);
  if (mode.kind === 'cga') {
    const shift = 8 - mode.colorBits - ((dot.x * mode.colorBits) & 7);
    return (call.read8(at) >> shift) & ((1 << mode.colorBits) - 1);
  }
  let color = 0;
  for (let plane = 0; plane < 4; plane++) {
    gfx(call, READ_MAP, plane);
    if ((call.read8(at) & (0x80 >> (dot.x & 7))) !== 0) color |= 1 << plane;
  }
  gfx(call, READ_MAP, 0);
  return color;
}

export interface Glyph {
  readonly character: number;
  readonly color: number;
  readonly row: number;
  readonly column: number;
  readonly page: number;
}

/** The font is INT 43h's; CGA modes take the upper 128 characters from INT 1Fh. */
function glyphAddress(call: BiosCall, screen: TextScreen, character: number): number {
  const upper = screen.mode.kind === 'cga' && character >= 128;
  const pointer = call.read32(4 * (upper ? 0x1f : 0x43));
  const font = (pointer >>> 16) * 16 + (pointer & 0xffff);
  return font + (upper ? character - 128 : character) * screen.glyphHeight;
}

export function drawGlyph(call: BiosCall, screen: TextScreen, glyph: Glyph): void {
  const rows = new Uint8Array(screen.glyphHeight);
  call.readBytes(glyphAddress(call, screen, glyph.character), rows);
  const xor = (glyph.color & 0x80) !== 0 && screen.mode.kind !== 'linear';
  rows.forEach((bits, line) => {
    const dot = { x: glyph.column * 8, y: glyph.row * screen.glyphHeight + line, page: glyph.page };
    if (!isOnScreen(screen, dot)) return;
    if (screen.mode.kind === 'planar') {
      const at = dotAddress(call, screen, dot);
      if (!xor) planarWrite(call, at, { bits: ~bits & 0xff, color: 0, xor: false });
      planarWrite(call, at, { bits, color: glyph.color & 15, xor });
      return;
    }
    for (let x = 0; x < 8; x++) {
      const on = (bits & (0x80 >> x)) !== 0;
      if (on || !xor) writeDot(call, screen, { ...dot, x: dot.x + x, color: on ? glyph.color : 0 });
    }
  });
  if (screen.mode.kind === 'planar') endPlanar(call);
}

/** Moves rows of characters as lines of dots; in planar modes by the latches, all planes at once. */
export function scrollDots(call: BiosCall, screen: TextScreen, window: ScrollWindow, direction: 'up' | 'down'): void {
  const { glyphHeight, mode } = screen;
  const lines = (window.bottom - window.top + 1) * glyphHeight;
  const distance = window.count * glyphHeight;
  const bytes = mode.kind === 'linear' ? (window.right - window.left + 1) * 8 : mode.kind === 'cga'
    ? (window.right - window.left + 1) * mode.colorBits : window.right - window.left + 1;
  const lineAddress = (line: number): number =>
    dotAddress(call, screen, { x: window.left * 8, y: window.top * glyphHeight + line, page: window.page });
  for (let n = 0; n < lines; n++) {
    const line = direction === 'up' ? n : lines - 1 - n;
    const source = direction === 'up' ? line + distance : line - distance;
    if (source >= 0 && source < lines) copyLine(call, screen, { from: lineAddress(source), to: lineAddress(line), bytes });
    else fillLine(call, screen, { to: lineAddress(line), bytes, color: window.attribute });
  }
  if (mode.kind === 'planar') endPlanar(call);
}

function copyLine(call: BiosCall, { mode }: TextScreen, { from, to, bytes }: { from: number; to: number; bytes: number }): void {
  if (mode.kind !== 'planar') {
    const line = new Uint8Array(bytes);
    call.readBytes(from, line);
    call.writeBytes(to, line);
    return;
  }
  mapMask(call, 15);
  gfx(call, MODE, 1);
  for (let at = 0; at < bytes; at++) {
    call.read8(from + at);
    call.write8(to + at, 0);
  }
}

function fillLine(call: BiosCall, { mode }: TextScreen, { to, bytes, color }: { to: number; bytes: number; color: number }): void {
  if (mode.kind !== 'planar') {
    const pattern = mode.kind === 'linear' ? color : mode.colorBits === 2 ? (color & 3) * 0x55 : (color & 1) * 0xff;
    call.writeBytes(to, new Uint8Array(bytes).fill(pattern));
    return;
  }
  for (let at = 0; at < bytes; at++) planarWrite(call, to + at, { bits: 0xff, color: color & 15, xor: false });
}
