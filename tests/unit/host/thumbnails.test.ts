// Small pictures of screens: their size, their colours, and that an unchanged screen is not sent again.

import { describe, expect, it } from 'vitest';
import { THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from '../../../shared/machine/view.ts';
import { reduce } from '../../../src-main/host/thumbnails.ts';

function picture(width: number, height: number, colour: (x: number, y: number) => readonly number[]) {
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set([...colour(x, y), 255], (y * width + x) * 4);
  return { width, height, pixels };
}

describe('a thumbnail', () => {
  it.each([[720, 400], [1024, 768], [320, 2000], [1, 1], [3000, 1]])('of %i x %i fits its frame', (width, height) => {
    const small = reduce(picture(width, height, () => [10, 20, 30]));
    expect(small.width).toBeLessThanOrEqual(THUMBNAIL_WIDTH);
    expect(small.height).toBeLessThanOrEqual(THUMBNAIL_HEIGHT);
    expect(small.pixels.length).toBe(small.width * small.height * 4);
    expect([...small.pixels.subarray(0, 4)]).toEqual([10, 20, 30, 255]);
  });

  it('is no larger than the screen', () => {
    expect(reduce(picture(40, 25, () => [0, 0, 0]))).toMatchObject({ width: 40, height: 25 });
  });

  it('has the mean of what a pixel stands for', () => {
    const stripes = picture(THUMBNAIL_WIDTH * 2, THUMBNAIL_HEIGHT * 2, (x) => (x % 2 === 0 ? [200, 0, 0] : [0, 100, 0]));
    expect([...reduce(stripes).pixels.subarray(0, 4)]).toEqual([100, 50, 0, 255]);
  });
});
