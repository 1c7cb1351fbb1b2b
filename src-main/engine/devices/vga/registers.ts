// Registers of the VGA by number, and the state that holds them all. Video memory is not here: it is the machine's.
// Reference: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (1992); Bochs VBE extension.

import { defineState } from '../../snapshot/define-state.ts';
import { bool, bytes, u8, u16, u32, u32s } from '../../snapshot/fields.ts';

export const SEQ_CLOCKING = 1;
export const SEQ_MAP_MASK = 2;
export const SEQ_CHARACTER_MAP = 3;
export const SEQ_MEMORY_MODE = 4;
export const CLOCKING_8_DOTS = 0x01;
export const CLOCKING_HALF_DOT_CLOCK = 0x08;
export const CLOCKING_SCREEN_OFF = 0x20;
export const MEMORY_SEQUENTIAL = 0x04;
export const MEMORY_CHAIN_4 = 0x08;

export const GFX_SET_RESET = 0;
export const GFX_ENABLE_SET_RESET = 1;
export const GFX_COLOR_COMPARE = 2;
export const GFX_ROTATE = 3;
export const GFX_READ_MAP = 4;
export const GFX_MODE = 5;
export const GFX_MISC = 6;
export const GFX_COLOR_DONT_CARE = 7;
export const GFX_BIT_MASK = 8;
export const MODE_READ_COMPARE = 0x08;
export const MODE_ODD_EVEN = 0x10;
export const MODE_SHIFT_INTERLEAVE = 0x20;
export const MODE_SHIFT_256 = 0x40;
export const MISC_GRAPHICS = 0x01;
export const MISC_CHAIN_ODD_EVEN = 0x02;

export const ATTR_MODE = 0x10;
export const ATTR_PLANE_ENABLE = 0x12;
export const ATTR_PIXEL_PANNING = 0x13;
export const ATTR_COLOR_SELECT = 0x14;
export const ATTR_MODE_LINE_GRAPHICS = 0x04;
export const ATTR_MODE_BLINK = 0x08;
export const ATTR_MODE_PAN_TOP_ONLY = 0x20;
export const ATTR_MODE_8_BIT = 0x40;
export const ATTR_MODE_P54_SELECT = 0x80;
/** In the index register: the palette drives the screen and can't be written. */
export const ATTR_PALETTE_ON = 0x20;

export const CRTC_HORIZONTAL_TOTAL = 0x00;
export const CRTC_HORIZONTAL_DISPLAY_END = 0x01;
export const CRTC_VERTICAL_TOTAL = 0x06;
export const CRTC_OVERFLOW = 0x07;
export const CRTC_PRESET_ROW_SCAN = 0x08;
export const CRTC_MAXIMUM_SCAN_LINE = 0x09;
export const CRTC_CURSOR_START = 0x0a;
export const CRTC_CURSOR_END = 0x0b;
export const CRTC_START_HIGH = 0x0c;
export const CRTC_START_LOW = 0x0d;
export const CRTC_CURSOR_HIGH = 0x0e;
export const CRTC_CURSOR_LOW = 0x0f;
export const CRTC_RETRACE_START = 0x10;
export const CRTC_RETRACE_END = 0x11;
export const CRTC_DISPLAY_END = 0x12;
export const CRTC_OFFSET = 0x13;
export const CRTC_UNDERLINE = 0x14;
export const CRTC_MODE = 0x17;
export const CRTC_LINE_COMPARE = 0x18;
export const CRTC_LATCH = 0x22;
export const CRTC_FLIP_FLOP = 0x24;

/** Miscellaneous output register. */
export const OUTPUT_COLOR_PORTS = 0x01;
export const OUTPUT_MEMORY_ENABLE = 0x02;

export const SEQ_COUNT = 5;
export const GFX_COUNT = 9;
export const ATTR_COUNT = 0x15;
export const CRTC_COUNT = 0x19;
export const VBE_COUNT = 11;

export const VGA_STATE = defineState('vga', 1, {
  output: u8(),
  featureControl: u8(),
  subsystemEnabled: u8(1),
  seqIndex: u8(),
  seq: bytes(SEQ_COUNT),
  gfxIndex: u8(),
  gfx: bytes(GFX_COUNT),
  attrIndex: u8(),
  /** The next write to 3C0h is data. */
  attrData: bool(),
  attr: bytes(ATTR_COUNT),
  crtcIndex: u8(),
  crtc: bytes(CRTC_COUNT),
  dac: bytes(768),
  dacMask: u8(0xff),
  dacReadIndex: u8(),
  dacWriteIndex: u8(),
  /** 0 red, 1 green, 2 blue comes next. */
  dacComponent: u8(),
  dacReading: bool(),
  /** One byte a plane, plane 0 lowest. */
  latch: u32(),
  vbeIndex: u16(),
  vbe: u32s(VBE_COUNT),
});
export type VgaState = ReturnType<typeof VGA_STATE.create>;
