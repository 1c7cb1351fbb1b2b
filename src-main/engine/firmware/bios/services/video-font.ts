// INT 10h AH=11h: fonts into plane 2 of the video memory, and where the BIOS keeps its own.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=11h.

import type { BiosCall } from '../call.ts';
import { BDA_COLUMNS, BDA_CRTC, BDA_CURSOR_SHAPE, BDA_GLYPH_HEIGHT, BDA_PAGE_BYTES, BDA_ROWS } from '../data-area.ts';
import { VIDEO_ROM_SEGMENT } from '../rom/video-rom.ts';
import type { VideoRomPlaces } from '../video-places.ts';

const SEQ = 0x3c4;
const GFX = 0x3ce;
const FONT_WINDOW = 0xa_0000;
const GLYPH_BYTES = 32;
const SCAN_LINES = [200, 350, 400] as const;

export interface GlyphRequest {
  readonly height: number;
  readonly block: number;
  /** Linear address of the caller's glyphs; absent: the BIOS's own of that height. */
  readonly source?: number;
  readonly first?: number;
  readonly count?: number;
}

/** Registers that give access to plane 2 at A0000h, and those that end it again in text modes. */
const OPEN_FONT = [[SEQ, 2, 4], [SEQ, 4, 7], [GFX, 4, 2], [GFX, 5, 0], [GFX, 6, 4]] as const;
const CLOSE_FONT = [[SEQ, 2, 3], [SEQ, 4, 3], [GFX, 4, 0], [GFX, 5, 0x10], [GFX, 6, 0x0e]] as const;

export function loadGlyphs(call: BiosCall, places: VideoRomPlaces, request: GlyphRequest): void {
  const { height, block, first = 0, count = 256 } = request;
  const source = request.source ?? (VIDEO_ROM_SEGMENT << 4) + ownFont(places, height);
  const place = FONT_WINDOW + ((block & 3) * 0x4000 + (block & 4 ? 0x2000 : 0));
  const glyph = new Uint8Array(height);
  program(call, OPEN_FONT);
  for (let n = 0; n < Math.min(count, 256 - first); n++) {
    call.readBytes(source + n * height, glyph);
    for (let line = 0; line < Math.min(height, GLYPH_BYTES); line++) call.write8(place + (first + n) * GLYPH_BYTES + line, glyph[line]!);
  }
  program(call, CLOSE_FONT);
  if ((call.read16(BDA_CRTC) & 0xff) === 0xb4) program(call, [[GFX, 6, 0x0a]]);
}

const ownFont = (places: VideoRomPlaces, height: number): number =>
  height === 8 ? places.font8 : height === 14 ? places.font14 : places.font16;

function program(call: BiosCall, registers: readonly (readonly [number, number, number])[]): void {
  for (const [port, index, value] of registers) {
    call.out8(port, index);
    call.out8(port + 1, value);
  }
}

/** AH=11h. */
export function fontService(call: BiosCall, places: VideoRomPlaces): void {
  const { al, bh, bl } = call;
  const recalculate = (al & 0x10) !== 0;
  const own = [14, 8, undefined, 16][(al & 7) - 1];
  switch (al) {
    case 0x00: case 0x10:
      if (bh === 0 || bh > GLYPH_BYTES) return;
      loadGlyphs(call, places, { height: bh, block: bl, source: call.linear('es', call.bp), first: call.dx & 0xff, count: call.cx });
      if (recalculate) setGlyphHeight(call, bh);
      return;
    case 0x01: case 0x02: case 0x04: case 0x11: case 0x12: case 0x14:
      loadGlyphs(call, places, { height: own!, block: bl });
      if (recalculate) setGlyphHeight(call, own!);
      return;
    case 0x03: program(call, [[SEQ, 3, bl]]); return;
    case 0x20: call.write32(4 * 0x1f, call.selector('es') * 0x1_0000 + call.bp); return;
    case 0x21: setGraphicsFont(call, call.selector('es') * 0x1_0000 + call.bp, call.cx); return;
    case 0x22: case 0x23: case 0x24: {
      const height = al === 0x22 ? 14 : al === 0x23 ? 8 : 16;
      setGraphicsFont(call, VIDEO_ROM_SEGMENT * 0x1_0000 + ownFont(places, height), height);
      return;
    }
    case 0x30: return fontPointer(call, places);
  }
}

/** Rows on the screen by BL: given in DL, 14, 25 or 43. */
function setGraphicsFont(call: BiosCall, pointer: number, height: number): void {
  const rows = { 0: call.dl, 1: 14, 2: 25, 3: 43 }[call.bl] ?? 25;
  call.write32(4 * 0x43, pointer >>> 0);
  call.write16(BDA_GLYPH_HEIGHT, height & 0xff);
  call.write8(BDA_ROWS, Math.max(0, rows - 1));
}

/** As many rows as the screen's scan lines hold; cursor and page size follow. */
export function setGlyphHeight(call: BiosCall, height: number): void {
  const crtc = call.read16(BDA_CRTC);
  const read = (index: number): number => {
    call.out8(crtc, index);
    return call.in8(crtc + 1);
  };
  const write = (index: number, value: number): void => {
    call.out8(crtc, index);
    call.out8(crtc + 1, value);
  };
  const overflow = read(7);
  const lines = (read(0x12) | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
  const scanned = (read(9) & 0x80) !== 0 ? lines >> 1 : lines;
  const screen = SCAN_LINES.includes(scanned as 200 | 350 | 400) ? scanned : 400;
  const rows = Math.max(1, Math.min(255, Math.floor(screen / height)));
  write(9, (read(9) & 0xe0) | (height - 1));
  const shape = height < 14 ? [height - 2, height - 1] : [height - 3, height - 2];
  write(0x0a, Math.max(0, shape[0]!));
  write(0x0b, Math.max(0, shape[1]!));
  call.write16(BDA_CURSOR_SHAPE, (Math.max(0, shape[0]!) << 8) | Math.max(0, shape[1]!));
  call.write8(BDA_ROWS, rows - 1);
  call.write16(BDA_GLYPH_HEIGHT, height);
  call.write16(BDA_PAGE_BYTES, (rows * call.read16(BDA_COLUMNS) * 2 + 0xff) & 0xff00);
}

function fontPointer(call: BiosCall, places: VideoRomPlaces): void {
  const rom = (offset: number): number => VIDEO_ROM_SEGMENT * 0x1_0000 + offset;
  const pointers = [
    call.read32(4 * 0x1f), call.read32(4 * 0x43), rom(places.font14), rom(places.font8), rom(places.font8 + 1024), rom(places.noAlternates),
    rom(places.font16), rom(places.noAlternates),
  ];
  const pointer = pointers[call.bh] ?? 0;
  call.setRealSegment('es', pointer >>> 16);
  call.bp = pointer & 0xffff;
  call.cx = call.read16(BDA_GLYPH_HEIGHT);
  call.dl = call.read8(BDA_ROWS);
}
