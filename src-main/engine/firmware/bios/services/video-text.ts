// INT 10h: cursor, pages, scrolling, characters and teletype, in text and in graphics modes.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=01h to 0Ah, 0Eh, 13h.

import type { BiosCall } from '../call.ts';
import {
  BDA_COLUMNS, BDA_CRTC, BDA_CURSOR_SHAPE, BDA_CURSORS, BDA_GLYPH_HEIGHT, BDA_PAGE, BDA_PAGE_BYTES, BDA_PAGE_START, BDA_ROWS,
  BDA_VIDEO_MODE,
} from '../data-area.ts';
import { drawGlyph, scrollDots } from './video-graphics.ts';
import { type VideoMode, videoMode } from './video-modes.table.ts';

const BELL = 7;
const BACKSPACE = 8;
const LINE_FEED = 10;
const RETURN = 13;
/** More cells than any screen has. */
const MAX_CELLS = 0x4000;

export interface TextScreen {
  readonly mode: VideoMode;
  readonly columns: number;
  readonly rows: number;
  readonly glyphHeight: number;
}

export function screenOf(call: BiosCall): TextScreen {
  const mode = videoMode(call.read8(BDA_VIDEO_MODE)) ?? videoMode(3)!;
  return {
    mode,
    columns: Math.max(1, Math.min(255, call.read16(BDA_COLUMNS))),
    rows: call.read8(BDA_ROWS) + 1,
    glyphHeight: Math.max(1, Math.min(32, call.read8(BDA_GLYPH_HEIGHT))),
  };
}

function cellAddress(call: BiosCall, screen: TextScreen, place: { page: number; row: number; column: number }): number {
  const offset = place.page * call.read16(BDA_PAGE_BYTES) + (place.row * screen.columns + place.column) * 2;
  return screen.mode.window + (offset & 0x7fff);
}

function writeCrtc(call: BiosCall, index: number, value: number): void {
  const crtc = call.read16(BDA_CRTC);
  call.out8(crtc, index);
  call.out8(crtc + 1, value);
}

/** AH=01h. Old shapes for 8-line characters are stretched to the character's height. */
export function setCursorShape(call: BiosCall): void {
  const height = call.read8(BDA_GLYPH_HEIGHT);
  call.write16(BDA_CURSOR_SHAPE, call.cx);
  let start = call.ch & 0x1f;
  let end = call.cl & 0x1f;
  if (height > 8 && end < 8 && (call.ch & 0x20) === 0) {
    const isUnderline = start === end - 1;
    start = isUnderline ? height - 3 : Math.floor((start + 1) * height / 8) - 1;
    end = isUnderline ? height - 2 : Math.floor((end + 1) * height / 8) - 1;
  }
  writeCrtc(call, 0x0a, Math.max(0, start) | (call.ch & 0x20));
  writeCrtc(call, 0x0b, Math.max(0, end));
}

/** AH=02h. */
export function setCursor(call: BiosCall, page: number, row: number, column: number): void {
  const at = page & 7;
  call.write16(BDA_CURSORS + 2 * at, (row << 8) | column);
  if (at === call.read8(BDA_PAGE)) showCursor(call, at, row, column);
}

function showCursor(call: BiosCall, page: number, row: number, column: number): void {
  const offset = (page * call.read16(BDA_PAGE_BYTES)) / 2 + row * call.read16(BDA_COLUMNS) + column;
  writeCrtc(call, 0x0e, (offset >> 8) & 0xff);
  writeCrtc(call, 0x0f, offset & 0xff);
}

export function cursorOf(call: BiosCall, page: number): { readonly row: number; readonly column: number } {
  const place = call.read16(BDA_CURSORS + 2 * (page & 7));
  return { row: place >> 8, column: place & 0xff };
}

/** AH=05h. */
export function selectPage(call: BiosCall, page: number): void {
  const { mode } = screenOf(call);
  if (page >= mode.pages) return;
  const start = page * call.read16(BDA_PAGE_BYTES);
  call.write16(BDA_PAGE_START, start);
  call.write8(BDA_PAGE, page);
  const address = mode.kind === 'text' ? start / 2 : start;
  writeCrtc(call, 0x0c, (address >> 8) & 0xff);
  writeCrtc(call, 0x0d, address & 0xff);
  const { row, column } = cursorOf(call, page);
  showCursor(call, page, row, column);
}

export interface ScrollWindow {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  /** Rows; 0 clears the window. */
  readonly count: number;
  readonly attribute: number;
  readonly page: number;
}

/** AH=06h and 07h. */
export function scrollService(call: BiosCall, direction: 'up' | 'down'): void {
  scroll(call, direction, {
    top: call.ch, left: call.cl, bottom: call.dh, right: call.dl, count: call.al, attribute: call.bh, page: call.read8(BDA_PAGE),
  });
}

function scroll(call: BiosCall, direction: 'up' | 'down', asked: ScrollWindow): void {
  const screen = screenOf(call);
  const window = { ...asked, bottom: Math.min(asked.bottom, screen.rows - 1), right: Math.min(asked.right, screen.columns - 1) };
  const height = window.bottom - window.top + 1;
  const width = window.right - window.left + 1;
  if (height <= 0 || width <= 0) return;
  const count = window.count === 0 || window.count > height ? height : window.count;
  if (screen.mode.kind !== 'text') return scrollDots(call, screen, { ...window, count }, direction);
  const line = new Uint8Array(width * 2);
  const blank = new Uint8Array(width * 2).map((_, at) => (at & 1 ? window.attribute : 0x20));
  for (let n = 0; n < height; n++) {
    const row = direction === 'up' ? window.top + n : window.bottom - n;
    const source = direction === 'up' ? row + count : row - count;
    const moves = source >= window.top && source <= window.bottom;
    const place = { page: window.page, column: window.left };
    if (moves) call.readBytes(cellAddress(call, screen, { ...place, row: source }), line);
    call.writeBytes(cellAddress(call, screen, { ...place, row }), moves ? line : blank);
  }
}

/** AH=08h. In graphics modes the glyph is recognised by its dots where it can be; else 0. */
export function readCell(call: BiosCall): void {
  const screen = screenOf(call);
  const { row, column } = cursorOf(call, call.bh);
  if (screen.mode.kind === 'text') call.ax = call.read16(cellAddress(call, screen, { page: call.bh & 7, row, column }));
  else call.al = 0;
}

/** AH=09h and 0Ah: the same character, `count` times, cursor unmoved. */
export function writeCells(call: BiosCall, withAttribute: boolean): void {
  const screen = screenOf(call);
  const page = call.bh & 7;
  let { row, column } = cursorOf(call, screen.mode.kind === 'text' ? page : 0);
  for (let n = Math.min(call.cx, MAX_CELLS); n > 0; n--) {
    if (screen.mode.kind === 'text') {
      const at = cellAddress(call, screen, { page, row, column });
      if (withAttribute) call.write16(at, (call.bl << 8) | call.al);
      else call.write8(at, call.al);
    } else {
      drawGlyph(call, screen, { character: call.al, color: call.bl, row, column, page });
    }
    column += 1;
    if (column < screen.columns) continue;
    column = 0;
    row += 1;
    if (row >= screen.rows && screen.mode.kind !== 'text') return;
  }
}

/** AH=0Eh. */
export function teletype(call: BiosCall, character: number, style: { page: number; color: number; attribute?: number }): void {
  const screen = screenOf(call);
  const page = style.page & 7;
  let { row, column } = cursorOf(call, page);
  switch (character) {
    case BELL: return;
    case BACKSPACE: column = Math.max(0, column - 1); break;
    case LINE_FEED: row += 1; break;
    case RETURN: column = 0; break;
    default:
      put(call, screen, { character, row, column, page, style });
      column += 1;
  }
  if (column >= screen.columns) {
    column = 0;
    row += 1;
  }
  if (row >= screen.rows) {
    scrollOneLine(call, screen, page);
    row = screen.rows - 1;
  }
  setCursor(call, page, row, column);
}

interface Put {
  readonly character: number;
  readonly row: number;
  readonly column: number;
  readonly page: number;
  readonly style: { color: number; attribute?: number };
}

function put(call: BiosCall, screen: TextScreen, { character, row, column, page, style }: Put): void {
  if (screen.mode.kind !== 'text') return drawGlyph(call, screen, { character, color: style.color, row, column, page });
  const at = cellAddress(call, screen, { page, row, column });
  call.write8(at, character);
  if (style.attribute !== undefined) call.write8(at + 1, style.attribute);
}

/** The new line takes the attribute of the last one. */
function scrollOneLine(call: BiosCall, screen: TextScreen, page: number): void {
  const last = { page, row: screen.rows - 1, column: screen.columns - 1 };
  const attribute = screen.mode.kind === 'text' ? call.read8(cellAddress(call, screen, last) + 1) : 0;
  scroll(call, 'up', { top: 0, left: 0, bottom: screen.rows - 1, right: screen.columns - 1, count: 1, attribute, page });
}

/** AH=13h: a string, with or without attributes in it, and the cursor moved or not. */
export function writeString(call: BiosCall): void {
  const { al, bh, bl } = call;
  const before = cursorOf(call, bh);
  const cells = (al & 2) !== 0;
  let source = call.bp;
  setCursor(call, bh, call.dh, call.dl);
  for (let n = call.cx; n > 0; n--) {
    const character = call.read8(call.linear('es', source++));
    const attribute = cells ? call.read8(call.linear('es', source++)) : bl;
    teletype(call, character, { page: bh, color: attribute, attribute });
  }
  if ((al & 1) === 0) setCursor(call, bh, before.row, before.column);
}

/** For the BIOS's own messages, on the shown page. */
export function print(call: BiosCall, text: string, attribute?: number): void {
  const page = call.read8(BDA_PAGE);
  for (const character of text) {
    if (character === '\n') teletype(call, RETURN, { page, color: 7 });
    const code = character.charCodeAt(0);
    teletype(call, code > 0xff ? 0x3f : code, { page, color: 7, ...(attribute === undefined ? {} : { attribute }) });
  }
}
