// Which parts of a picture have changed: a grid of 64x64 tiles, so that any number of changes stays small, given out
// as few rectangles.

import type { Rectangle } from './frame.ts';

export const TILE = 64;

export class DirtyTiles {
  #width = 0;
  #height = 0;
  #columns = 0;
  #dirty = new Uint8Array(0);

  /** A picture of another size is dirty as a whole. */
  resize(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    this.#width = width;
    this.#height = height;
    this.#columns = Math.ceil(width / TILE);
    this.#dirty = new Uint8Array(this.#columns * Math.ceil(height / TILE));
    this.markAll();
  }

  markAll(): void {
    this.#dirty.fill(1);
  }

  /** The tile of one pixel of the picture. */
  markPixel(x: number, y: number): void {
    this.#dirty[Math.floor(y / TILE) * this.#columns + Math.floor(x / TILE)] = 1;
  }

  /** Parts outside the picture are ignored. */
  mark({ x, y, width, height }: Rectangle): void {
    const left = Math.max(0, x);
    const top = Math.max(0, y);
    const right = Math.min(x + width, this.#width);
    const bottom = Math.min(y + height, this.#height);
    if (left >= right || top >= bottom) return;
    const first = Math.floor(left / TILE);
    const last = Math.ceil(right / TILE);
    for (let row = Math.floor(top / TILE); row * TILE < bottom; row++)
      this.#dirty.fill(1, row * this.#columns + first, row * this.#columns + last);
  }

  /** The dirty areas, clean from now on: neighbours in a row as one. */
  take(): Rectangle[] {
    const areas: Rectangle[] = [];
    const rows = this.#columns === 0 ? 0 : this.#dirty.length / this.#columns;
    for (let row = 0; row < rows; row++) this.#takeRow(row, areas);
    this.#dirty.fill(0);
    return areas;
  }

  #takeRow(row: number, areas: Rectangle[]): void {
    const base = row * this.#columns;
    const y = row * TILE;
    const height = Math.min(TILE, this.#height - y);
    for (let column = 0; column < this.#columns; column++) {
      if (!this.#dirty[base + column]) continue;
      const start = column;
      while (column + 1 < this.#columns && this.#dirty[base + column + 1]) column += 1;
      const x = start * TILE;
      areas.push({ x, y, width: Math.min((column + 1) * TILE, this.#width) - x, height });
    }
  }
}
