// Colours: the DAC contents that modes start with, and INT 10h AH=0Bh and AH=10h.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=0Bh, AH=10h.

import type { BiosCall } from '../call.ts';
import { BDA_CGA_PALETTE, BDA_MODESET, BDA_VIDEO_MODE } from '../data-area.ts';
import type { PaletteKind } from './video-modes.table.ts';

const ATTR = 0x3c0;
const ATTR_READ = 0x3c1;
const STATUS = 0x3da;
const DAC_MASK = 0x3c6;
const DAC_READ = 0x3c7;
const DAC_WRITE = 0x3c8;
const DAC_DATA = 0x3c9;
const PALETTE_ON = 0x20;
const NO_PALETTE_LOADING = 0x08;
const GRAY_SUMMING = 0x02;
const OVERSCAN = 0x11;
const MODE_CONTROL = 0x10;
const COLOR_SELECT = 0x14;

/** Six bits each for red, green and blue of 64 or 256 entries. */
export function defaultDac(kind: PaletteKind): Uint8Array {
  if (kind === 'vga256') return palette256();
  const entries = Array.from({ length: 64 }, (_, index): Rgb => (kind === 'ega' ? egaColor(index) : kind === 'cga' ? cgaColor(index) : monoColor(index)));
  return Uint8Array.from(entries.flat());
}

type Rgb = readonly [number, number, number];

/** Two bits a colour, rgbRGB. */
function egaColor(index: number): Rgb {
  const part = (bit: number): number => ((index >> bit) & 1) * 0x2a + ((index >> (bit + 3)) & 1) * 0x15;
  return [part(2), part(1), part(0)];
}

/** Bit 4 brightens all three; dark yellow is brown. */
function cgaColor(index: number): Rgb {
  const bright = ((index >> 4) & 1) * 0x15;
  const part = (bit: number): number => ((index >> bit) & 1) * 0x2a + bright;
  return (index & 0x17) === 6 ? [0x2a, 0x15, 0] : [part(2), part(1), part(0)];
}

function monoColor(index: number): Rgb {
  const level = [0x00, 0x2a, 0x15, 0x3f][(index >> 3) & 3]!;
  return [level, level, level];
}

const GRAYS = [0x00, 0x05, 0x08, 0x0b, 0x0e, 0x11, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2d, 0x32, 0x38, 0x3f];
/** Five steps from the weakest to the strongest component: three brightnesses with three saturations each. */
const RAMPS = [
  [0x00, 0x10, 0x1f, 0x2f, 0x3f], [0x1f, 0x27, 0x2f, 0x37, 0x3f], [0x2d, 0x31, 0x36, 0x3a, 0x3f],
  [0x00, 0x07, 0x0e, 0x15, 0x1c], [0x0e, 0x11, 0x15, 0x18, 0x1c], [0x14, 0x16, 0x18, 0x1a, 0x1c],
  [0x00, 0x04, 0x08, 0x0c, 0x10], [0x08, 0x0a, 0x0c, 0x0e, 0x10], [0x0b, 0x0c, 0x0d, 0x0f, 0x10],
];

/** Sixteen colours, sixteen grays, then wheels of 24 hues that begin with blue. */
function palette256(): Uint8Array {
  const dac = new Uint8Array(768);
  const colors: Rgb[] = [];
  for (let index = 0; index < 16; index++) colors.push(cgaColor((index & 7) | ((index & 8) << 1)));
  for (const gray of GRAYS) colors.push([gray, gray, gray]);
  for (const ramp of RAMPS) for (let hue = 0; hue < 24; hue++) colors.push(wheel(ramp, hue));
  colors.forEach((color, index) => dac.set(color, index * 3));
  return dac;
}

/** Each sixth of the wheel moves one component: red up, blue down, green up, red down, blue up, green down. */
function wheel(ramp: readonly number[], hue: number): Rgb {
  const step = hue & 3;
  const high = 4;
  const levels: readonly (readonly [number, number, number])[] = [
    [step, 0, high], [high, 0, high - step], [high, step, 0], [high - step, high, 0], [0, high, step], [0, high - step, high],
  ];
  const [red, green, blue] = levels[hue >> 2]!;
  return [ramp[red]!, ramp[green]!, ramp[blue]!];
}

export function loadDac(call: BiosCall, first: number, entries: Uint8Array): void {
  call.out8(DAC_WRITE, first);
  for (const value of entries) call.out8(DAC_DATA, value);
}

/** What a mode set does, unless the program has asked to keep its palette. */
export function loadDefaultPalette(call: BiosCall, kind: PaletteKind): void {
  const control = call.read8(BDA_MODESET);
  call.out8(DAC_MASK, 0xff);
  if ((control & NO_PALETTE_LOADING) !== 0) return;
  const dac = defaultDac(kind);
  loadDac(call, 0, dac);
  if (dac.length < 768) loadDac(call, dac.length / 3, new Uint8Array(768 - dac.length));
  if ((control & GRAY_SUMMING) !== 0) sumToGray(call, 0, 256);
}

/** The attribute controller takes index and data in turns at one port; reading the status register begins anew. */
export function writeAttribute(call: BiosCall, index: number, value: number): void {
  call.in8(STATUS);
  call.out8(ATTR, index);
  call.out8(ATTR, value);
  call.out8(ATTR, PALETTE_ON);
}

function readAttribute(call: BiosCall, index: number): number {
  call.in8(STATUS);
  call.out8(ATTR, index | (index < 16 ? 0 : PALETTE_ON));
  const value = call.in8(ATTR_READ);
  call.in8(STATUS);
  call.out8(ATTR, PALETTE_ON);
  return value;
}

/** AH=0Bh: border, or which of the two four-colour palettes. */
export function setCgaColors(call: BiosCall): void {
  const value = call.bl;
  const register = call.read8(BDA_CGA_PALETTE);
  if (call.bh === 0) {
    call.write8(BDA_CGA_PALETTE, (register & 0xe0) | (value & 0x1f));
    const color = (value & 7) | ((value & 8) << 1);
    if (call.read8(BDA_VIDEO_MODE) > 3) writeAttribute(call, 0, color);
    writeAttribute(call, OVERSCAN, color);
    return;
  }
  if (call.bh !== 1) return;
  call.write8(BDA_CGA_PALETTE, (register & 0xdf) | ((value & 1) << 5));
  const bright = register & 0x10;
  for (let index = 1; index < 4; index++) writeAttribute(call, index, (index << 1) | (value & 1) | bright);
}

/** AH=10h. */
export function paletteService(call: BiosCall): void {
  switch (call.al) {
    case 0x00: return writeAttribute(call, call.bl & 0x1f, call.bh);
    case 0x01: return writeAttribute(call, OVERSCAN, call.bh);
    case 0x02: return writeAll(call);
    case 0x03: return writeAttribute(call, MODE_CONTROL, (readAttribute(call, MODE_CONTROL) & ~8) | ((call.bl & 1) << 3));
    case 0x07: call.bh = readAttribute(call, call.bl & 0x1f); return;
    case 0x08: call.bh = readAttribute(call, OVERSCAN); return;
    case 0x09: return readAll(call);
    case 0x10: return loadDac(call, call.bl, Uint8Array.of(call.dh & 0x3f, call.ch & 0x3f, call.cl & 0x3f));
    case 0x12: return writeDacBlock(call);
    case 0x13: return selectColorPage(call);
    case 0x15: return readDacRegister(call);
    case 0x17: return readDacBlock(call);
    case 0x18: return call.out8(DAC_MASK, call.bl);
    case 0x19: call.bl = call.in8(DAC_MASK); return;
    case 0x1a: return readColorPage(call);
    case 0x1b: return sumToGray(call, call.bx & 0xff, Math.min(call.cx, 256));
  }
}

function writeAll(call: BiosCall): void {
  const table = call.linear('es', call.dx);
  for (let index = 0; index < 16; index++) writeAttribute(call, index, call.read8(table + index));
  writeAttribute(call, OVERSCAN, call.read8(table + 16));
}

function readAll(call: BiosCall): void {
  const table = call.linear('es', call.dx);
  for (let index = 0; index < 16; index++) call.write8(table + index, readAttribute(call, index));
  call.write8(table + 16, readAttribute(call, OVERSCAN));
}

function writeDacBlock(call: BiosCall): void {
  const count = Math.min(call.cx, 256);
  const entries = new Uint8Array(count * 3);
  call.readBytes(call.linear('es', call.dx), entries);
  loadDac(call, call.bx & 0xff, entries.map((value) => value & 0x3f));
}

function readDac(call: BiosCall, first: number, count: number): Uint8Array {
  call.out8(DAC_READ, first);
  return Uint8Array.from({ length: count * 3 }, () => call.in8(DAC_DATA));
}

function readDacBlock(call: BiosCall): void {
  call.writeBytes(call.linear('es', call.dx), readDac(call, call.bx & 0xff, Math.min(call.cx, 256)));
}

function readDacRegister(call: BiosCall): void {
  const [red, green, blue] = readDac(call, call.bl, 1);
  call.dh = red!;
  call.ch = green!;
  call.cl = blue!;
}

function selectColorPage(call: BiosCall): void {
  const mode = readAttribute(call, MODE_CONTROL);
  if (call.bl === 0) return writeAttribute(call, MODE_CONTROL, (mode & 0x7f) | ((call.bh & 1) << 7));
  writeAttribute(call, COLOR_SELECT, (mode & 0x80) !== 0 ? call.bh & 15 : (call.bh & 3) << 2);
}

function readColorPage(call: BiosCall): void {
  const mode = readAttribute(call, MODE_CONTROL);
  const select = readAttribute(call, COLOR_SELECT) & 15;
  call.bl = mode >> 7;
  call.bh = (mode & 0x80) !== 0 ? select : select >> 2;
}

/** 30 % red, 59 % green, 11 % blue. */
function sumToGray(call: BiosCall, first: number, count: number): void {
  const entries = readDac(call, first, count);
  for (let at = 0; at < entries.length; at += 3) {
    const level = Math.min(0x3f, Math.round(0.3 * entries[at]! + 0.59 * entries[at + 1]! + 0.11 * entries[at + 2]!));
    entries.fill(level, at, at + 3);
  }
  loadDac(call, first, entries);
}
