// Our inflate against zlib's deflate: every strategy and level, and starting anew at every block.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InflateError, type InflatePoint, Inflater } from '../../../src-main/engine/base/inflate.ts';
import { Random } from '../../cpu/differential/random.ts';

/** Text-like, runs and noise, in turn. */
const sample = (length: number): Uint8Array => {
  const random = new Random(3);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const run = 1 + random.below(5000);
    const kind = random.below(4);
    const value = random.below(256);
    for (let i = at; i < Math.min(length, at + run); i++)
      bytes[i] =
        kind === 0 ? value : kind === 1 ? random.below(256) : kind === 2 ? 97 + random.below(6) : i >> 3;
    at += run;
  }
  return bytes;
};

const START: InflatePoint = { byte: 0, bit: 0, window: new Uint8Array(0) };

const inflaterOf = (packed: Uint8Array, from = START) =>
  new Inflater(async (position, into) => {
    const part = packed.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }, from);

const unpack = async (packed: Uint8Array, from = START): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  const inflater = inflaterOf(packed, from);
  while (!inflater.finished) parts.push((await inflater.next()).slice());
  return Buffer.concat(parts);
};

const plain = sample(700_000);

describe('inflate', () => {
  it.each([
    ['stored', { level: 0 }],
    ['fast', { level: 1 }],
    ['best', { level: 9 }],
    ['fixed codes', { strategy: constants.Z_FIXED }],
    ['codes only', { strategy: constants.Z_HUFFMAN_ONLY }],
    ['runs', { strategy: constants.Z_RLE }],
  ])('unpacks what zlib packed: %s', async (_name, options) => {
    expect(Buffer.compare(await unpack(deflateRawSync(plain, options)), plain)).toBe(0);
  });

  it('unpacks nothing', async () => {
    expect((await unpack(deflateRawSync(new Uint8Array(0)))).length).toBe(0);
  });

  it('can go on from every block', async () => {
    const packed = deflateRawSync(plain, { level: 6 });
    const inflater = inflaterOf(packed);
    let offset = 0;
    let points = 0;
    while (!inflater.finished) {
      if (inflater.atBlockStart) {
        const rest = await unpack(packed, inflater.point());
        expect(Buffer.compare(rest, plain.subarray(offset)), `from ${offset}`).toBe(0);
        points++;
      }
      offset += (await inflater.next()).length;
    }
    expect(points).toBeGreaterThan(5);
    expect(inflater.endPosition()).toBe(packed.length);
  });

  it('ends with an error wherever the stream is cut or damaged', async () => {
    const packed = deflateRawSync(plain.subarray(0, 30_000));
    const random = new Random(4);
    for (let i = 0; i < 300; i++) {
      const cut = packed.subarray(0, random.below(packed.length));
      await expect(unpack(cut)).rejects.toBeInstanceOf(InflateError);
      const spoiled = Uint8Array.from(packed);
      spoiled[random.below(packed.length)]! ^= 1 << random.below(8);
      await unpack(spoiled).catch((error: unknown) => expect(error).toBeInstanceOf(InflateError));
    }
  });
});
