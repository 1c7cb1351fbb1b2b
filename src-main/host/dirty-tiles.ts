// Which parts of a screen a window has not been sent yet: a grid of 64x64 tiles, so that any number of changes stays
// small, given out as few rectangles.

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const TILE = 64;

export class DirtyTiles {
  #width = 0;
  #height = 0;
  #columns = 0;
  #dirty = new Uint8Array(0);

  /** A screen of another size is dirty as a whole. */
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

  mark({ x, y, width, height }: Area): void {
    const right = Math.min(x + width, this.#width);
    const bottom = Math.min(y + height, this.#height);
    if (x < 0 || y < 0 || x >= right || y >= bottom) return;
    const first = Math.floor(x / TILE);
    const last = Math.ceil(right / TILE);
    for (let row = Math.floor(y / TILE); row * TILE < bottom; row++)
      this.#dirty.fill(1, row * this.#columns + first, row * this.#columns + last);
  }

  /** The dirty areas, clean from now on: neighbours in a row as one. */
  take(): Area[] {
    const areas: Area[] = [];
    const rows = this.#columns === 0 ? 0 : this.#dirty.length / this.#columns;
    for (let row = 0; row < rows; row++) this.#takeRow(row, areas);
    this.#dirty.fill(0);
    return areas;
  }

  #takeRow(row: number, areas: Area[]): void {
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
