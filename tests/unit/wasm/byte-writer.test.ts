// Bytes and LEB128 numbers as the WebAssembly binary format writes them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src-main/engine/wasm/byte-writer.ts';

function written(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter(1);
  write(writer);
  return Array.from(writer.toBytes());
}

/** Decodes signed LEB128, by the definition. */
function signedLeb(bytes: readonly number[], width: number): bigint {
  const value = bytes.reduce((sum, byte, index) => sum | (BigInt(byte & 0x7f) << BigInt(index * 7)), 0n);
  return BigInt.asIntN(width, BigInt.asIntN(bytes.length * 7, value));
}

describe('byte writer', () => {
  it('writes the examples of the specification', () => {
    expect(written((w) => w.u32(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(written((w) => w.s32(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(written((w) => w.u32(0xffff_ffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });

  it('writes the shortest signed forms', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.nat(63), (wide, shift) => {
        const value = wide >> BigInt(shift);
        const bytes = written((w) =>
          w.s64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))),
        );
        expect(signedLeb(bytes, 64)).toBe(value);
        const bits =
          (value < 0n ? ~value : value).toString(2).length + (value === 0n || value === -1n ? 0 : 1);
        expect(bytes.length).toBe(Math.max(1, Math.ceil(bits / 7)));
        if (BigInt.asIntN(32, value) === value) expect(written((w) => w.s32(Number(value)))).toEqual(bytes);
      }),
    );
  });

  it('writes names as UTF-8', () => {
    for (const name of ['', 'memory', 'Grüße', '€', '😀']) {
      const utf8 = new TextEncoder().encode(name);
      expect(written((w) => w.name(name))).toEqual([utf8.length, ...utf8]);
    }
  });
});
