// Reads the PNG files that the product writes, and no others: 8-bit truecolour with rows filtered by "up".

import { crc32, inflateSync } from 'node:zlib';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue. */
  pixel(x: number, y: number): number[];
}

/** Throws on anything unexpected. */
export function readPng(png: Uint8Array): Picture {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  expectBytes('signature', png.subarray(0, 8), [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (view.getUint32(end) !== crc32(png.subarray(at + 4, end))) throw new Error(`${type}: wrong checksum`);
    chunks.set(type, png.subarray(at + 8, end));
    at = end + 4;
  }
  if ([...chunks.keys()].join() !== 'IHDR,IDAT,IEND') throw new Error(`chunks ${[...chunks.keys()].join()}`);
  expectBytes('header', chunks.get('IHDR')!.subarray(8), [8, 2, 0, 0, 0]);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  return { width, height, pixel: pixels(width, height, inflateSync(chunks.get('IDAT')!)) };
}

function pixels(width: number, height: number, rows: Uint8Array): Picture['pixel'] {
  const rowBytes = 1 + 3 * width;
  if (rows.length !== rowBytes * height) throw new Error(`${rows.length} bytes of rows`);
  for (let y = 0; y < height; y++) {
    if (rows[y * rowBytes] !== 2) throw new Error(`row ${y} has filter ${rows[y * rowBytes]}`);
    for (let i = 1; y > 0 && i < rowBytes; i++) rows[y * rowBytes + i]! += rows[(y - 1) * rowBytes + i]!;
  }
  return (x, y) => [0, 1, 2].map((component) => rows[y * rowBytes + 1 + x * 3 + component]!);
}

function expectBytes(what: string, found: Uint8Array, wanted: readonly number[]): void {
  if (found.join() !== wanted.join()) throw new Error(`${what}: ${found.join()}`);
}
