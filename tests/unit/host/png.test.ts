// PNG files, read back by a reader of the tests' own.

import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../src-main/host/png.ts';
import { readPng } from '../../support/png-reader.ts';

describe('PNG', () => {
  it('holds every pixel', () => {
    const [width, height] = [7, 5];
    const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (i * 37) & 0xff,
    );
    const png = readPng(encodePng(width, height, pixels));
    expect([png.width, png.height]).toEqual([width, height]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 4;
        expect(png.pixel(x, y)).toEqual([...pixels.subarray(at, at + 3)]);
      }
    }
  });

  it('is small for a screen of text', () => {
    const pixels = new Uint8Array(720 * 400 * 4).fill(255);
    expect(encodePng(720, 400, pixels).length).toBeLessThan(2000);
  });
});
