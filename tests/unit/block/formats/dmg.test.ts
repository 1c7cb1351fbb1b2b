// Apple disk images, against what they were built from and against qemu-img.

import { describe, expect, it } from 'vitest';
import { Random } from '../../../cpu/differential/random.ts';
import { buildDmg, type DmgChunk } from '../../../support/dmg-file.ts';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { expectSame } from '../../../support/image-workload.ts';
import { MemoryImages, randomBytes } from '../../../support/memory-images.ts';
import { hasQemuImg, qemuImgStatus, qemuReason } from '../../../support/qemu-img.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const noise = (seed: number, sectors: number) => randomBytes(new Random(seed), sectors * 512);

const CHUNKS: readonly DmgChunk[] = [
  ['raw', noise(1, 8)],
  ['zlib', new Uint8Array(256 * 512).fill(65)],
  ['zero', new Uint8Array(100 * 512)],
  ['zlib', noise(2, 40)],
  ['ignore', new Uint8Array(3 * 512)],
  ['raw', noise(3, 1)],
];
const PLAIN = new Uint8Array(Buffer.concat(CHUNKS.map(([, content]) => content)));

describe('a DMG', () => {
  it('reads as what was packed', async () => {
    const images = new MemoryImages();
    images.add('disk.dmg', buildDmg(CHUNKS));
    const node = await images.open('disk.dmg', false);
    expect([node.format, node.length]).toEqual(['dmg', PLAIN.length]);
    expectSame(await wholeContent(node), PLAIN);
    const part = new Uint8Array(1000);
    await node.read(8 * 512 - 300, part);
    expectSame(part, PLAIN.subarray(8 * 512 - 300, 8 * 512 + 700));
    expect(await node.status(264 * 512, 4096)).toMatchObject({ zero: true, data: false, length: 4096 });
  });

  it('with chunks it cannot read says so', async () => {
    const bytes = buildDmg(CHUNKS);
    const images = new MemoryImages();
    images.add('disk.dmg', bytes.fill(0xff, bytes.length - 512 + 224, bytes.length - 512 + 232));
    await expect(images.open('disk.dmg', false)).rejects.toThrow(/“disk.dmg”: DMG trailer at offset \d+/);
  });

  it.skipIf(!hasQemuImg)(qemuReason('reads as qemu-img reads it'), () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('disk.dmg', buildDmg(CHUNKS));
    images.raw('plain.raw', PLAIN);
    const both = [images.path('disk.dmg'), images.path('plain.raw')];
    expect(qemuImgStatus('compare', '-f', 'dmg', '-F', 'raw', ...both).output).toMatch(/identical/);
  });
});
