// The formats beside qcow2 against the real qemu-img and qemu-io: each side makes an image, both write to it in turn, and
// both must read the same and find nothing wrong.

import { copyFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { hasQemuImg, qemuImg, qemuImgStatus, qemuIo, qemuReason } from '../../../support/qemu-img.ts';
import {
  carryOut,
  firstDifference,
  type Random,
  randomFrom,
  randomRequest,
} from '../../../support/random-workload.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const MEBI = 1 << 20;
const DISK = 4 * MEBI + 512 * 3;

type Variant = readonly [format: string, options: string];

const VARIANTS: readonly Variant[] = [
  ['vdi', ''],
  ['vdi', 'static=on'],
  ['vmdk', 'subformat=monolithicSparse'],
  ['vmdk', 'subformat=monolithicSparse,zeroed_grain=on'],
  ['vmdk', 'subformat=monolithicFlat'],
  ['vmdk', 'subformat=twoGbMaxExtentSparse,adapter_type=lsilogic'],
  ['vmdk', 'subformat=twoGbMaxExtentFlat'],
  ['vpc', 'subformat=dynamic,force_size=on'],
  ['vpc', 'subformat=fixed,force_size=on'],
  ['vhdx', 'subformat=dynamic'],
  ['vhdx', 'subformat=dynamic,block_size=1M,log_size=2M'],
  ['vhdx', 'subformat=fixed,block_size=1M'],
  ['qcow', ''],
];

const asRecord = (text: string): Record<string, string> =>
  Object.fromEntries(text === '' ? [] : text.split(',').map((pair) => pair.split('=')));

const ownRequests = async (images: ImageFolder, name: string, model: Uint8Array, random: Random) => {
  const image = await images.open(name);
  for (let count = 0; count < 40; count++) await carryOut(image, model, randomRequest(random, model.length));
  await image.close();
};

/** The same kind of requests by qemu-io. */
const theirRequests = (path: string, model: Uint8Array, random: Random): void => {
  const commands: string[] = [];
  for (let count = 0; count < 12; count++) {
    const { kind, offset, length, pattern } = randomRequest(random, model.length, 512 * 1024);
    const value = kind === 'zero' || kind === 'unmap' ? 0 : pattern;
    commands.push(
      value === 0 ? `write -q -z ${offset} ${length}` : `write -q -P ${value} ${offset} ${length}`,
    );
    model.fill(value, offset, offset + length);
  }
  qemuIo(path, ...commands);
};

const CHECKED = ['vdi', 'vmdk', 'vhdx'];

const expectBothRead = async (images: ImageFolder, name: string, format: string, model: Uint8Array) => {
  images.raw('model.raw', model);
  const compared = qemuImgStatus(
    'compare',
    '-f',
    format,
    '-F',
    'raw',
    images.path(name),
    images.path('model.raw'),
  );
  expect(compared.output).toMatch(/identical/);
  if (CHECKED.includes(format))
    expect(qemuImgStatus('check', '-f', format, images.path(name))).toMatchObject({ status: 0 });
  expect(await images.check(name, format)).toMatchObject({ corruptions: 0, leaks: 0, faults: [] });
  const image = await images.open(name, { write: false });
  expect(image.length).toBe(model.length);
  expect(firstDifference(await wholeContent(image), model)).toBe(-1);
  await image.close();
};

const inTurn = async (images: ImageFolder, name: string, format: string, model: Uint8Array, seed: number) => {
  const random = randomFrom(seed);
  await ownRequests(images, name, model, random);
  await expectBothRead(images, name, format, model);
  theirRequests(images.path(name), model, random);
  await expectBothRead(images, name, format, model);
  await ownRequests(images, name, model, random);
  await expectBothRead(images, name, format, model);
};

describe.skipIf(!hasQemuImg)(qemuReason('formats beside qemu-img'), () => {
  it.each(VARIANTS)('%s %s of qemu-img', async (format, options) => {
    const images = new ImageFolder(temporaryFolder());
    const args = options === '' ? [] : ['-o', options];
    qemuImg('create', '-q', '-f', format, ...args, images.path('disk.img'), String(DISK));
    await inTurn(images, 'disk.img', format, new Uint8Array(DISK), 3);
  });

  it.each(VARIANTS)('%s %s of ours', async (format, options) => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.img', format, { length: DISK, options: asRecord(options) });
    await inTurn(images, 'disk.img', format, new Uint8Array(DISK), 4);
  });

  it.each([MEBI, 100 * MEBI, 1023 * MEBI + 512, 40 * 1024 * MEBI, 200 * 1024 * MEBI])(
    'a VHD of %d bytes gets the same size as from qemu-img',
    async (length) => {
      const images = new ImageFolder(temporaryFolder());
      await images.create('own.vhd', 'vpc', { length });
      qemuImg('create', '-q', '-f', 'vpc', images.path('theirs.vhd'), String(length));
      const sizes = ['own.vhd', 'theirs.vhd'].map(
        (name) =>
          JSON.parse(qemuImg('info', '--output=json', '-f', 'vpc', images.path(name)))['virtual-size'],
      );
      const own = await images.open('theirs.vhd', { write: false });
      expect([sizes[0], own.length]).toEqual([sizes[1], sizes[1]]);
      await own.close();
    },
  );

  it.each(['vmdk', 'qcow'])('%s over a parent, made by either side', async (format) => {
    const images = new ImageFolder(temporaryFolder());
    // qemu-io takes long for the small clusters of qcow.
    const model = new Uint8Array(format === 'qcow' ? MEBI / 2 : DISK);
    await images.create('base.img', format, { length: model.length });
    await ownRequests(images, 'base.img', model, randomFrom(8));
    const over = ['-b', images.path('base.img'), '-F', format];
    qemuImg('create', '-q', '-f', format, ...over, images.path('theirs.img'));
    await images.create('own.img', format, {
      length: model.length,
      backing: { name: 'base.img', format: format as 'vmdk' },
    });
    await inTurn(images, 'theirs.img', format, model.slice(), 5);
    await inTurn(images, 'own.img', format, model.slice(), 6);
  });

  it.each<Variant>([
    ['vdi', ''],
    ['vpc', 'force_size=on'],
    ['vhdx', 'block_size=1M'],
    ['vmdk', ''],
    ['vmdk', 'subformat=twoGbMaxExtentSparse'],
    ['qcow', ''],
  ])('%s %s far out on a large disk', async (format, options) => {
    const images = new ImageFolder(temporaryFolder());
    const length = 11 * 1024 * MEBI;
    await images.create('disk.img', format, { length, options: asRecord(options) });
    const image = await images.open('disk.img');
    const places = [2048 * MEBI - 3000, 4096 * MEBI - 512, 8192 * MEBI + 1536, length - 20_000].map(
      (at) => at - (at % 512),
    );
    for (const [i, at] of places.entries()) await image.write(at, new Uint8Array(8192).fill(i + 1));
    await image.close();
    const reads = places.flatMap((at, i) => [
      `read -q -P ${i + 1} ${at} 8192`,
      `read -q -P 0 ${at - 512} 512`,
    ]);
    qemuIo(images.path('disk.img'), ...reads, `write -q -P 77 ${5000 * MEBI - 1024} 4096`);
    const again = await images.open('disk.img', { write: false });
    const found = new Uint8Array(4096);
    await again.read(5000 * MEBI - 1024, found);
    expect(found.every((byte) => byte === 77)).toBe(true);
    await again.close();
    expect(await images.check('disk.img', format)).toMatchObject({ corruptions: 0, leaks: 0 });
  });

  it('streamOptimized VMDK in both directions', async () => {
    const images = new ImageFolder(temporaryFolder());
    const model = new Uint8Array(DISK);
    await images.create('plain.raw', 'raw', { length: DISK });
    await ownRequests(images, 'plain.raw', model, randomFrom(9));
    const stream = ['-o', 'subformat=streamOptimized'];
    qemuImg(
      'convert',
      '-f',
      'raw',
      '-O',
      'vmdk',
      ...stream,
      images.path('plain.raw'),
      images.path('theirs.vmdk'),
    );
    await expectBothRead(images, 'theirs.vmdk', 'vmdk', model);
    await images.create('own.vmdk', 'vmdk', { length: DISK, options: { subformat: 'streamOptimized' } });
    const image = await images.open('own.vmdk');
    for (let at = 0; at < DISK; at += 100_000) await image.write(at, model.subarray(at, at + 100_000));
    await expect(image.write(0, new Uint8Array(512))).rejects.toThrow(/ascending order/);
    await image.close();
    await expectBothRead(images, 'own.vmdk', 'vmdk', model);
  });

  it('packed clusters of qcow are read by qemu-img, and written over by both', async () => {
    const images = new ImageFolder(temporaryFolder());
    const model = new Uint8Array(6 * MEBI);
    const random = randomFrom(10);
    for (let at = 0; at < model.length; at += 4096) model.fill(1 + random(250), at, at + 1 + random(4095));
    await images.create('own.qcow', 'qcow', { length: model.length });
    const image = await images.open('own.qcow');
    const cluster = image.clusterSize!;
    for (let at = 0; at < model.length; at += cluster)
      await image.writeCompressed!(at, model.subarray(at, at + cluster));
    await image.close();
    expect((await images.check('own.qcow', 'qcow')).compressedClusters).toBeGreaterThan(100);
    await inTurn(images, 'own.qcow', 'qcow', model, 11);
  });

  it('a VHDX whose log was left behind is replayed by qemu-img as by us', async () => {
    const images = new ImageFolder(temporaryFolder());
    const model = new Uint8Array(DISK);
    await images.create('disk.vhdx', 'vhdx', { length: DISK, options: { block_size: '1M' } });
    const image = await images.open('disk.vhdx');
    const random = randomFrom(12);
    for (let count = 0; count < 30; count++)
      await carryOut(image, model, randomRequest(random, model.length));
    await image.flush();
    copyFileSync(images.path('disk.vhdx'), images.path('left.vhdx'));
    copyFileSync(images.path('disk.vhdx'), images.path('theirs.vhdx'));
    await image.close();
    expect(await images.check('left.vhdx', 'vhdx')).toMatchObject({ corruptions: 1 });
    expect(qemuImgStatus('check', '-r', 'all', images.path('theirs.vhdx'))).toMatchObject({ status: 0 });
    await expectBothRead(images, 'theirs.vhdx', 'vhdx', model);
    expect(await images.check('left.vhdx', 'vhdx', 'all')).toMatchObject({ corruptionsFixed: 1 });
    await expectBothRead(images, 'left.vhdx', 'vhdx', model);
  });

  it.each(['vmdk', 'vhdx', 'vpc', 'vdi', 'qcow'])('%s is described as qemu-img info does', async (format) => {
    const images = new ImageFolder(temporaryFolder());
    qemuImg('create', '-q', '-f', format, images.path('disk.img'), '64M');
    const info = JSON.parse(qemuImg('info', '--output=json', images.path('disk.img')));
    const image = await images.open('disk.img', { write: false });
    expect(image.length).toBe(info['virtual-size']);
    expect(image.clusterSize).toBe(info['cluster-size']);
    expect(image.details()).toEqual(info['format-specific']?.data ?? {});
    await image.close();
  });
});
