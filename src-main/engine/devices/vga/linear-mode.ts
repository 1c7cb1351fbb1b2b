// Draws the VBE modes with a linear frame buffer: one to four bytes a dot. Rows whose memory was not written are left
// alone. Reference: Bochs VBE display; 15 and 16 bits are 5:5:5 and 5:6:5, blue in the lowest bits.

import { BLACK, rgb, type Surface } from '../../display/surface.ts';
import type { ColorTables } from './dac.ts';
import type { VgaState } from './registers.ts';
import { VBE_BPP, VBE_X_OFFSET, VBE_XRES, VBE_Y_OFFSET, VBE_YRES, vbePitch } from './vbe.ts';
import type { VideoMemory } from './video-memory.ts';

type ReadDots = (line: Uint32Array, from: number) => void;

export class LinearMode {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;
  private readonly colors: ColorTables;
  private readonly halfWords: Uint16Array;
  private line = new Uint32Array(0);
  /** Colours of the present 15 or 16-bit mode by value. */
  private direct: { readonly bpp: number; readonly colors: Uint32Array } | undefined;

  constructor(state: VgaState, memory: VideoMemory, colors: ColorTables) {
    this.state = state;
    this.memory = memory;
    this.colors = colors;
    const { bytes } = memory;
    this.halfWords = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 1);
  }

  draw(surface: Surface, whole: boolean): void {
    const { vbe } = this.state;
    const bpp = vbe[VBE_BPP]!;
    const width = vbe[VBE_XRES]!;
    const bytesPerDot = (bpp + 7) >>> 3;
    const pitch = vbePitch(this.state);
    const read = this.reader(bpp);
    if (this.line.length !== width) this.line = new Uint32Array(width);
    let from = vbe[VBE_Y_OFFSET]! * pitch + vbe[VBE_X_OFFSET]! * bytesPerDot;
    for (let y = 0; y < vbe[VBE_YRES]!; y++, from += pitch) {
      const end = from + width * bytesPerDot;
      const inMemory = end <= this.memory.bytes.length;
      if (!whole && !(inMemory && this.memory.isDirty(from, end))) continue;
      if (inMemory) read(this.line, from);
      else this.line.fill(BLACK);
      surface.putLine(y, this.line);
    }
  }

  private reader(bpp: number): ReadDots {
    switch (bpp) {
      case 8:
        return (line, from) => this.read8(line, from);
      case 15:
      case 16:
        return (line, from) => this.read16(line, from, this.directColors(bpp));
      case 24:
        return (line, from) => this.read24(line, from);
      default:
        return (line, from) => this.read32(line, from);
    }
  }

  private read8(line: Uint32Array, from: number): void {
    const { bytes } = this.memory;
    const { of256 } = this.colors;
    for (let x = 0; x < line.length; x++) line[x] = of256[bytes[from + x]!]!;
  }

  private read16(line: Uint32Array, from: number, colors: Uint32Array): void {
    const { halfWords } = this;
    const first = from >>> 1;
    for (let x = 0; x < line.length; x++) line[x] = colors[halfWords[first + x]!]!;
  }

  private read24(line: Uint32Array, from: number): void {
    const { bytes } = this.memory;
    for (let x = 0, at = from; x < line.length; x++, at += 3) {
      line[x] = BLACK | (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    }
  }

  private read32(line: Uint32Array, from: number): void {
    const { words } = this.memory;
    const first = from >>> 2;
    for (let x = 0; x < line.length; x++) {
      const dot = words[first + x]!;
      line[x] = BLACK | ((dot & 0xff) << 16) | (dot & 0xff00) | ((dot >>> 16) & 0xff);
    }
  }

  private directColors(bpp: number): Uint32Array {
    if (this.direct?.bpp === bpp) return this.direct.colors;
    const greenBits = bpp === 16 ? 6 : 5;
    const level = (value: number, bits: number) => {
      const full = value & ((1 << bits) - 1);
      return (full << (8 - bits)) | (full >>> (2 * bits - 8));
    };
    const colors = Uint32Array.from({ length: 0x1_0000 }, (_, dot) =>
      rgb(level(dot >>> (5 + greenBits), 5), level(dot >>> 5, greenBits), level(dot, 5)),
    );
    this.direct = { bpp, colors };
    return colors;
  }
}
