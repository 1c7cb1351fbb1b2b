// Compares pictures by what is seen from afar: the mean brightness of each field of a coarse grid. Small shifts, other
// glyphs and blinking cursors make little difference; another screen makes much.

import type { Picture } from './png-reader.ts';

const COLUMNS = 32;
const ROWS = 24;

/** Mean brightness of each field as two hexadecimal digits, row by row. */
export function gridOf(picture: Picture): string[] {
  return Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: COLUMNS }, (_, column) => field(picture, row, column).toString(16).padStart(2, '0')).join(''),
  );
}

/** The mean difference of the fields, 0 to 255. */
export function difference(one: readonly string[], other: readonly string[]): number {
  let sum = 0;
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) sum += Math.abs(value(one, row, column) - value(other, row, column));
  return sum / (ROWS * COLUMNS);
}

function value(grid: readonly string[], row: number, column: number): number {
  return Number.parseInt((grid[row] ?? '').slice(column * 2, column * 2 + 2), 16);
}

function field({ width, height, pixel }: Picture, row: number, column: number): number {
  const [top, bottom] = [Math.floor((row * height) / ROWS), Math.floor(((row + 1) * height) / ROWS)];
  const [left, right] = [Math.floor((column * width) / COLUMNS), Math.floor(((column + 1) * width) / COLUMNS)];
  let sum = 0;
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const [red = 0, green = 0, blue = 0] = pixel(x, y);
      sum += 0.299 * red + 0.587 * green + 0.114 * blue;
    }
  return Math.round(sum / ((bottom - top) * (right - left)));
}
