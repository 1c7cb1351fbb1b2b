// Checksums against known values and against zlib.

import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, crc32c, crc32cWithout } from '../../../src-main/engine/base/crc32.ts';

const digits = new TextEncoder().encode('123456789');

describe('checksums', () => {
  it('are those of the check string', () => {
    expect(crc32(digits)).toBe(0xcbf43926);
    expect(crc32c(digits)).toBe(0xe3069283);
  });

  it('go on from a part', () => {
    for (let cut = 0; cut <= 9; cut++)
      expect(crc32c(digits.subarray(cut), crc32c(digits.subarray(0, cut)))).toBe(0xe3069283);
  });

  it.skipIf(typeof zlibCrc32 !== 'function')('agree with zlib at every length, wherever the bytes begin', () => {
    const bytes = Uint8Array.from({ length: 208 }, (_, i) => i * 37);
    for (let from = 0; from < 8; from++)
      for (let length = 0; length < 200; length++) {
        const part = bytes.subarray(from, from + length);
        expect(crc32(part), `${from}+${length}`).toBe(zlibCrc32(part));
      }
  });

  it('leave out their own place', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
    const sum = crc32cWithout(bytes, 4);
    bytes.fill(0xaa, 4, 8);
    expect(crc32cWithout(bytes, 4)).toBe(sum);
    bytes.fill(0, 4, 8);
    expect(crc32c(bytes)).toBe(sum);
  });
});
