// Finds text on a text console that a guest draws in a graphics mode, whatever its font: cells of 8 by 16 pixels in a row
// of which equal ones stand where the text has equal characters, and different ones where it has different ones.

import type { Picture } from './png-reader.ts';

const WIDTH = 8;
const HEIGHT = 16;

/** The longer the text and the more often characters come back in it, the less can be taken for it. */
export function showsText(picture: Picture, text: string): boolean {
  for (let top = 0; top + HEIGHT <= picture.height; top += HEIGHT) {
    const cells: string[] = [];
    for (let left = 0; left + WIDTH <= picture.width; left += WIDTH) cells.push(cellOf(picture, left, top));
    for (let start = 0; start + text.length <= cells.length; start++)
      if (matches(cells.slice(start, start + text.length), text)) return true;
  }
  return false;
}

function matches(cells: readonly string[], text: string): boolean {
  const characters = new Map<string, string>();
  for (const [index, cell] of cells.entries()) {
    const character = text.charAt(index);
    if ((character === ' ') !== isBlank(cell) || (characters.get(cell) ?? character) !== character) return false;
    characters.set(cell, character);
  }
  return characters.size === new Set(text).size;
}

function isBlank(cell: string): boolean {
  return new Set(cell).size === 1;
}

/** Its pixels as brightness, one character each. */
function cellOf(picture: Picture, left: number, top: number): string {
  let cell = '';
  for (let row = 0; row < HEIGHT; row++)
    for (let column = 0; column < WIDTH; column++) {
      const [red = 0, green = 0, blue = 0] = picture.pixel(left + column, top + row);
      cell += String.fromCharCode(red + green + blue);
    }
  return cell;
}
