// Damage to qcow2 images: what check says of it, what repair makes of it, with qemu-img as the judge. And images whose
// writer was cut off, the bound of the cache, and what qemu-img map says.

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Qcow2Image } from '../../../../src-main/engine/block/formats/qcow2/image.ts';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { hasQemuImg, qemuImg, qemuImgStatus, qemuIo, qemuReason } from '../../../support/qemu-img.ts';
import { carryOut, firstDifference, randomFrom, randomRequest } from '../../../support/random-workload.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const DISK = 2 * 1024 * 1024;

async function worked(
  options: Record<string, string> = {},
): Promise<{ images: ImageFolder; model: Uint8Array }> {
  const images = new ImageFolder(temporaryFolder());
  await images.create('disk.qcow2', 'qcow2', { length: DISK, options });
  const model = new Uint8Array(DISK);
  const image = await images.open('disk.qcow2');
  const random = randomFrom(21);
  for (let count = 0; count < 40; count++) await carryOut(image, model, randomRequest(random, DISK));
  await image.close();
  return { images, model };
}

/** Changes bytes of the file; gets a view, and the offset a field leads to. */
function damage(
  images: ImageFolder,
  change: (view: DataView, offsetAt: (at: number) => number) => void,
): void {
  const bytes = readFileSync(images.path('disk.qcow2'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  change(view, (at) => Number(view.getBigUint64(at) & 0x00ff_ffff_ffff_fe00n));
  writeFileSync(images.path('disk.qcow2'), bytes);
}

async function content(images: ImageFolder): Promise<Uint8Array> {
  const image = await images.open('disk.qcow2', { write: false });
  const all = await wholeContent(image);
  await image.close();
  return all;
}

describe.skipIf(!hasQemuImg)(qemuReason('damaged qcow2 images, judged by qemu-img'), () => {
  type Change = Parameters<typeof damage>[1];
  const REFCOUNTS: readonly (readonly [string, Change])[] = [
    [
      'a block of zeroes',
      (view, offsetAt) => {
        const block = offsetAt(offsetAt(48));
        for (let at = block; at < block + 64; at++) view.setUint8(at, 0);
      },
    ],
    [
      'a block that counts too high',
      (view, offsetAt) => {
        const block = offsetAt(offsetAt(48));
        for (let at = block; at < block + 400; at += 2) view.setUint16(at, 3);
      },
    ],
    ['a table without entries', (view, offsetAt) => view.setBigUint64(offsetAt(48), 0n)],
    ['a table that leads astray', (view, offsetAt) => view.setBigUint64(offsetAt(48), 0x7777n)],
    ['a table that leads behind the end', (view, offsetAt) => view.setBigUint64(offsetAt(48), 1n << 40n)],
    [
      'a table that leads to an L2 table',
      (view, offsetAt) => view.setBigUint64(offsetAt(48), BigInt(offsetAt(offsetAt(40)))),
    ],
  ];

  it.each(REFCOUNTS)('are repaired when refcounts are wrong: %s', async (_name, change) => {
    const { images, model } = await worked({ cluster_size: '4k' });
    damage(images, change);
    const found = await images.check('disk.qcow2', 'qcow2');
    expect(found.corruptions + found.leaks).toBeGreaterThan(0);
    expect(found.faults[0]?.message).toMatch(/ERROR|Leaked/);
    const fixed = await images.check('disk.qcow2', 'qcow2', 'all');
    expect(fixed.corruptionsFixed + fixed.leaksFixed).toBeGreaterThan(0);
    expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({ corruptions: 0, leaks: 0, faults: [] });
    expect(qemuImgStatus('check', images.path('disk.qcow2'))).toMatchObject({ status: 0 });
    expect(firstDifference(await content(images), model)).toBe(-1);
  });

  it.each(['leaks', 'all'] as const)(
    'are found alike by qemu-img, and repaired alike: %s',
    async (repair) => {
      const { images } = await worked();
      damage(images, (view, offsetAt) => {
        const block = offsetAt(offsetAt(48));
        view.setUint16(block + 12, 9);
        view.setUint16(block + 14, 0);
        view.setUint16(block + 2 * 100, 1);
      });
      const counts = (json: string) => {
        const { corruptions = 0, leaks = 0, ...rest } = JSON.parse(json);
        return [corruptions, leaks, rest['corruptions-fixed'] ?? 0, rest['leaks-fixed'] ?? 0];
      };
      const path = images.path('disk.qcow2');
      const original = readFileSync(path);
      for (const mode of ['none', repair] as const) {
        writeFileSync(images.path('theirs.qcow2'), original);
        const flags = mode === 'none' ? [] : ['-r', mode];
        const theirs = qemuImgStatus('check', '--output=json', ...flags, images.path('theirs.qcow2'));
        const json = theirs.output.slice(theirs.output.indexOf('\n{') + 1).split('\n}')[0];
        const ours = await images.check('disk.qcow2', 'qcow2', mode);
        if (mode === 'none') expect([ours.corruptions, ours.leaks, 0, 0]).toEqual(counts(`${json}\n}`));
      }
      const again = qemuImgStatus('check', path).status;
      expect(again).toBe(qemuImgStatus('check', images.path('theirs.qcow2')).status);
    },
  );

  it('whose writer was cut off are repaired on opening', async () => {
    const images = new ImageFolder(temporaryFolder());
    const path = images.path('disk.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', path, '4M');
    expect(() => qemuIo(path, 'write -P 7 100k 300k', 'flush', 'abort')).toThrow();
    expect((await images.check('disk.qcow2', 'qcow2')).corruptions).toBeGreaterThan(0);
    const image = await images.open('disk.qcow2');
    const into = new Uint8Array(300 * 1024);
    await image.read(100 * 1024, into);
    expect(into.every((byte) => byte === 7)).toBe(true);
    await image.write(0, new Uint8Array(1000).fill(8));
    await image.close();
    expect(qemuImgStatus('check', path)).toMatchObject({ status: 0 });
  });

  it('map as qemu-img maps', async () => {
    const { images } = await worked({ cluster_size: '4k' });
    const image = await images.open('disk.qcow2', { write: false });
    const kinds = new Uint8Array(DISK / 512);
    for (const entry of JSON.parse(qemuImg('map', '--output=json', images.path('disk.qcow2'))))
      kinds.fill(entry.zero ? 1 : 2, entry.start / 512, (entry.start + entry.length) / 512);
    for (let at = 0; at < DISK; ) {
      const status = await image.status(at, DISK - at);
      const theirs = kinds.subarray(at / 512, (at + status.length) / 512);
      expect(
        theirs.every((kind) => kind === (status.zero ? 1 : 2)),
        `at ${at}`,
      ).toBe(true);
      at += status.length;
    }
    await image.close();
  });
});

describe('a damaged qcow2 image', () => {
  it('is named with structure and offset, and with the way out', async () => {
    const { images } = await worked({ cluster_size: '4k' });
    let table = 0;
    damage(images, (view, offsetAt) => {
      table = offsetAt(offsetAt(40));
      view.setBigUint64(table, 0x8000_0000_0000_1234n);
    });
    await expect(content(images)).rejects.toMatchObject({
      code: 'corrupt',
      detail: { file: images.path('disk.qcow2'), structure: 'L2 entry', offset: table },
      message: expect.stringMatching(/disk\.qcow2.*L2 entry at offset \d+.*check -r all/),
    });
  });

  it('is marked when a write would have hit its own tables, and then only read', async () => {
    const { images } = await worked({ cluster_size: '4k' });
    damage(images, (view, offsetAt) => {
      const table = offsetAt(offsetAt(40));
      view.setBigUint64(table, 0x8000_0000_0000_1000n);
    });
    const image = await images.open('disk.qcow2');
    await expect(image.write(0, new Uint8Array(4096))).rejects.toThrow(/refcount table/);
    await image.close().catch(() => {});
    await expect(images.open('disk.qcow2')).rejects.toThrow(/marked as damaged/);
    await (await images.open('disk.qcow2', { write: false })).close();
  });

  it('keeps its metadata in memory within the bound', async () => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.qcow2', 'qcow2', {
      length: 64 * 1024 * 1024,
      options: { cluster_size: '512' },
    });
    const cacheBytes = 64 * 1024;
    const image = await images.open('disk.qcow2', { cacheBytes });
    const random = randomFrom(5);
    for (let count = 0; count < 600; count++)
      await image.write(random(64 * 1024) * 1024, new Uint8Array(1024).fill(count));
    const { metadata } = image as Qcow2Image;
    expect((metadata.tables.size + metadata.refcounts.cache.size) * 512).toBeLessThanOrEqual(
      cacheBytes * 1.1,
    );
    await image.close();
    expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({ corruptions: 0, leaks: 0 });
  });
});
