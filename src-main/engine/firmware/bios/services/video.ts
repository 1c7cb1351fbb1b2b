// INT 10h: which function goes where, and the small ones about the adapter's state.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h; AH=1Ch keeps the layout to itself.

import type { BiosCall } from '../call.ts';
import {
  BDA_COLUMNS, BDA_CURSOR_SHAPE, BDA_DCC, BDA_MODESET, BDA_PAGE, BDA_ROWS, BDA_VIDEO_INFO, BDA_VIDEO_MODE, BDA_VIDEO_SAVE, BDA_VIDEO_SWITCHES,
} from '../data-area.ts';
import { VIDEO_ROM_SEGMENT } from '../rom/video-rom.ts';
import type { VideoRomPlaces } from '../video-places.ts';
import { vbeService } from './vbe.ts';
import { fontService } from './video-font.ts';
import { readDot, writeDot } from './video-graphics.ts';
import { setMode } from './video-mode-set.ts';
import { paletteService, setCgaColors } from './video-palette.ts';
import { saveRestoreState } from './video-state.ts';
import {
  cursorOf, readCell, screenOf, scrollService, selectPage, setCursor, setCursorShape, teletype, writeCells, writeString,
} from './video-text.ts';

/** VGA with colour display, in INT 10h AH=1Ah. */
const VGA_COLOR = 0x08;
const STATIC_FUNCTIONALITY_BYTES = 16;

export function videoService(call: BiosCall, places: VideoRomPlaces): void {
  switch (call.ah) {
    case 0x00: return setMode(call, places, call.al);
    case 0x01: return setCursorShape(call);
    case 0x02: return setCursor(call, call.bh, call.dh, call.dl);
    case 0x03: return readCursor(call);
    case 0x05: return selectPage(call, call.al);
    case 0x06: return scrollService(call, 'up');
    case 0x07: return scrollService(call, 'down');
    case 0x08: return readCell(call);
    case 0x09: return writeCells(call, true);
    case 0x0a: return writeCells(call, false);
    case 0x0b: return setCgaColors(call);
    case 0x0c: return writeDot(call, screenOf(call), { x: call.cx, y: call.dx, page: call.bh & 7, color: call.al });
    case 0x0d: call.al = readDot(call, screenOf(call), { x: call.cx, y: call.dx, page: call.bh & 7 }); return;
    case 0x0e: return teletype(call, call.al, { page: call.read8(BDA_PAGE), color: call.bl });
    case 0x0f: return readMode(call);
    case 0x10: return paletteService(call);
    case 0x11: return fontService(call, places);
    case 0x12: return alternateSelect(call);
    case 0x13: return writeString(call);
    case 0x1a: return displayCombination(call);
    case 0x1b: return functionality(call, places);
    case 0x1c: return saveRestoreState(call);
    case 0x4f: return vbeService(call, places);
  }
}

/** What the option ROM does before the first mode is set. */
export function initialiseVideo(call: BiosCall, places: VideoRomPlaces): void {
  call.write32(4 * 0x10, VIDEO_ROM_SEGMENT * 0x1_0000 + places.int10);
  call.write8(BDA_VIDEO_INFO, 0x60);
  call.write8(BDA_VIDEO_SWITCHES, 0xf9);
  call.write8(BDA_MODESET, 0x51);
  call.write8(BDA_DCC, VGA_COLOR);
  call.write32(BDA_VIDEO_SAVE, VIDEO_ROM_SEGMENT * 0x1_0000 + places.savePointers);
  setMode(call, places, 3);
}

function readCursor(call: BiosCall): void {
  const { row, column } = cursorOf(call, call.bh);
  call.cx = call.read16(BDA_CURSOR_SHAPE);
  call.dh = row;
  call.dl = column;
}

function readMode(call: BiosCall): void {
  call.al = call.read8(BDA_VIDEO_MODE) | (call.read8(BDA_VIDEO_INFO) & 0x80);
  call.ah = call.read16(BDA_COLUMNS);
  call.bh = call.read8(BDA_PAGE);
}

/** AH=12h: video information, scan lines of text modes, palette loading, gray summing, cursor emulation, refresh. */
function alternateSelect(call: BiosCall): void {
  const control = call.read8(BDA_MODESET);
  const flag = (bit: number, on: boolean): void => {
    call.write8(BDA_MODESET, on ? control | bit : control & ~bit);
    call.al = 0x12;
  };
  switch (call.bl) {
    case 0x10:
      call.bx = 0x0003;
      call.cx = 0x0009;
      return;
    case 0x30: {
      const lines = [0x80, 0x00, 0x10][call.al];
      if (lines === undefined) return;
      call.write8(BDA_MODESET, (control & ~0x90) | lines);
      call.al = 0x12;
      return;
    }
    case 0x31: return flag(0x08, call.al === 1);
    case 0x32: call.out8(0x3c3, call.al === 0 ? 1 : 0); call.al = 0x12; return;
    case 0x33: return flag(0x02, call.al === 0);
    case 0x34: {
      const info = call.read8(BDA_VIDEO_INFO);
      call.write8(BDA_VIDEO_INFO, (info & ~1) | (call.al & 1));
      call.al = 0x12;
      return;
    }
    case 0x36:
      call.out8(0x3c4, 1);
      call.out8(0x3c5, (call.in8(0x3c5) & ~0x20) | ((call.al & 1) << 5));
      call.al = 0x12;
  }
}

function displayCombination(call: BiosCall): void {
  if (call.al === 0) call.bx = call.read8(BDA_DCC);
  else if (call.al === 1) call.write8(BDA_DCC, call.bl);
  else return;
  call.al = 0x1a;
}

/** AH=1Bh: 64 bytes about the present state. */
function functionality(call: BiosCall, places: VideoRomPlaces): void {
  if (call.bx !== 0) return;
  const screen = screenOf(call);
  const table = new Uint8Array(64);
  const view = new DataView(table.buffer);
  view.setUint32(0, VIDEO_ROM_SEGMENT * 0x1_0000 + places.static, true);
  for (let at = 0; at < 30; at++) table[4 + at] = call.read8(BDA_VIDEO_MODE + at);
  table[0x22] = call.read8(BDA_ROWS) + 1;
  view.setUint16(0x23, screen.glyphHeight, true);
  table[0x25] = call.read8(BDA_DCC);
  view.setUint16(0x27, screen.mode.kind === 'linear' ? 256 : 1 << screen.mode.colorBits, true);
  table[0x29] = screen.mode.pages;
  table[0x2a] = screen.mode.height <= 200 ? 0 : screen.mode.height <= 350 ? 1 : screen.mode.height <= 400 ? 2 : 3;
  table[0x2d] = 0x21;
  table[0x31] = 3;
  call.writeBytes(call.linear('es', call.di), table);
  call.al = 0x1b;
}

/** The static functionality table: all VGA modes, 200, 350 and 400 lines, every function above. */
export function staticFunctionality(): Uint8Array {
  const table = new Uint8Array(STATIC_FUNCTIONALITY_BYTES);
  table.set([0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 0x02, 0x08, 0xe7, 0x0c]);
  return table;
}
