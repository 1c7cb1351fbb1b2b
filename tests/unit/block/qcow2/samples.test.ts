// qcow2 images written by qemu-img 7.2 with particulars: internal snapshots, bitmaps, encryption, wrong refcounts.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { qcow2 } from '../../../../src-main/engine/block/formats/qcow2/qcow2.ts';
import { openImage } from '../../../../src-main/engine/block/index.ts';
import { imageVectors, unpackVector } from '../../../support/image-vectors.ts';
import { MemoryImages } from '../../../support/memory-images.ts';
import { hasSharedData, skipReason } from '../../../support/shared-data.ts';

function load(name: string): MemoryImages {
  const images = new MemoryImages();
  images.files.set(name, unpackVector('qemu-img', `${name}.gz`));
  return images;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function check(images: MemoryImages, name: string, repair: 'none' | 'leaks' | 'all') {
  const store = images.files.get(name);
  if (store === undefined) throw new Error(`${name} is not there`);
  return await qcow2.check?.(store, images.host, { path: name, repair });
}

describe.skipIf(!hasSharedData)(skipReason('qcow2 images of qemu-img'), () => {
  it('hold the snapshots that were taken', async () => {
    const images = load('snap.qcow2');
    const image = await openImage(images.host, { path: 'snap.qcow2', write: false });
    const vector = imageVectors('qemu-img').find(({ name }) => name === 'snap.qcow2') as unknown as {
      snapshots: Record<string, string>;
    };
    const found: Record<string, string> = {};
    for (const { name } of image.snapshots?.list() ?? []) {
      const node = await image.snapshots?.open(name);
      const bytes = new Uint8Array(node?.length ?? 0);
      await node?.read(0, bytes);
      found[name] = sha256(bytes);
    }
    expect(found).toEqual(vector.snapshots);
    expect(await check(images, 'snap.qcow2', 'none')).toMatchObject({ corruptions: 0, leaks: 0 });
  });

  it('keep a bitmap, which is no longer right once the disk is written', async () => {
    const images = load('bitmap.qcow2');
    const before = await openImage(images.host, { path: 'bitmap.qcow2', write: true });
    expect(before.details()['bitmaps']).toEqual([{ flags: ['auto'], name: 'b0', granularity: 65536 }]);
    await expect(before.resize?.(16 << 20)).rejects.toThrow(/bitmaps/);
    await before.write(0, new Uint8Array(512).fill(1));
    await before.close();
    const after = await openImage(images.host, { path: 'bitmap.qcow2', write: false });
    expect(after.details()['bitmaps']).toEqual([
      { flags: ['in-use', 'auto'], name: 'b0', granularity: 65536 },
    ]);
    expect(await check(images, 'bitmap.qcow2', 'none')).toMatchObject({ corruptions: 0, leaks: 0 });
  });

  it('are refused when encrypted, by name', async () => {
    const images = load('v3-luks.qcow2');
    await expect(openImage(images.host, { path: 'v3-luks.qcow2', write: false })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/v3-luks\.qcow2.*LUKS/),
    });
  });

  it('are found to count a cluster too low, and repaired', async () => {
    const images = load('bad-refcount.qcow2');
    const found = await check(images, 'bad-refcount.qcow2', 'none');
    expect(found).toMatchObject({ corruptions: 2, leaks: 0, checkErrors: 0 });
    expect(found?.faults.map(({ message }) => message)).toEqual([
      'ERROR cluster 5 refcount=0 reference=1',
      expect.stringMatching(/^ERROR OFLAG_COPIED data cluster: l2_entry=8000000000050000 refcount=0$/),
    ]);
    expect(await check(images, 'bad-refcount.qcow2', 'leaks')).toMatchObject({ corruptions: 2 });
    expect(await check(images, 'bad-refcount.qcow2', 'all')).toMatchObject({
      corruptions: 0,
      corruptionsFixed: 1,
    });
    expect(await check(images, 'bad-refcount.qcow2', 'none')).toMatchObject({ corruptions: 0, leaks: 0 });
  });

  it('are found to count a cluster too high, and repaired', async () => {
    const images = load('leak.qcow2');
    expect(await check(images, 'leak.qcow2', 'none')).toMatchObject({
      corruptions: 1,
      leaks: 1,
      checkErrors: 0,
    });
    expect(await check(images, 'leak.qcow2', 'leaks')).toMatchObject({
      corruptions: 0,
      leaks: 0,
      leaksFixed: 1,
    });
    expect(await check(images, 'leak.qcow2', 'none')).toMatchObject({ corruptions: 0, leaks: 0 });
  });
});
