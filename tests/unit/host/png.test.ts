// PNG files, read back by a small decoder of their own.

import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../src-main/host/png.ts';

/** Reads what the encoder writes: chunks checked, rows unfiltered. */
function decode(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    expect(view.getUint32(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)));
    chunks.set(type, png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR')!;
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const rows = inflateSync(chunks.get('IDAT')!);
  const rowBytes = 1 + 3 * width;
  expect(rows).toHaveLength(rowBytes * height);
  const pixel = (x: number, y: number): number[] =>
    [0, 1, 2].map((c) => {
      let value = 0;
      for (let row = 0; row <= y; row++) {
        expect(rows[row * rowBytes]).toBe(2);
        value += rows[row * rowBytes + 1 + x * 3 + c]!;
      }
      return value & 0xff;
    });
  return { width, height, pixel };
}

describe('PNG', () => {
  it('holds every pixel', () => {
    const [width, height] = [7, 5];
    const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (i * 37) & 0xff,
    );
    const png = decode(encodePng(width, height, pixels));
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
