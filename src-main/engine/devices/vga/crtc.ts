// What the CRT controller's registers say: the size of the picture, where in memory it begins, and at which moment
// the beam is where. It draws nothing.
// Reference: IBM PS/2 Technical Reference, "CRT Controller Registers".

import {
  ATTR_MODE,
  ATTR_MODE_8_BIT,
  ATTR_MODE_PAN_TOP_ONLY,
  ATTR_PIXEL_PANNING,
  CLOCKING_8_DOTS,
  CLOCKING_HALF_DOT_CLOCK,
  CRTC_CURSOR_HIGH,
  CRTC_CURSOR_LOW,
  CRTC_DISPLAY_END,
  CRTC_HORIZONTAL_DISPLAY_END,
  CRTC_HORIZONTAL_TOTAL,
  CRTC_LINE_COMPARE,
  CRTC_MAXIMUM_SCAN_LINE,
  CRTC_MODE,
  CRTC_OFFSET,
  CRTC_OVERFLOW,
  CRTC_PRESET_ROW_SCAN,
  CRTC_RETRACE_END,
  CRTC_RETRACE_START,
  CRTC_START_HIGH,
  CRTC_START_LOW,
  CRTC_UNDERLINE,
  CRTC_VERTICAL_TOTAL,
  GFX_MISC,
  MISC_GRAPHICS,
  SEQ_CLOCKING,
  type VgaState,
} from './registers.ts';
import { isVbe, VBE_YRES } from './vbe.ts';

const DOUBLE_SCAN = 0x80;
const DOUBLE_WORD = 0x40;
const BYTE_MODE = 0x40;
const WORD_WRAP_15 = 0x20;
/** Clear: the row scan counter stands in for memory address bits 13 and 14, as on CGA and Hercules. */
const MAP_13 = 0x01;
const MAP_14 = 0x02;

/** A part of the screen with an origin of its own: all of it, or what line compare splits it into. */
export interface Band {
  /** Lines of the picture, `top` to `bottom` - 1. */
  readonly top: number;
  readonly bottom: number;
  /** Address counter of the first character. */
  readonly start: number;
  /** Row scan of the first line. */
  readonly rowScan: number;
  /** Dots by which the picture is shifted to the left. */
  readonly pan: number;
}

export interface Geometry {
  readonly columns: number;
  readonly charWidth: number;
  /** Scan lines of a character row, or of a row of dots. */
  readonly rowLines: number;
  readonly width: number;
  readonly height: number;
  /** Counter from one row to the next. */
  readonly pitch: number;
  readonly bands: readonly Band[];
}

export function verticalDisplayEnd(crtc: Uint8Array): number {
  const overflow = crtc[CRTC_OVERFLOW]!;
  return (crtc[CRTC_DISPLAY_END]! | ((overflow & 0x02) << 7) | ((overflow & 0x40) << 3)) + 1;
}

export function startAddress(crtc: Uint8Array): number {
  return (crtc[CRTC_START_HIGH]! << 8) | crtc[CRTC_START_LOW]!;
}

export function cursorAddress(crtc: Uint8Array): number {
  return (crtc[CRTC_CURSOR_HIGH]! << 8) | crtc[CRTC_CURSOR_LOW]!;
}

export function charWidth(state: VgaState): number {
  return state.seq[SEQ_CLOCKING]! & CLOCKING_8_DOTS ? 8 : 9;
}

/** The picture in dots as programs think of them: doubled scan lines and doubled dots count once. */
export function geometry(state: VgaState, start = startAddress(state.crtc)): Geometry {
  const { crtc, gfx, attr } = state;
  const graphics = (gfx[GFX_MISC]! & MISC_GRAPHICS) !== 0;
  const columns = crtc[CRTC_HORIZONTAL_DISPLAY_END]! + 1;
  const wide = graphics ? 8 : charWidth(state);
  const rowLines = (crtc[CRTC_MAXIMUM_SCAN_LINE]! & 0x1f) + 1;
  const doubled = crtc[CRTC_MAXIMUM_SCAN_LINE]! & DOUBLE_SCAN ? 2 : 1;
  // Where the row scan is part of the address, its lines differ.
  const sameRows = graphics && (crtc[CRTC_MODE]! & (MAP_13 | MAP_14)) === (MAP_13 | MAP_14);
  const lineRepeat = sameRows ? rowLines * doubled : doubled;
  const halfDots = graphics && (attr[ATTR_MODE]! & ATTR_MODE_8_BIT) !== 0;
  const height = Math.ceil(verticalDisplayEnd(crtc) / lineRepeat);
  return {
    columns,
    charWidth: halfDots ? 4 : wide,
    rowLines: sameRows ? 1 : rowLines,
    width: columns * (halfDots ? 4 : wide),
    height,
    pitch: crtc[CRTC_OFFSET]! * 2,
    bands: bands(state, { start, height, lineRepeat, rowUnit: sameRows ? rowLines : 1, halfDots }),
  };
}

interface Picture {
  readonly start: number;
  readonly height: number;
  readonly lineRepeat: number;
  readonly rowUnit: number;
  readonly halfDots: boolean;
}

function bands(state: VgaState, { start, height, lineRepeat, rowUnit, halfDots }: Picture): Band[] {
  const { crtc, attr } = state;
  const overflow = crtc[CRTC_OVERFLOW]!;
  const compare =
    crtc[CRTC_LINE_COMPARE]! | ((overflow & 0x10) << 4) | ((crtc[CRTC_MAXIMUM_SCAN_LINE]! & 0x40) << 3);
  const split = Math.min(height, Math.ceil((compare + 1) / lineRepeat));
  const preset = crtc[CRTC_PRESET_ROW_SCAN]!;
  const pan = panning(state, halfDots);
  const top: Band = {
    top: 0,
    bottom: split,
    start: start + ((preset >>> 5) & 3),
    rowScan: Math.floor((preset & 0x1f) / rowUnit),
    pan,
  };
  if (split === height) return [top];
  const panTopOnly = (attr[ATTR_MODE]! & ATTR_MODE_PAN_TOP_ONLY) !== 0;
  return [top, { top: split, bottom: height, start: 0, rowScan: 0, pan: panTopOnly ? 0 : pan }];
}

/** With nine dots the values 0 to 7 shift by 1 to 8 and 8 not at all; half dots count twice. */
function panning(state: VgaState, halfDots: boolean): number {
  const value = state.attr[ATTR_PIXEL_PANNING]! & 15;
  if (halfDots) return (value & 7) >>> 1;
  const graphics = (state.gfx[GFX_MISC]! & MISC_GRAPHICS) !== 0;
  if (graphics || charWidth(state) === 8) return value & 7;
  return value >= 8 ? 0 : value + 1;
}

/** Memory offset (0 to FFFFh, one for all planes) that the address counter and row scan stand for. */
export function memoryOffset(crtc: Uint8Array, counter: number, rowScan: number): number {
  const mode = crtc[CRTC_MODE]!;
  let offset = counter & 0xffff;
  if ((crtc[CRTC_UNDERLINE]! & DOUBLE_WORD) !== 0) offset = (offset << 2) | ((offset >>> 14) & 3);
  else if ((mode & BYTE_MODE) === 0)
    offset = (offset << 1) | ((offset >>> (mode & WORD_WRAP_15 ? 15 : 13)) & 1);
  if ((mode & MAP_13) === 0) offset = (offset & ~0x2000) | ((rowScan & 1) << 13);
  if ((mode & MAP_14) === 0) offset = (offset & ~0x4000) | ((rowScan & 2) << 13);
  return offset & 0xffff;
}

const DOT_CLOCKS_HZ = [25_175_000, 28_322_000] as const;

export interface Beam {
  /** Within the part of the frame that shows the picture. */
  readonly displaying: boolean;
  readonly verticalRetrace: boolean;
}

/** Timing of a frame; made anew when the registers change. */
export class FrameTiming {
  readonly frameNs: number;
  private readonly lineNs: number;
  private readonly displayNs: number;
  private readonly displayLines: number;
  private readonly retraceStart: number;
  private readonly retraceLines: number;

  constructor(state: VgaState) {
    const { crtc, seq } = state;
    if (isVbe(state)) {
      // Nobody programs a frame there: 60 Hz, and a twentieth of it without picture.
      this.displayLines = state.vbe[VBE_YRES]!;
      const total = Math.ceil(this.displayLines * 1.05) + 4;
      this.frameNs = 1e9 / 60;
      this.lineNs = this.frameNs / total;
      this.displayNs = this.lineNs * 0.8;
      this.retraceStart = this.displayLines + 1;
      this.retraceLines = 2;
      return;
    }
    const overflow = crtc[CRTC_OVERFLOW]!;
    const hz = DOT_CLOCKS_HZ[(state.output >>> 2) & 3] ?? DOT_CLOCKS_HZ[0];
    const dots = charWidth(state) * (seq[SEQ_CLOCKING]! & CLOCKING_HALF_DOT_CLOCK ? 2 : 1);
    const charNs = (dots * 1e9) / hz;
    this.lineNs = (crtc[CRTC_HORIZONTAL_TOTAL]! + 5) * charNs;
    this.displayNs = (crtc[CRTC_HORIZONTAL_DISPLAY_END]! + 1) * charNs;
    const lines = (crtc[CRTC_VERTICAL_TOTAL]! | ((overflow & 1) << 8) | ((overflow & 0x20) << 4)) + 2;
    this.displayLines = verticalDisplayEnd(crtc);
    this.retraceStart = crtc[CRTC_RETRACE_START]! | ((overflow & 4) << 6) | ((overflow & 0x80) << 2);
    this.retraceLines = (crtc[CRTC_RETRACE_END]! - this.retraceStart) & 15 || 16;
    this.frameNs = lines * this.lineNs;
  }

  /** When the retrace after a moment begins. */
  nextRetrace(nowNs: number): number {
    const offset = this.retraceStart * this.lineNs;
    return (Math.floor((nowNs - offset) / this.frameNs) + 1) * this.frameNs + offset;
  }

  at(nowNs: number): Beam {
    const inFrame = nowNs - Math.floor(nowNs / this.frameNs) * this.frameNs;
    const line = Math.floor(inFrame / this.lineNs);
    return {
      displaying: line < this.displayLines && inFrame - line * this.lineNs < this.displayNs,
      verticalRetrace: line >= this.retraceStart && line < this.retraceStart + this.retraceLines,
    };
  }
}
