// What a VGA BIOS would have left behind, for machines that start without one.
// Reference: IBM PS/2 Technical Reference, "Video Subsystem", register values per mode (mode 3+, 80x25 with 9x16 dots).

import { ATTR_PALETTE_ON } from './registers.ts';
import { GLYPHS_8X16 } from './rom-fonts.table.ts';
import {
  isVbe,
  VBE_BPP,
  VBE_ENABLE,
  VBE_ENABLED,
  VBE_LFB_ENABLED,
  VBE_XRES,
  VBE_YRES,
  vbePitch,
} from './vbe.ts';
import type { Vga } from './vga.ts';

const MODE_3 = {
  output: 0x67,
  seq: [0x03, 0x00, 0x03, 0x00, 0x02],
  crtc: [
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c,
    0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
  ],
  gfx: [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff],
  attr: [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c,
    0x00, 0x0f, 0x08, 0x00,
  ],
} as const;

const TEXT_OFFSETS = 0x4000;
const BLANK_CELL = 0x0720;
const GLYPH_BYTES = 32;

/** 80 by 25 characters in 16 colours, cursor at the top left, screen empty. */
export function setTextMode3(vga: Vga): void {
  const { state, memory } = vga;
  state.output = MODE_3.output;
  state.seq.set(MODE_3.seq);
  state.crtc.set(MODE_3.crtc);
  state.gfx.set(MODE_3.gfx);
  state.attr.set(MODE_3.attr);
  state.attrIndex = ATTR_PALETTE_ON;
  state.attrData = false;
  state.dacMask = 0xff;
  state.dac.set(egaPalette());
  vga.changed();
  // Bytes of text go to planes 0 and 1 of every other offset.
  for (let at = 0; at < TEXT_OFFSETS; at++) memory.setPlanes(at, at & 1 ? 0 : BLANK_CELL, 0x0000_ffff);
  loadFont(vga, GLYPHS_8X16);
  vga.changed();
}

export interface LinearMode {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
}

/** A mode of the linear frame buffer, black. Returns the bytes from row to row; 0 where memory is too small for it. */
export function setLinearMode(vga: Vga, { width, height, bitsPerPixel }: LinearMode): number {
  vga.writeVbe(VBE_XRES, width);
  vga.writeVbe(VBE_YRES, height);
  vga.writeVbe(VBE_BPP, bitsPerPixel);
  vga.writeVbe(VBE_ENABLE, VBE_ENABLED | VBE_LFB_ENABLED);
  return isVbe(vga.state) ? vbePitch(vga.state) : 0;
}

/** Glyphs as rows of hexadecimal bytes, into the first font of plane 2. */
function loadFont({ memory }: Vga, glyphs: readonly string[]): void {
  glyphs.forEach((rows, code) => {
    for (let line = 0; line < GLYPH_BYTES; line++) {
      const row = Number.parseInt(rows.slice(line * 2, line * 2 + 2), 16) || 0;
      memory.setPlanes(code * GLYPH_BYTES + line, row << 16, 0x00ff_0000);
    }
  });
}

/** The 64 colours of the EGA: two bits for each of red, green and blue, in units of 15h. */
function egaPalette(): Uint8Array {
  const dac = new Uint8Array(64 * 3);
  for (let color = 0; color < 64; color++) {
    for (const [component, bit] of [2, 1, 0].entries()) {
      dac[color * 3 + component] = ((color >>> bit) & 1) * 0x2a + ((color >>> (bit + 3)) & 1) * 0x15;
    }
  }
  return dac;
}
