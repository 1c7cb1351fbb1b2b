// Images behind images: any mix of formats and depth, names of either kind, and all that can be wrong with them.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import type { FormatName } from '../../../src-main/engine/block/index.ts';
import { type ByteStore, MemoryStore, openImage } from '../../../src-main/engine/block/index.ts';
import { ImageFolder, wholeContent } from '../../support/image-folder.ts';
import { MemoryImages } from '../../support/memory-images.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const KiB = 1024;
const code = (expected: string) => expect.objectContaining({ code: expected });

async function overlay(
  images: ImageFolder,
  name: string,
  backing: string,
  format: FormatName,
): Promise<void> {
  const base = await images.open(backing, { write: false, format });
  const { length } = base;
  await base.close();
  await images.create(name, 'qcow2', { length, backing: { name: backing, format } });
}

async function fill(images: ImageFolder, name: string, offset: number, value: number): Promise<void> {
  const image = await images.open(name);
  await image.write(offset, new Uint8Array(64 * KiB).fill(value));
  await image.close();
}

describe('a chain of images', () => {
  it('of many formats reads through, and writes only the topmost', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('0.raw', new Uint8Array(640 * KiB).fill(1));
    await overlay(images, '1.qcow2', '0.raw', 'raw');
    await fill(images, '1.qcow2', 64 * KiB, 2);
    await images.create('2.qcow', 'qcow', {
      length: 640 * KiB,
      backing: { name: '1.qcow2', format: 'qcow2' },
    });
    await fill(images, '2.qcow', 128 * KiB, 3);
    await overlay(images, '3.qcow2', '2.qcow', 'qcow');
    const digests = () =>
      ['0.raw', '1.qcow2', '2.qcow'].map((name) =>
        createHash('sha256')
          .update(readFileSync(images.path(name)))
          .digest('hex'),
      );
    const before = digests();
    await fill(images, '3.qcow2', 192 * KiB, 4);
    const top = await images.open('3.qcow2');
    await top.writeZeroes(256 * KiB, 64 * KiB, true);
    await top.flush();
    const all = await wholeContent(top);
    expect([0, 64, 128, 192, 256, 320].map((at) => all[at * KiB])).toEqual([1, 2, 3, 4, 0, 1]);
    expect(await top.status(64 * KiB, KiB)).toMatchObject({ depth: 2, data: true });
    await top.close();
    expect(digests()).toEqual(before);
  });

  it('of forty images opens', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('0', new Uint8Array(256 * KiB).fill(9));
    for (let depth = 1; depth <= 40; depth++)
      await overlay(images, String(depth), String(depth - 1), depth === 1 ? 'raw' : 'qcow2');
    const top = await images.open('40');
    expect((await wholeContent(top))[100]).toBe(9);
    await top.close();
  });

  it('finds a format that is not stated, for reading', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('base.img', new Uint8Array(128 * KiB).fill(6));
    await images.create('top.qcow', 'qcow', {
      length: 128 * KiB,
      backing: { name: 'base.img', format: 'raw' },
    });
    const top = await images.open('top.qcow');
    expect((await wholeContent(top))[5]).toBe(6);
    await top.close();
    await expect(images.open('top.qcow', { writeTo: images.path('base.img') })).rejects.toThrow(
      /does not say of which format/,
    );
  });

  it('follows names from where the image is', async () => {
    const images = new ImageFolder(temporaryFolder());
    mkdirSync(images.path('vm/bases'), { recursive: true });
    images.raw('vm/bases/base.raw', new Uint8Array(64 * KiB).fill(3));
    const length = 64 * KiB;
    for (const [name, reference] of [
      ['vm/relative.qcow2', 'bases/base.raw'],
      ['vm/absolute.qcow2', images.path('vm/bases/base.raw')],
    ] as const) {
      await images.create(name, 'qcow2', { length, backing: { name: reference, format: 'raw' } });
      const image = await images.open(name, { write: false });
      expect((await wholeContent(image))[0]).toBe(3);
      expect(image.backingName).toBe(reference);
      await image.close();
    }
    renameSync(images.path('vm'), images.path('moved'));
    const moved = await images.open('moved/relative.qcow2', { write: false });
    expect((await wholeContent(moved))[0]).toBe(3);
    await moved.close();
  });

  it('that goes in a circle is refused, and nothing stays open', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('a.raw', new Uint8Array(64 * KiB));
    await overlay(images, 'b.qcow2', 'a.raw', 'raw');
    await overlay(images, 'a.qcow2', 'b.qcow2', 'qcow2');
    const image = await images.open('b.qcow2');
    await image.setBacking?.({ name: 'a.qcow2', format: 'qcow2' });
    await image.close();
    await expect(images.open('a.qcow2', { write: false })).rejects.toThrow(code('backing-cycle'));
    await expect(images.open('a.qcow2', { write: false })).rejects.toThrow(
      /a\.qcow2 → .*b\.qcow2 → .*a\.qcow2/,
    );
    const own = await images.open('b.qcow2', { noBacking: true });
    await own.setBacking?.({ name: 'b.qcow2', format: 'qcow2' });
    await own.close();
    await expect(images.open('b.qcow2', { write: false })).rejects.toThrow(code('backing-cycle'));
    symlinkSync(images.path('b.qcow2'), images.path('c.qcow2'));
    const linked = await images.open('b.qcow2', { noBacking: true });
    await linked.setBacking?.({ name: 'c.qcow2', format: 'qcow2' });
    await linked.close();
    await expect(images.open('b.qcow2', { write: false })).rejects.toThrow(code('backing-cycle'));
    await (await images.open('b.qcow2', { noBacking: true })).close();
  });

  it('without its parent says whose parent is missing', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('base.raw', new Uint8Array(64 * KiB));
    await overlay(images, 'top.qcow2', 'base.raw', 'raw');
    rmSync(images.path('base.raw'));
    await expect(images.open('top.qcow2')).rejects.toThrow(code('backing-missing'));
    await expect(images.open('top.qcow2')).rejects.toThrow(/top\.qcow2.*needs.*base\.raw.*rebase/);
    const info = await images.open('top.qcow2', { noBacking: true, write: false });
    expect(info.backingName).toBe('base.raw');
    await info.close();
  });

  it('does not leave its folder', async () => {
    const images = new ImageFolder(temporaryFolder());
    mkdirSync(images.path('vm'));
    images.raw('secret', new Uint8Array(64 * KiB).fill(1));
    for (const name of [
      '../secret',
      images.path('secret'),
      '/etc/passwd',
      'nbd://x/y',
      'json:{"driver":"raw"}',
    ]) {
      rmSync(images.path('vm/top.qcow2'), { force: true });
      await images.create('vm/top.qcow2', 'qcow2', { length: 64 * KiB, backing: { name, format: 'raw' } });
      await expect(images.open('vm/top.qcow2', { write: false })).rejects.toThrow(code('reference-refused'));
    }
  });

  it('keeps its parents from being written meanwhile', async () => {
    const images = new ImageFolder(temporaryFolder());
    images.raw('base.raw', new Uint8Array(64 * KiB));
    await overlay(images, 'one.qcow2', 'base.raw', 'raw');
    await overlay(images, 'two.qcow2', 'base.raw', 'raw');
    const one = await images.open('one.qcow2');
    const two = await images.open('two.qcow2');
    await expect(images.open('base.raw')).rejects.toThrow(code('in-use'));
    await expect(images.open('one.qcow2')).rejects.toThrow(code('in-use'));
    await one.close();
    await two.close();
    await (await images.open('base.raw')).close();
  });
});

/** Counts what is read of a file. */
class CountingStore extends MemoryStore implements ByteStore {
  bytesRead = 0;

  override async readAt(position: number, into: Uint8Array): Promise<void> {
    this.bytesRead += into.length;
    this.get(position, into);
  }
}

describe('a disk of 2 TiB', () => {
  it.each([{}, { cluster_size: '4k' }, { cluster_size: '2M' }, { extended_l2: 'on' }])(
    'opens without its tables being read: %j',
    async (options: Record<string, string>) => {
      const images = new MemoryImages();
      const store = new CountingStore('disk');
      images.makeStore = () => store;
      await images.create('qcow2', { path: 'disk', length: 2 ** 41, options });
      store.bytesRead = 0;
      const image = await openImage(images.host, { path: 'disk', write: true });
      // Probing, header, L1 table (8 bytes for each table of entries) and refcount table.
      expect(store.bytesRead).toBeLessThan(9 * KiB * KiB);
      await image.write(2 ** 41 - 4096, new Uint8Array(4096).fill(1));
      expect(await image.status(0, 2 ** 41)).toMatchObject({ zero: true, present: false });
      await image.close();
    },
  );
});
