// Giving up ranges of a qcow2 image: room comes back, and nothing that lies behind comes to light.

import { describe, expect, it } from 'vitest';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const MiB = 1024 * 1024;
const everyByte = (bytes: Uint8Array, value: number) => bytes.every((byte) => byte === value);

describe('discarding in a qcow2 image', () => {
  it('gives clusters back, which are used again', async () => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.qcow2', 'qcow2', { length: 8 * MiB, options: {} });
    const image = await images.open('disk.qcow2');
    for (let round = 0; round < 6; round++) {
      await image.write(round * MiB, new Uint8Array(MiB).fill(round + 1));
      await image.flush();
      await image.discard(round * MiB, MiB);
      await image.flush();
    }
    expect(everyByte(await wholeContent(image), 0)).toBe(true);
    await image.close();
    expect(images.bytes('disk.qcow2').length).toBeLessThan(3 * MiB);
    expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({
      corruptions: 0,
      leaks: 0,
      allocatedClusters: 0,
    });
  });

  it.each([{}, { compat: '0.10' }, { extended_l2: 'on' }])(
    'never shows what lies behind: %j',
    async (options: Record<string, string>) => {
      const images = new ImageFolder(temporaryFolder());
      images.raw('base.raw', new Uint8Array(MiB).fill(7));
      const backing = { name: 'base.raw', format: 'raw' as const };
      await images.create('disk.qcow2', 'qcow2', { length: MiB, options, backing });
      const image = await images.open('disk.qcow2');
      await image.write(0, new Uint8Array(MiB).fill(8));
      await image.discard(0, MiB / 2);
      await image.writeZeroes(MiB / 2, MiB / 2, true);
      await image.close();
      const again = await images.open('disk.qcow2');
      const all = await wholeContent(again);
      expect(all.includes(7)).toBe(false);
      expect(everyByte(all.subarray(MiB / 2), 0)).toBe(true);
      await again.close();
    },
  );

  it('leaves the edges of clusters alone, and snapshots as they are', async () => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.qcow2', 'qcow2', { length: MiB, options: {} });
    const image = await images.open('disk.qcow2');
    await image.write(0, new Uint8Array(MiB).fill(5));
    await image.snapshots?.create('before');
    await image.discard(1000, MiB - 2000);
    const now = await wholeContent(image);
    expect(everyByte(now.subarray(0, 65536), 5)).toBe(true);
    expect(everyByte(now.subarray(65536, MiB - 65536), 0)).toBe(true);
    expect(everyByte(now.subarray(MiB - 65536), 5)).toBe(true);
    const before = await image.snapshots?.open('before');
    if (before !== undefined) expect(everyByte(await wholeContent(before), 5)).toBe(true);
    await image.close();
    expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({ corruptions: 0, leaks: 0 });
  });
});
