// What can be changed about an image besides its content: its size, and the image behind it. And what damage is called.

import { describe, expect, it } from 'vitest';
import { BlockError, type FormatName, findFormat } from '../../../../src-main/engine/block/index.ts';
import { expectSame, readAll } from '../../../support/image-workload.ts';
import { MemoryImages } from '../../../support/memory-images.ts';

const MEBI = 1 << 20;
/** Of a VDI as it is made here. */
const MAP = MEBI;
const ONES = new Uint8Array(3000).fill(1);

const create = async (images: MemoryImages, format: FormatName, path: string, backing?: string) =>
  images.create(format, {
    path,
    length: 2 * MEBI + 512,
    options: format === 'vhdx' ? { block_size: '1M' } : {},
    ...(backing ? { backing: { name: backing, format } } : {}),
  });

const refusal = async (work: Promise<unknown>): Promise<BlockError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BlockError);
  return error as BlockError;
};

describe('growing', () => {
  it.each(['vdi', 'vhdx'] as const)('a %s image adds zeroes and keeps the rest', async (format) => {
    const images = new MemoryImages();
    await create(images, format, 'disk');
    let node = await images.open('disk', true);
    await node.write(2 * MEBI, ONES.subarray(0, 512));
    await node.resize!(5 * MEBI);
    await node.write(4 * MEBI, ONES);
    await node.close();
    node = await images.open('disk', false);
    const expected = new Uint8Array(5 * MEBI);
    expected.set(ONES.subarray(0, 512), 2 * MEBI);
    expected.set(ONES, 4 * MEBI);
    expectSame(await readAll(node), expected);
  });

  it.each(['vdi', 'vhdx'] as const)('a %s image does not show its parent', async (format) => {
    const images = new MemoryImages();
    await images.create(format, { path: 'parent', length: 6 * MEBI, options: {} });
    const parent = await images.open('parent', true);
    await parent.write(0, new Uint8Array(6 * MEBI).fill(9));
    await parent.close();
    await create(images, format, 'disk', 'parent');
    const node = await images.open('disk', true);
    await node.resize!(5 * MEBI);
    const expected = new Uint8Array(5 * MEBI).fill(9, 0, 2 * MEBI + 512);
    expectSame(await readAll(node), expected);
    await node.close();
  });

  it('makes nothing smaller', async () => {
    const images = new MemoryImages();
    await create(images, 'vdi', 'disk');
    const node = await images.open('disk', true);
    expect((await refusal(node.resize!(MEBI))).code).toBe('unsupported');
  });
});

describe('packing', () => {
  it.each([
    ['vdi', {}, false],
    ['vpc', {}, false],
    ['vhdx', {}, false],
    ['vmdk', {}, false],
    ['vmdk', { subformat: 'streamOptimized' }, true],
    ['qcow', {}, true],
  ] as const)('%s %j is offered: %s', async (format, options, offered) => {
    const images = new MemoryImages();
    await images.create(format, { path: 'disk', length: 2 * MEBI, options });
    const node = await images.open('disk', true);
    expect(node.writeCompressed !== undefined).toBe(offered);
    await node.close();
  });
});

describe('calls that overlap', () => {
  it.each(['vdi', 'vmdk', 'vpc', 'vhdx', 'qcow'] as const)(
    'of a %s image end as if made in turn',
    async (format) => {
      const images = new MemoryImages();
      await create(images, format, 'disk');
      const node = await images.open('disk', true);
      const expected = new Uint8Array(node.length);
      const calls: Promise<void>[] = [];
      const reads: { found: Uint8Array; wanted: Uint8Array }[] = [];
      for (let i = 1; i <= 40; i++) {
        const at = (i * 7919) % 20_000;
        expected.fill(i, at, at + 9000);
        calls.push(node.write(at, new Uint8Array(9000).fill(i)));
        const found = new Uint8Array(30_000);
        reads.push({ found, wanted: expected.slice(0, 30_000) });
        calls.push(node.read(0, found));
        if (i % 9 === 0) calls.push(node.flush());
      }
      await Promise.all(calls);
      for (const { found, wanted } of reads) expectSame(found, wanted);
      expectSame(await readAll(node), expected);
      await node.close();
    },
  );
});

describe('the image behind', () => {
  it.each(['vdi', 'vmdk'] as const)('of a %s image can be another', async (format) => {
    const images = new MemoryImages();
    for (const name of ['one', 'two']) {
      await create(images, format, name);
      const node = await images.open(name, true);
      if (name === 'two') await node.write(0, ONES);
      await node.close();
    }
    await create(images, format, 'child', 'one');
    let child = await images.open('child', true);
    await child.write(MEBI, ONES);
    await child.setBacking!({ name: 'two', format });
    await child.close();
    child = await images.open('child', true);
    expect(child.backingName).toBe('two');
    const both = new Uint8Array(child.length);
    both.set(ONES);
    both.set(ONES, MEBI);
    expectSame(await readAll(child), both);
    await child.setBacking!(undefined);
    await child.close();
    child = await images.open('child', false);
    expect([child.backingName, child.backing]).toEqual([undefined, undefined]);
    expectSame(await readAll(child), both.fill(0, 0, 3000));
  });

  it.each(['vmdk', 'vhdx'] as const)('of a %s image must not have changed', async (format) => {
    const images = new MemoryImages();
    await create(images, format, 'parent');
    await create(images, format, 'child', 'parent');
    await (await images.open('child', false)).close();
    const parent = await images.open('parent', true);
    await parent.write(0, ONES);
    await parent.close();
    const error = await refusal(images.open('child', false));
    expect(error.message).toMatch(/“child”.*parent.* has changed/);
    await (await images.openAlone('child')).close();
  });

  it.each(['vdi', 'vmdk', 'vpc', 'vhdx', 'qcow'] as const)(
    'of a %s image is missed by name',
    async (format) => {
      const images = new MemoryImages();
      await create(images, format, 'parent');
      await create(images, format, 'child', 'parent');
      images.files.delete('parent');
      const error = await refusal(images.open('child', false));
      expect([error.code, error.message]).toEqual([
        'backing-missing',
        expect.stringMatching(/“child”.*“parent”/),
      ]);
    },
  );

  it.each(['../parent', '/etc/passwd'])('is not looked for at %s', async (name) => {
    const images = new MemoryImages();
    await create(images, 'qcow', 'parent');
    const store = await images.host.files.create('child');
    await findFormat('qcow')!.create!(store, images.host, {
      path: 'child',
      length: MEBI,
      backing: { name, format: 'qcow' },
      options: {},
    });
    expect((await refusal(images.open('child', false))).code).toBe('reference-refused');
  });
});

describe('a file that was cut off', () => {
  it.each(['vhdx', 'vpc'] as const)('is found in a %s image, not read as zeroes', async (format) => {
    const images = new MemoryImages();
    await create(images, format, 'disk');
    let node = await images.open('disk', true);
    await node.write(MEBI, new Uint8Array(MEBI).fill(5));
    await node.close();
    const store = images.files.get('disk')!;
    await store.truncate(store.length - 500_000);
    node = await images.open('disk', false, format);
    const error = await refusal(readAll(node));
    expect([error.code, error.message]).toEqual(['corrupt', expect.stringMatching(/“disk”.*cut off/)]);
    await node.close();
    const report = await findFormat(format)!.check!(
      await images.host.files.open('disk', 'read'),
      images.host,
      {
        path: 'disk',
        repair: 'none',
      },
    );
    expect(report.corruptions).toBe(1);
  });

  it('does not grow by as much as a VDI map is wrong', async () => {
    const images = new MemoryImages();
    await images.create('vdi', { path: 'disk', length: 4096 * MEBI, options: {} });
    const store = images.files.get('disk')!;
    // The last block is said to be stored as the last but one.
    await store.writeAt(MAP + 4095 * 4, Uint8Array.of(0xfe, 0x0f, 0, 0));
    const before = store.length;
    const node = await images.open('disk', true);
    expect((await refusal(node.write(0, ONES))).code).toBe('corrupt');
    await node.close();
    expect(store.length).toBe(before);
  });
});

describe('damage', () => {
  const CASES: readonly (readonly [FormatName, number, number, RegExp])[] = [
    ['vdi', 0x178, 0x33, /“disk”: VDI header at offset 376: the block size is/],
    ['vpc', 64 + 3, 0x77, /“disk”: VHD footer at offset \d+: the checksum is wrong/],
    ['vhdx', 0x3_0000, 0x77, /^$/],
    ['vmdk', 20, 3, /“disk”: VMDK sparse extent header at offset 20: a grain has/],
    ['qcow', 32, 60, /“disk”: qcow header at offset 32: the cluster size is 2\^60/],
  ];

  it.each(CASES)(
    'of a %s image is named with file, structure and offset',
    async (format, at, value, message) => {
      const images = new MemoryImages();
      await create(images, format, 'disk');
      const store = images.files.get('disk')!;
      await store.writeAt(at, Uint8Array.of(value));
      if (format === 'vpc') await store.truncate(store.length - 512);
      // Of the VHDX region table there is a second copy.
      if (format === 'vhdx') return (await images.open('disk', false)).close();
      const error = await refusal(images.open('disk', false));
      expect(error.message).toMatch(message);
      expect(error.detail).toMatchObject({
        file: 'disk',
        structure: expect.any(String),
        offset: expect.any(Number),
      });
      return undefined;
    },
  );

  it('of the count in a VDI header is repaired', async () => {
    const images = new MemoryImages();
    await create(images, 'vdi', 'disk');
    const node = await images.open('disk', true);
    await node.write(0, ONES);
    await node.close();
    const store = images.files.get('disk')!;
    const check = (repair: 'none' | 'all') =>
      findFormat('vdi')!.check!(store, images.host, { path: 'disk', repair });
    await store.writeAt(0x184, Uint8Array.of(0));
    expect(await check('none')).toMatchObject({ corruptions: 1, corruptionsFixed: 0 });
    expect(await check('all')).toMatchObject({ corruptions: 1, corruptionsFixed: 1 });
    expect(await check('none')).toMatchObject({ corruptions: 0, leaks: 0, allocatedClusters: 1 });
  });
});
