// A picture in memory that other threads may read, with a record of what changed in it. A pixel is one 32-bit word:
// red in the lowest byte, then green, blue and 255, which little-endian memory shows as RGBA.

import { DirtyTiles, TILE } from './dirty-tiles.ts';
import type { Rectangle } from './frame.ts';

export const BLACK = 0xff00_0000;
/** Larger pictures are not drawn: what a guest programs is not trusted. */
export const MAX_SIDE = 4096;

export function rgb(red: number, green: number, blue: number): number {
  return (BLACK | (blue << 16) | (green << 8) | red) >>> 0;
}

export class Surface {
  buffer = new SharedArrayBuffer(0);
  pixels = new Uint32Array(this.buffer);
  width = 0;
  height = 0;
  readonly dirty = new DirtyTiles();

  /** A picture of a new size begins black, in new memory. True when the size changed. */
  resize(width: number, height: number): boolean {
    if (width === this.width && height === this.height) return false;
    this.width = width;
    this.height = height;
    this.buffer = new SharedArrayBuffer(width * height * 4);
    this.pixels = new Uint32Array(this.buffer).fill(BLACK);
    this.dirty.resize(width, height);
    return true;
  }

  /** Replaces row `y`; only tiles in which a pixel differs become dirty. */
  putLine(y: number, line: Uint32Array): void {
    const { pixels, width } = this;
    const base = y * width;
    for (let x = 0; x < width; x += TILE) {
      const end = x + TILE < width ? x + TILE : width;
      let at = x;
      while (at < end && pixels[base + at] === line[at]) at++;
      if (at === end) continue;
      this.dirty.markPixel(x, y);
      for (; at < end; at++) pixels[base + at] = line[at]!;
    }
  }

  takeDirty(): Rectangle[] {
    return this.dirty.take();
  }
}
