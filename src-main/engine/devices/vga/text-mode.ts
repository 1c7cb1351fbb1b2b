// Draws text modes, and tells what they say. A cell is drawn again only when something about it has changed; what it
// looked like last is kept as a number per cell.
// Reference: IBM PS/2 Technical Reference, "Alphanumeric Modes", "Character Map Select", "Cursor".

import { CODE_PAGE_437 } from '../../display/code-page-437.ts';
import type { TextScreen } from '../../display/frame.ts';
import type { Surface } from '../../display/surface.ts';
import { type Band, cursorAddress, type Geometry, memoryOffset } from './crtc.ts';
import type { ColorTables } from './dac.ts';
import {
  ATTR_MODE,
  ATTR_MODE_BLINK,
  ATTR_MODE_LINE_GRAPHICS,
  CRTC_CURSOR_END,
  CRTC_CURSOR_START,
  CRTC_UNDERLINE,
  SEQ_CHARACTER_MAP,
  type VgaState,
} from './registers.ts';
import type { VideoMemory } from './video-memory.ts';

const CURSOR_OFF = 0x20;
/** Bits of a cell's number above character and attribute. */
const WITH_CURSOR = 0x1_0000;
const BLINKED_OFF = 0x2_0000;
const NEVER_DRAWN = 0xffff_ffff;
const GLYPH_BYTES = 32;

export interface BlinkPhase {
  readonly cursorOn: boolean;
  readonly textOn: boolean;
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly band: Band;
  readonly key: number;
}

export class TextMode {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;
  private readonly colors: ColorTables;
  private drawn = new Uint32Array(0);
  private screen: TextScreen = { columns: 0, rows: [], cursor: undefined };

  constructor(state: VgaState, memory: VideoMemory, colors: ColorTables) {
    this.state = state;
    this.memory = memory;
    this.colors = colors;
  }

  /** `whole`: nothing on the surface is good any more. */
  draw(surface: Surface, layout: Geometry, blink: BlinkPhase, whole: boolean): void {
    const cells = layout.bands.reduce((sum, band) => sum + rowsOf(band, layout) * (layout.columns + 1), 0);
    if (this.drawn.length !== cells) this.drawn = new Uint32Array(cells).fill(NEVER_DRAWN);
    else if (whole) this.drawn.fill(NEVER_DRAWN);
    let first = 0;
    for (const band of layout.bands) {
      this.drawBand(surface, layout, band, blink, first);
      first += rowsOf(band, layout) * (layout.columns + 1);
    }
  }

  /** As of the last `updateText`. */
  text(): TextScreen {
    return this.screen;
  }

  /** Reads what the screen says; true when that has changed. */
  updateText(layout: Geometry): boolean {
    const old = this.screen;
    const rows = this.readRows(layout);
    const cursor = this.cursorCell(layout);
    const same =
      old.columns === layout.columns &&
      old.rows.length === rows.length &&
      old.rows.every((row, index) => row === rows[index]) &&
      old.cursor?.column === cursor?.column &&
      old.cursor?.row === cursor?.row;
    if (!same) this.screen = { columns: layout.columns, rows, cursor };
    return !same;
  }

  private drawBand(surface: Surface, layout: Geometry, band: Band, blink: BlinkPhase, first: number): void {
    const { words } = this.memory;
    const { crtc, attr } = this.state;
    const blinking = (attr[ATTR_MODE]! & ATTR_MODE_BLINK) !== 0;
    const cursor = this.cursorEnabled() && blink.cursorOn ? cursorAddress(crtc) : -1;
    // A shifted picture shows a part of one more column.
    const columns = layout.columns + (band.pan > 0 ? 1 : 0);
    const rows = rowsOf(band, layout);
    for (let row = 0; row < rows; row++) {
      const y = band.top + row * layout.rowLines - band.rowScan;
      for (let column = 0; column < columns; column++) {
        const counter = (band.start + row * layout.pitch + column) & 0xffff;
        let key = words[memoryOffset(crtc, counter, 0)]! & 0xffff;
        if (counter === cursor) key |= WITH_CURSOR;
        if (blinking && (key & 0x8000) !== 0 && !blink.textOn) key |= BLINKED_OFF;
        const index = first + row * (layout.columns + 1) + column;
        if (this.drawn[index] === key) continue;
        this.drawn[index] = key;
        this.drawCell(surface, layout, { x: column * layout.charWidth - band.pan, y, band, key });
      }
    }
  }

  private drawCell(surface: Surface, layout: Geometry, { x, y, band, key }: Cell): void {
    const { charWidth, rowLines } = layout;
    const { pixels, width } = surface;
    const { background, foreground } = this.cellColors(key);
    const left = Math.max(0, -x);
    const right = Math.min(charWidth, width - x);
    const glyph = this.glyphOffset(key);
    const bottom = Math.min(rowLines, band.bottom - y);
    for (let line = Math.max(0, band.top - y); line < bottom; line++) {
      const bits = this.dots(key, glyph, line) << 1;
      const dots = charWidth === 9 ? bits | this.ninthDot(key, bits) : bits;
      const at = (y + line) * width + x;
      for (let dot = left; dot < right; dot++)
        pixels[at + dot] = dots & (0x100 >> dot) ? foreground : background;
    }
    surface.dirty.mark({ x, y, width: charWidth, height: rowLines });
  }

  private cellColors(key: number): { background: number; foreground: number } {
    const blinking = (this.state.attr[ATTR_MODE]! & ATTR_MODE_BLINK) !== 0;
    const background = this.colors.of16[(key >>> 12) & (blinking ? 7 : 15)]!;
    const foreground = this.colors.of16[(key >>> 8) & 15]!;
    return { background, foreground: key & BLINKED_OFF ? background : foreground };
  }

  /** Where in plane 2 the shape of a character is; attribute bit 3 chooses between two fonts. */
  private glyphOffset(key: number): number {
    const select = this.state.seq[SEQ_CHARACTER_MAP]!;
    const map =
      key & 0x800 ? ((select >>> 2) & 3) | ((select >>> 3) & 4) : (select & 3) | ((select >>> 2) & 4);
    return ((map & 3) << 14) + ((map & 4) << 11) + (key & 0xff) * GLYPH_BYTES;
  }

  private dots(key: number, glyph: number, line: number): number {
    const { crtc } = this.state;
    const first = crtc[CRTC_CURSOR_START]! & 0x1f;
    const last = crtc[CRTC_CURSOR_END]! & 0x1f;
    if ((key & WITH_CURSOR) !== 0 && line >= first && line <= last) return 0xff;
    if ((key & 0x7700) === 0x0100 && line === (crtc[CRTC_UNDERLINE]! & 0x1f)) return 0xff;
    return this.memory.bytes[((glyph + line) & 0xffff) * 4 + 2]!;
  }

  /** Line-drawing characters reach their right neighbour, as do cursor and underline. */
  private ninthDot(key: number, bits: number): number {
    const character = key & 0xff;
    const joined =
      (this.state.attr[ATTR_MODE]! & ATTR_MODE_LINE_GRAPHICS) !== 0 && character >= 0xc0 && character <= 0xdf;
    return joined || (bits === 0x1fe && (key & WITH_CURSOR) !== 0) ? (bits >>> 1) & 1 : 0;
  }

  private cursorEnabled(): boolean {
    const { crtc } = this.state;
    const start = crtc[CRTC_CURSOR_START]!;
    return (start & CURSOR_OFF) === 0 && (start & 0x1f) <= (crtc[CRTC_CURSOR_END]! & 0x1f);
  }

  private readRows(layout: Geometry): string[] {
    const rows: string[] = [];
    for (const band of layout.bands) {
      for (let row = 0; row < rowsOf(band, layout); row++) rows.push(this.readRow(layout, band, row));
    }
    return rows;
  }

  private readRow(layout: Geometry, band: Band, row: number): string {
    let text = '';
    for (let column = 0; column < layout.columns; column++) {
      const offset = memoryOffset(this.state.crtc, band.start + row * layout.pitch + column, 0);
      text += CODE_PAGE_437[this.memory.words[offset]! & 0xff];
    }
    return text;
  }

  private cursorCell(layout: Geometry): TextScreen['cursor'] {
    if (!this.cursorEnabled()) return undefined;
    const address = cursorAddress(this.state.crtc);
    let above = 0;
    for (const band of layout.bands) {
      const distance = (address - band.start) & 0xffff;
      const row = layout.pitch === 0 ? 0 : Math.floor(distance / layout.pitch);
      const column = distance - row * layout.pitch;
      if (row < rowsOf(band, layout) && column < layout.columns) return { column, row: above + row };
      above += rowsOf(band, layout);
    }
    return undefined;
  }
}

function rowsOf(band: Band, layout: Geometry): number {
  return Math.ceil((band.bottom - band.top + band.rowScan) / layout.rowLines);
}
