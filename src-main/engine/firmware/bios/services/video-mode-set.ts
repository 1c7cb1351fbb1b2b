// INT 10h AH=00h: a standard VGA mode, from registers to the BIOS data area.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=00h.

import type { BiosCall } from '../call.ts';
import {
  BDA_CGA_MODE, BDA_CGA_PALETTE, BDA_COLUMNS, BDA_CRTC, BDA_CURSOR_SHAPE, BDA_CURSORS, BDA_EQUIPMENT, BDA_GLYPH_HEIGHT, BDA_PAGE,
  BDA_PAGE_BYTES, BDA_PAGE_START, BDA_ROWS, BDA_VIDEO_INFO, BDA_VIDEO_MODE, VBE_MODE,
} from '../data-area.ts';
import { VIDEO_ROM_SEGMENT } from '../rom/video-rom.ts';
import type { VideoRomPlaces } from '../video-places.ts';
import { loadGlyphs } from './video-font.ts';
import { type VideoMode, videoMode } from './video-modes.table.ts';
import { loadDefaultPalette } from './video-palette.ts';

const MISC_OUTPUT = 0x3c2;
const SEQ = 0x3c4;
const GFX = 0x3ce;
const ATTR = 0x3c0;
const PALETTE_ON = 0x20;
const VBE_PORT = 0x1ce;
const VBE_ENABLE = 4;
const KEEP_MEMORY = 0x80;
const CGA_MODE_REGISTERS = [0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29];

/** Unknown modes change nothing. */
export function setMode(call: BiosCall, places: VideoRomPlaces, request: number): void {
  const mode = videoMode(request & 0x7f);
  if (mode === undefined) return;
  disableVbe(call);
  programRegisters(call, mode);
  loadDefaultPalette(call, mode.palette);
  if ((request & KEEP_MEMORY) === 0) clearScreen(call, mode);
  writeDataArea(call, mode, request);
  setFontVectors(call, places, mode);
  if (mode.kind === 'text') loadGlyphs(call, places, { height: mode.glyphHeight, block: 0 });
  call.in8(crtcPort(mode) + 6);
  call.out8(ATTR, PALETTE_ON);
  call.al = (request & 0x7f) === 6 ? 0x3f : (request & 0x7f) > 7 ? 0x20 : 0x30;
}

export function disableVbe(call: BiosCall): void {
  call.out16(VBE_PORT, VBE_ENABLE);
  call.out16(VBE_PORT + 1, 0);
  call.write16(VBE_MODE, 0);
}

const crtcPort = (mode: VideoMode): number => ((mode.output & 1) !== 0 ? 0x3d4 : 0x3b4);

export function programRegisters(call: BiosCall, mode: VideoMode): void {
  const crtc = crtcPort(mode);
  const indexed = (port: number, values: readonly number[]): void => values.forEach((value, index) => {
    call.out8(port, index);
    call.out8(port + 1, value);
  });
  call.out8(MISC_OUTPUT, mode.output);
  indexed(SEQ, mode.seq);
  // The first eight registers are locked by bit 7 of register 11h.
  call.out8(crtc, 0x11);
  call.out8(crtc + 1, 0);
  indexed(crtc, mode.crtc);
  indexed(GFX, mode.gfx);
  call.in8(crtc + 6);
  mode.attr.forEach((value, index) => {
    call.out8(ATTR, index);
    call.out8(ATTR, value);
  });
}

function clearScreen(call: BiosCall, mode: VideoMode): void {
  const fill = mode.kind === 'text' ? 0x0720_0720 : 0;
  const bytes = mode.kind === 'text' || mode.kind === 'cga' ? 0x8000 : 0x1_0000;
  for (let at = 0; at < bytes; at += 4) call.write32(mode.window + at, fill);
}

function writeDataArea(call: BiosCall, mode: VideoMode, request: number): void {
  call.write8(BDA_VIDEO_MODE, mode.mode);
  call.write16(BDA_COLUMNS, mode.columns);
  call.write16(BDA_PAGE_BYTES, mode.pageBytes);
  call.write16(BDA_PAGE_START, 0);
  for (let page = 0; page < 8; page++) call.write16(BDA_CURSORS + 2 * page, 0);
  call.write16(BDA_CURSOR_SHAPE, mode.kind === 'text' ? 0x0d0e : 0);
  call.write8(BDA_PAGE, 0);
  call.write16(BDA_CRTC, crtcPort(mode));
  call.write8(BDA_CGA_MODE, CGA_MODE_REGISTERS[mode.mode] ?? 0x29);
  call.write8(BDA_CGA_PALETTE, mode.mode === 6 ? 0x3f : 0x30);
  call.write8(BDA_ROWS, mode.rows - 1);
  call.write16(BDA_GLYPH_HEIGHT, mode.glyphHeight);
  call.write8(BDA_VIDEO_INFO, (call.read8(BDA_VIDEO_INFO) & 0x7f) | (request & KEEP_MEMORY));
  const equipment = call.read16(BDA_EQUIPMENT) & ~0x30;
  call.write16(BDA_EQUIPMENT, equipment | (mode.palette === 'mono' ? 0x30 : mode.columns === 40 && mode.kind === 'text' ? 0x10 : 0x20));
}

/** INT 43h is the font of the present mode, INT 1Fh its upper half in CGA modes. */
export function setFontVectors(call: BiosCall, places: VideoRomPlaces, mode: VideoMode): void {
  const font = mode.glyphHeight === 8 ? places.font8 : mode.glyphHeight === 14 ? places.font14 : places.font16;
  call.write32(4 * 0x43, VIDEO_ROM_SEGMENT * 0x1_0000 + font);
  call.write32(4 * 0x1f, VIDEO_ROM_SEGMENT * 0x1_0000 + places.font8 + 128 * 8);
}
