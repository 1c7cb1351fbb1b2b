// qcow2 against the real qemu-img and qemu-io: what either side writes the other reads, in every variant, chains and
// internal snapshots included, and qemu-img check finds nothing.

import { describe, expect, it } from 'vitest';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { hasQemuImg, qemuImg, qemuImgStatus, qemuIo, qemuReason } from '../../../support/qemu-img.ts';
import { carryOut, firstDifference, randomFrom, randomRequest } from '../../../support/random-workload.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const VARIANTS: readonly string[] = [
  'compat=1.1',
  'compat=0.10',
  'cluster_size=512',
  'cluster_size=4k,refcount_bits=4',
  'cluster_size=2M',
  'extended_l2=on',
  'extended_l2=on,cluster_size=16k',
  'refcount_bits=1',
  'refcount_bits=8',
  'refcount_bits=64,lazy_refcounts=on',
  'preallocation=metadata',
  'preallocation=full',
  'preallocation=falloc,compat=0.10',
  'preallocation=metadata,extended_l2=on',
];
const DISK = 6 * 1024 * 1024 + 512 * 3;

const asRecord = (text: string) => Object.fromEntries(text.split(',').map((pair) => pair.split('=')));

/** The same kind of requests, as qemu-io commands. */
function qemuRequest(random: (below: number) => number, model: Uint8Array): string {
  const { kind, offset, length, pattern } = randomRequest(random, model.length, 512 * 1024);
  if (kind === 'write' || kind === 'read') {
    model.fill(pattern, offset, offset + length);
    return `write -q -P ${pattern} ${offset} ${length}`;
  }
  model.fill(0, offset, offset + length);
  return `write -q -z ${kind === 'unmap' ? '-u ' : ''}${offset} ${length}`;
}

async function ownRequests(
  images: ImageFolder,
  name: string,
  model: Uint8Array,
  seed: number,
): Promise<void> {
  const random = randomFrom(seed);
  const image = await images.open(name);
  for (let count = 0; count < 60; count++) await carryOut(image, model, randomRequest(random, model.length));
  await image.close();
}

async function expectSame(images: ImageFolder, name: string, model: Uint8Array): Promise<void> {
  images.raw('model.raw', model);
  expect(qemuImgStatus('compare', '-F', 'raw', images.path(name), images.path('model.raw')).output).toMatch(
    /identical/,
  );
  expect(qemuImgStatus('check', images.path(name))).toMatchObject({ status: 0 });
  const own = await images.check(name, 'qcow2');
  expect(own).toMatchObject({ corruptions: 0, leaks: 0, faults: [] });
  const reader = await images.open(name, { write: false });
  expect(firstDifference(await wholeContent(reader), model)).toBe(-1);
  await reader.close();
}

describe.skipIf(!hasQemuImg)(qemuReason('qcow2 and qemu-img'), () => {
  it.each(
    VARIANTS.map((variant, index) => [index % 2 === 0 ? 'ours.qcow2' : 'theirs.qcow2', variant] as const),
  )('write the same image in turns: %s, %s', async (name, variant) => {
    const images = new ImageFolder(temporaryFolder());
    const model = new Uint8Array(DISK);
    if (name === 'ours.qcow2')
      await images.create(name, 'qcow2', { length: DISK, options: asRecord(variant) });
    else qemuImg('create', '-q', '-f', 'qcow2', '-o', variant, images.path(name), String(DISK));
    const random = randomFrom(variant.length);
    await ownRequests(images, name, model, 1);
    qemuIo(images.path(name), ...Array.from({ length: 40 }, () => qemuRequest(random, model)));
    await ownRequests(images, name, model, 2);
    await expectSame(images, name, model);
  });

  it.each(['compat=1.1', 'compat=0.10', 'extended_l2=on'])('grow chains together: %s', async (variant) => {
    const images = new ImageFolder(temporaryFolder());
    const base = new Uint8Array(DISK - 100_352).map((_, index) => index * 31 + (index >> 9));
    images.raw('base.raw', base);
    const model = new Uint8Array(DISK);
    model.set(base);
    const backing = { name: 'base.raw', format: 'raw' as const };
    await images.create('middle.qcow2', 'qcow2', { length: DISK, options: asRecord(variant), backing });
    await ownRequests(images, 'middle.qcow2', model, 3);
    await expectSame(images, 'middle.qcow2', model);
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2', images.path('top.qcow2'));
    const random = randomFrom(4);
    qemuIo(images.path('top.qcow2'), ...Array.from({ length: 30 }, () => qemuRequest(random, model)));
    await ownRequests(images, 'top.qcow2', model, 5);
    await expectSame(images, 'top.qcow2', model);
    qemuImg('commit', '-q', images.path('top.qcow2'));
    await expectSame(images, 'middle.qcow2', model);
  });

  it.each(['compat=1.1', 'compat=0.10,cluster_size=4k', 'extended_l2=on', 'cluster_size=512'])(
    'take and restore snapshots of each other: %s',
    async (variant) => {
      const images = new ImageFolder(temporaryFolder());
      const model = new Uint8Array(2 * 1024 * 1024);
      await images.create('disk.qcow2', 'qcow2', { length: model.length, options: asRecord(variant) });
      const path = images.path('disk.qcow2');
      const states = new Map<string, Uint8Array>();
      for (const name of ['one', 'two', 'three', 'four']) {
        await ownRequests(images, 'disk.qcow2', model, name.length + states.size);
        states.set(name, model.slice());
        if (name === 'two' || name === 'four') qemuImg('snapshot', '-c', name, path);
        else {
          const image = await images.open('disk.qcow2');
          await image.snapshots?.create(name);
          await image.close();
        }
        await expectSame(images, 'disk.qcow2', model);
      }
      await ownRequests(images, 'disk.qcow2', model, 77);
      const image = await images.open('disk.qcow2');
      expect(image.snapshots?.list().map(({ name }) => name)).toEqual([...states.keys()]);
      for (const [name, state] of states) {
        const snapshot = await image.snapshots?.open(name);
        if (snapshot) expect(firstDifference(await wholeContent(snapshot), state)).toBe(-1);
      }
      await image.snapshots?.delete('two');
      await image.snapshots?.apply('three');
      await image.close();
      await expectSame(images, 'disk.qcow2', states.get('three') ?? model);
      model.set(states.get('three') ?? []);
      await ownRequests(images, 'disk.qcow2', model, 78);
      await expectSame(images, 'disk.qcow2', model);
      qemuImg('snapshot', '-d', 'three', path);
      qemuImg('convert', '-O', 'raw', '-l', 'one', path, images.path('one.raw'));
      expect(firstDifference(images.bytes('one.raw'), states.get('one') ?? model)).toBe(-1);
      const again = await images.open('disk.qcow2');
      await again.snapshots?.delete('one');
      await again.snapshots?.delete('four');
      await again.close();
      await expectSame(images, 'disk.qcow2', model);
    },
  );

  it.each(['zlib', 'zstd'])('read each other’s compressed clusters: %s', async (type) => {
    const images = new ImageFolder(temporaryFolder());
    const content = new Uint8Array(3 * 1024 * 1024 + 512);
    const random = randomFrom(9);
    for (let at = 0; at < content.length; at += 1024) content.fill(random(4) * 60, at, at + 1024);
    for (let at = 1_000_000; at < 1_200_000; at++) content[at] = random(256);
    images.raw('plain.raw', content);
    const options = `compression_type=${type}`;
    qemuImg(
      'convert',
      '-O',
      'qcow2',
      '-c',
      '-o',
      options,
      images.path('plain.raw'),
      images.path('theirs.qcow2'),
    );
    const supported = type === 'zlib' || Number(process.versions.node.split('.')[0]) >= 24;
    const theirs = await images.open('theirs.qcow2');
    if (!supported) {
      await expect(wholeContent(theirs)).rejects.toThrow(/zstd.*not supported/);
      return await theirs.close();
    }
    expect(firstDifference(await wholeContent(theirs), content)).toBe(-1);
    await theirs.close();

    await images.create('ours.qcow2', 'qcow2', {
      length: content.length,
      options: { compression_type: type },
    });
    const ours = await images.open('ours.qcow2');
    for (let at = 0; at < content.length; at += 65536)
      await ours.writeCompressed?.(at, content.subarray(at, Math.min(at + 65536, content.length)));
    await ours.close();
    await expectSame(images, 'ours.qcow2', content);
    expect(images.bytes('ours.qcow2').length).toBeLessThan(content.length / 4);
    for (const name of ['ours.qcow2', 'theirs.qcow2']) {
      const model = content.slice();
      await ownRequests(images, name, model, 6);
      await expectSame(images, name, model);
    }
  });

  it.each(['data_file=NAME', 'data_file=NAME,data_file_raw=on'])(
    'share an external data file: %s',
    async (text) => {
      const images = new ImageFolder(temporaryFolder());
      const model = new Uint8Array(DISK);
      const options = asRecord(text.replace('NAME', images.path('data.bin')));
      await images.create('disk.qcow2', 'qcow2', { length: DISK, options });
      await ownRequests(images, 'disk.qcow2', model, 11);
      const random = randomFrom(12);
      qemuIo(images.path('disk.qcow2'), ...Array.from({ length: 20 }, () => qemuRequest(random, model)));
      await ownRequests(images, 'disk.qcow2', model, 13);
      await expectSame(images, 'disk.qcow2', model);
      if (text.includes('raw')) expect(firstDifference(images.bytes('data.bin'), model)).toBe(-1);
    },
  );

  it('resize together', async () => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.qcow2', 'qcow2', { length: 1024 * 1024, options: { cluster_size: '4k' } });
    const path = images.path('disk.qcow2');
    let model: Uint8Array = new Uint8Array(1024 * 1024);
    for (const length of [3 * 1024 * 1024 + 512, 700 * 1024 + 512, 20 * 1024 * 1024, 1024, 2 * 1024 * 1024]) {
      await ownRequests(images, 'disk.qcow2', model, length % 97);
      const image = await images.open('disk.qcow2');
      await image.resize?.(length);
      await image.close();
      const next = new Uint8Array(length);
      next.set(model.subarray(0, length));
      model = next;
      await expectSame(images, 'disk.qcow2', model);
    }
    qemuImg('resize', '-q', path, '4M');
    const grown = new Uint8Array(4 * 1024 * 1024);
    grown.set(model);
    await ownRequests(images, 'disk.qcow2', grown, 5);
    await expectSame(images, 'disk.qcow2', grown);
  });

  it.each(['compat=1.1', 'compat=0.10', 'extended_l2=on'])(
    'grow above a longer image without showing it: %s',
    async (variant) => {
      const images = new ImageFolder(temporaryFolder());
      images.raw('base.raw', new Uint8Array(512 * 1024).fill(7));
      const length = 200 * 1024 + 512;
      const backing = { name: 'base.raw', format: 'raw' as const };
      await images.create('disk.qcow2', 'qcow2', { length, options: asRecord(variant), backing });
      const image = await images.open('disk.qcow2');
      await image.resize?.(1024 * 1024);
      await image.close();
      const model = new Uint8Array(1024 * 1024);
      model.fill(7, 0, length);
      await expectSame(images, 'disk.qcow2', model);
    },
  );

  it('agree on what info says', async () => {
    const images = new ImageFolder(temporaryFolder());
    for (const variant of [...VARIANTS.slice(0, 10), 'compression_type=zstd']) {
      await images.create('disk.qcow2', 'qcow2', { length: DISK, options: asRecord(variant) });
      const theirs = JSON.parse(qemuImg('info', '--output=json', images.path('disk.qcow2')));
      const image = await images.open('disk.qcow2');
      expect(image.details()).toEqual(theirs['format-specific'].data);
      await image.close();
      const { rmSync } = await import('node:fs');
      rmSync(images.path('disk.qcow2'));
    }
  });
});
