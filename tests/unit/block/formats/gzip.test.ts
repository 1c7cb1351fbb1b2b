// Raw images packed with gzip.

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../cpu/differential/random.ts';
import { expectSame, readAll } from '../../../support/image-workload.ts';
import { MemoryImages, randomBytes } from '../../../support/memory-images.ts';

const plain = new Uint8Array(5_000_123);
for (let at = 0; at < plain.length; at += 90_000)
  plain.set(randomBytes(new Random(at), 30_000), Math.min(at, 4_970_000));

const opened = async (packed: Uint8Array) => {
  const images = new MemoryImages();
  images.add('disk.gz', packed);
  return images.open('disk.gz', false);
};

describe('a packed raw image', () => {
  it('reads in any order', async () => {
    const node = await opened(gzipSync(plain));
    expect([node.format, node.length]).toEqual(['gzip', plain.length]);
    expectSame(await readAll(node), plain);
    const random = new Random(7);
    for (let i = 0; i < 60; i++) {
      const offset = random.below(plain.length);
      const found = new Uint8Array(Math.min(plain.length - offset, random.below(200_000)));
      await node.read(offset, found);
      expectSame(found, plain.subarray(offset, offset + found.length), `at ${offset}`);
    }
    await expect(async () => node.write(0, plain)).rejects.toThrow(/only be read/);
    await node.close();
  });

  it('may have several members, and padding behind them', async () => {
    const packed = [plain.subarray(0, 1_000_000), new Uint8Array(0), plain.subarray(1_000_000)].map((part) =>
      gzipSync(part),
    );
    const node = await opened(Buffer.concat([...packed, Buffer.alloc(1000)]));
    expectSame(await readAll(node), plain);
  });

  it('is refused with the place of the damage', async () => {
    const packed = gzipSync(plain.subarray(0, 100_000));
    await expect(opened(packed.subarray(0, 20_000))).rejects.toThrow(
      /“disk.gz”: gzip stream at offset \d+: it ends/,
    );
    const wrong = Uint8Array.from(packed);
    wrong[packed.length - 6]! ^= 1;
    await expect(opened(wrong)).rejects.toThrow(/the checksum or the size is wrong/);
  });
});
