// Damages disk images where it hurts: headers, tables and descriptors, with numbers that are edges of something, and
// checksums made right again, so that damage gets past them. Whatever a format does with such a file, it must end, and end
// in an error of the block layer or in an image.

import { gzipSync } from 'node:zlib';
import { writeU32, writeU32be } from '../../src-main/engine/base/bytes.ts';
import { crc32cWithout } from '../../src-main/engine/base/crc32.ts';
import {
  BlockError,
  type CreateOptions,
  type FormatName,
  findFormat,
  MemoryStore,
} from '../../src-main/engine/block/index.ts';
import type { Random } from '../cpu/differential/random.ts';
import { buildDmg } from './dmg-file.ts';
import { tryHostile } from './image-workload.ts';
import { MemoryImages, randomBytes } from './memory-images.ts';

export interface Region {
  readonly start: number;
  readonly length: number;
  /** Makes checksums right again. */
  readonly seal?: (bytes: Uint8Array) => void;
}

export interface FuzzTarget {
  readonly name: string;
  readonly format: FormatName;
  /** The image `disk`, and files beside it. */
  build(): Promise<MemoryImages>;
  regions(length: number): readonly Region[];
}

const MEBI = 1 << 20;

const written = async (format: FormatName, options: CreateOptions['options'], length = 2 * MEBI) => {
  const images = new MemoryImages();
  await images.create(format, { path: 'disk', length, options });
  const node = await images.open('disk', true, format);
  const data = Uint8Array.from({ length: 9000 }, (_, i) => i >> 4);
  for (const at of [0, 70_000, MEBI + 512]) await node.write(at, data);
  if (node.writeCompressed) await node.writeCompressed(MEBI + 65536, data.subarray(0, node.clusterSize));
  await node.close();
  return images;
};

const vhdSum = (at: number) => (bytes: Uint8Array) => {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < at || i >= at + 4) sum += bytes[i]!;
  writeU32be(bytes, at, ~sum >>> 0);
};

const crcAt4 = (bytes: Uint8Array): void => writeU32(bytes, 4, crc32cWithout(bytes, 4));

const vhdxRegions = (): readonly Region[] => [
  { start: 0x1_0000, length: 4096, seal: crcAt4 },
  { start: 0x2_0000, length: 4096, seal: crcAt4 },
  { start: 0x3_0000, length: 65536, seal: crcAt4 },
  { start: 2 * MEBI, length: 256 },
  { start: 2 * MEBI + 65536, length: 64 },
  { start: 3 * MEBI, length: 64 },
];

const parallelsImage = (): Uint8Array => {
  const bytes = new Uint8Array(3 * 65536);
  bytes.set(new TextEncoder().encode('WithouFreSpacExt'));
  for (const [at, value] of [
    [16, 2],
    [28, 128],
    [32, 32],
    [36, 4096],
    [48, 128],
    [64, 1],
    [72, 2],
  ] as const)
    writeU32(bytes, at, value);
  return bytes.fill(7, 65536);
};

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'VDI',
    format: 'vdi',
    build: () => written('vdi', {}),
    regions: () => [
      { start: 0x40, length: 0x198 },
      { start: MEBI, length: 16 },
    ],
  },
  {
    name: 'VHD, dynamic',
    format: 'vpc',
    build: () => written('vpc', { force_size: 'on' }, 4 * MEBI),
    regions: (length) => [
      { start: 0, length: 512, seal: vhdSum(64) },
      { start: 512, length: 1024, seal: vhdSum(36) },
      { start: 1536, length: 16 },
      { start: length - 512, length: 512, seal: vhdSum(64) },
    ],
  },
  {
    name: 'VHD, fixed',
    format: 'vpc',
    build: () => written('vpc', { subformat: 'fixed', force_size: 'on' }),
    regions: (length) => [{ start: length - 512, length: 512, seal: vhdSum(64) }],
  },
  {
    name: 'VHDX',
    format: 'vhdx',
    build: () => written('vhdx', { block_size: '1M' }),
    regions: vhdxRegions,
  },
  {
    name: 'VHDX with a log to replay',
    format: 'vhdx',
    build: async () => {
      const images = await written('vhdx', { block_size: '1M' });
      const node = await images.open('disk', true);
      await node.write(100, Uint8Array.of(1, 2, 3));
      await node.write(MEBI - 3, Uint8Array.of(1, 2, 3, 4, 5));
      await node.writeZeroes(0, 2 * MEBI, true);
      await node.flush();
      return images;
    },
    regions: () => [...vhdxRegions().slice(0, 2), { start: MEBI, length: 8192, seal: crcAt4 }],
  },
  {
    name: 'VMDK, sparse',
    format: 'vmdk',
    build: () => written('vmdk', {}),
    regions: () => [
      { start: 0, length: 80 },
      { start: 512, length: 400 },
      { start: 21 * 512, length: 64 },
      { start: 22 * 512, length: 64 },
      { start: 26 * 512, length: 64 },
    ],
  },
  {
    name: 'VMDK, stream',
    format: 'vmdk',
    build: () => written('vmdk', { subformat: 'streamOptimized' }),
    regions: (length) => [
      { start: 0, length: 80 },
      { start: 65536, length: 64 },
      { start: length - 5 * 512, length: 5 * 512 },
      { start: length - 9 * 512, length: 64 },
    ],
  },
  {
    name: 'VMDK, split',
    format: 'vmdk',
    build: () => written('vmdk', { subformat: 'twoGbMaxExtentSparse' }),
    regions: (length) => [{ start: 0, length }],
  },
  {
    name: 'qcow',
    format: 'qcow',
    build: () => written('qcow', {}),
    regions: () => [
      { start: 0, length: 64 },
      { start: 12288, length: 4096 },
    ],
  },
  {
    name: 'Parallels',
    format: 'parallels',
    build: async () => {
      const images = new MemoryImages();
      images.add('disk', parallelsImage());
      return images;
    },
    regions: () => [{ start: 0, length: 64 + 32 * 4 }],
  },
  {
    name: 'DMG',
    format: 'dmg',
    build: async () => {
      const images = new MemoryImages();
      const content = Uint8Array.from({ length: 8192 }, (_, i) => i >> 5);
      images.add(
        'disk',
        buildDmg([
          ['raw', content],
          ['zlib', content],
          ['zero', content],
        ]),
      );
      return images;
    },
    regions: (length) => [
      { start: 8192, length: length - 8192 },
      { start: length - 512, length: 512 },
    ],
  },
  {
    name: 'gzip',
    format: 'gzip',
    build: async () => {
      const images = new MemoryImages();
      images.add('disk', gzipSync(Uint8Array.from({ length: 30_000 }, (_, i) => (i * i) >> 8)));
      return images;
    },
    regions: (length) => [
      { start: 0, length: 200 },
      { start: length - 8, length: 8 },
    ],
  },
];

const edge = (random: Random, fileLength: number): number => {
  const near = random.below(5) - 2;
  return random.pick([
    () => random.below(256),
    () => random.next(),
    () => 2 ** random.below(32) + near,
    () => fileLength + near,
    () => Math.floor(fileLength / 512) + near,
    () => 0xffff_ffff,
    () => 0,
  ])();
};

const damage = (random: Random, bytes: Uint8Array, fileLength: number): void => {
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(bytes.length);
    const aligned = at - (at % 4);
    const value = edge(random, fileLength) >>> 0;
    switch (random.below(5)) {
      case 0:
        bytes[at] = value;
        break;
      case 1:
        writeU32(bytes, aligned, value);
        break;
      case 2:
        writeU32be(bytes, aligned, value);
        break;
      case 3:
        bytes[at]! ^= 1 << random.below(8);
        break;
      default:
        bytes.copyWithin(at, random.below(bytes.length), at + random.below(32));
    }
  }
};

const PIECE = 65536;

/** The pieces of a file that are not zero, to make it again quickly. */
const piecesOf = async (images: MemoryImages) => {
  const store = images.files.get('disk')!;
  const pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  for (let at = 0; at < store.length; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, store.length - at));
    await store.readAt(at, bytes);
    if (bytes.some((byte) => byte !== 0)) pieces.push({ at, bytes });
  }
  return { pieces, length: store.length };
};

/** What may be added to a file by three small writes, with the largest blocks of any format. */
const MAX_GROWTH = 3 * 2 ** 30;

/** Runs `count` damaged files; how many of them could still be opened. */
export const fuzz = async (target: FuzzTarget, random: Random, count: number): Promise<number> => {
  const base = await target.build();
  const { pieces, length } = await piecesOf(base);
  let opened = 0;
  for (let i = 0; i < count; i++) {
    const images = new MemoryImages(i + 1);
    for (const [name, file] of base.files) if (name !== 'disk') images.files.set(name, file);
    const store = new MemoryStore('disk');
    for (const { at, bytes } of pieces) store.put(at, bytes);
    store.cut(length);
    const regions = target.regions(length);
    for (let more = 1 + random.below(2); more > 0; more--) spoil(random, store, random.pick(regions));
    if (random.chance(0.05)) store.cut(random.below(length));
    if (random.chance(0.02)) store.put(random.below(length), randomBytes(random, 64));
    images.files.set('disk', store);
    const started = performance.now();
    await checkHostile(images, target.format);
    if ((await tryHostile(images, 'disk', target.format)) === 'opened') opened++;
    if (store.length > length + MAX_GROWTH)
      throw new Error(`case ${i}: the file grew to ${store.length} bytes`);
    const took = performance.now() - started;
    if (took > 20_000) throw new Error(`case ${i} took ${took} ms`);
  }
  return opened;
};

const spoil = (random: Random, store: MemoryStore, region: Region): void => {
  const bytes = new Uint8Array(region.length);
  store.get(region.start, bytes);
  damage(random, bytes, store.length);
  if (region.seal && random.chance(0.9)) region.seal(bytes);
  store.put(region.start, bytes);
};

const checkHostile = async (images: MemoryImages, format: FormatName): Promise<void> => {
  const store = await images.host.files.open('disk', 'read');
  try {
    await findFormat(format)!.check?.(store, images.host, { path: 'disk', repair: 'none' });
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
  }
};
