// Structure-aware damage to qcow2 images: fields of the header, extensions, entries of all tables, set to values that
// hurt; then everything that can be done with an image is tried. Only typed errors may come of it.

import { qcow2 } from '../../src-main/engine/block/formats/qcow2/qcow2.ts';
import { BlockError, type BlockNode, MemoryStore } from '../../src-main/engine/block/index.ts';
import { Random } from '../cpu/differential/random.ts';
import { contentOf, MemoryImages, randomBytes } from './memory-images.ts';

interface Field {
  readonly at: number;
  readonly bytes: 1 | 2 | 4 | 8;
}

interface Victim {
  readonly name: string;
  readonly content: Uint8Array;
  readonly fields: readonly Field[];
}

const HEADER: readonly Field[] = [
  ...[4, 16, 20, 32, 36, 56, 60, 96, 100].map((at) => ({ at, bytes: 4 as const })),
  ...[8, 24, 40, 48, 64, 72, 80, 88].map((at) => ({ at, bytes: 8 as const })),
  { at: 104, bytes: 1 },
];

/** Images with something of everything. */
export async function victims(): Promise<Victim[]> {
  const found: Victim[] = [];
  const kinds: readonly Readonly<Record<string, string>>[] = [
    { cluster_size: '512' },
    { cluster_size: '4k' },
    { compat: '0.10', cluster_size: '1k' },
    { cluster_size: '16k', extended_l2: 'on' },
    { cluster_size: '512', refcount_bits: '1' },
    { cluster_size: '1k', refcount_bits: '64' },
  ];
  for (const options of kinds) found.push(await makeVictim(options));
  return found;
}

async function makeVictim(options: Readonly<Record<string, string>>): Promise<Victim> {
  const images = new MemoryImages();
  const length = 256 * 1024;
  const backing = { name: 'base', format: 'raw' as const };
  images.add('base', randomBytes(new Random(3), 100_000));
  await images.create('qcow2', { path: 'disk', length, options, backing });
  const image = await images.open('disk', true);
  const random = new Random(4);
  const cluster = image.clusterSize ?? 512;
  for (let count = 0; count < 12; count++) {
    const at = random.below(length / cluster) * cluster;
    await image.write(at, randomBytes(random, Math.min(3000, length - at)));
    await image.writeZeroes(random.below(length / 1024) * 1024, 1024, true);
    await image.writeCompressed?.(
      random.below(length / cluster) * cluster,
      new Uint8Array(cluster).fill(count),
    );
    if (count % 5 === 0 && options['refcount_bits'] !== '1') await image.snapshots?.create(`s${count}`);
  }
  await image.close();
  const content = await contentOf(images.files.get('disk') ?? new MemoryStore('disk'));
  return { name: JSON.stringify(options), content, fields: fieldsOf(content) };
}

/** All fields of all tables, found by following the valid image. */
function fieldsOf(content: Uint8Array): Field[] {
  const view = new DataView(content.buffer);
  const offsetAt = (at: number) => Number(view.getBigUint64(at) & 0x00ff_ffff_ffff_fe00n);
  const cluster = 2 ** view.getUint32(20);
  const fields: Field[] = [...HEADER];
  const words = (start: number, end: number, bytes: 4 | 8 = 8) => {
    for (let at = start; at + 8 <= Math.min(end, content.length); at += 8) fields.push({ at, bytes });
  };
  words(104, 104 + 64, 4);
  const l1 = offsetAt(40);
  const l1Entries = view.getUint32(36);
  words(l1, l1 + l1Entries * 8);
  for (let index = 0; index < l1Entries; index++) {
    const table = offsetAt(l1 + index * 8);
    if (table > 0) words(table, table + Math.min(cluster, 1024));
  }
  const refcounts = offsetAt(48);
  words(refcounts, refcounts + 64);
  words(offsetAt(refcounts), offsetAt(refcounts) + 256);
  const snapshots = offsetAt(64);
  if (snapshots > 0) words(snapshots, snapshots + 128, 4);
  return fields;
}

/** The outcome in a word. Throws when it was anything but a typed error. */
export async function fuzzOnce(victim: Victim, seed: number): Promise<string> {
  const random = new Random(seed);
  const content = victim.content.slice();
  damage(content, victim, random);
  const images = new MemoryImages(seed);
  images.add('base', victim.content.subarray(0, 5000));
  images.add('disk', content);
  const steps = [
    () => readAll(images, random),
    () => checkAll(images, 'none'),
    () => writeSome(images, random),
    () => checkAll(images, random.chance(0.5) ? 'leaks' : 'all'),
    () => writeSome(images, random),
  ];
  const outcomes: string[] = [];
  for (const step of steps) {
    outcomes.push(await attempt(step));
    const length = images.files.get('disk')?.length ?? 0;
    if (length > 64 * 1024 * 1024) throw new Error(`the file grew to ${length} bytes`);
  }
  return outcomes.join(' ');
}

function damage(content: Uint8Array, { fields }: Victim, random: Random): void {
  const view = new DataView(content.buffer);
  if (random.chance(0.1)) content.fill(random.below(256), random.below(content.length), content.length);
  const count = 1 + random.below(3);
  for (let index = 0; index < count; index++) {
    const field = random.pick(fields);
    const value = hostileValue(random, content.length);
    if (field.bytes === 1) view.setUint8(field.at, Number(value & 0xffn));
    else if (field.bytes === 2) view.setUint16(field.at, Number(value & 0xffffn));
    else if (field.bytes === 4) view.setUint32(field.at, Number(value & 0xffff_ffffn));
    else view.setBigUint64(field.at, BigInt.asUintN(64, value));
    if (random.chance(0.3) && field.bytes === 8) view.setBigUint64(field.at, flipped(view, field.at, random));
  }
}

function flipped(view: DataView, at: number, random: Random): bigint {
  return BigInt.asUintN(64, view.getBigUint64(at) ^ (1n << BigInt(random.below(64))));
}

function hostileValue(random: Random, length: number): bigint {
  const place = BigInt(random.below(Math.ceil(length / 512)) * 512);
  const flags = [0n, 1n << 63n, 1n << 62n, 1n];
  switch (random.below(4)) {
    case 0:
      return random.value64();
    case 1:
      return place | random.pick(flags);
    case 2:
      return (
        random.pick([1n << 55n, 1n << 48n, (1n << 56n) - 512n, 0x7fff_ffffn, 0xffff_fe00n]) |
        random.pick(flags)
      );
    default:
      return BigInt(random.below(70));
  }
}

async function attempt(work: () => Promise<void>): Promise<string> {
  const started = performance.now();
  try {
    await work();
    return 'fine';
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    if (error.message.length < 15) throw new Error(`says too little: ${error.message}`);
    return error.code;
  } finally {
    const took = performance.now() - started;
    if (took > 20_000) console.error(`took ${took} ms`);
  }
}

async function readAll(images: MemoryImages, random: Random): Promise<void> {
  const image = await images.open('disk', false);
  image.details();
  await readPieces(image, random);
  for (const { id } of image.snapshots?.list() ?? []) {
    const node = await image.snapshots?.open(id);
    if (node !== undefined) await readPieces(node, random);
  }
  await image.close();
}

async function readPieces(node: BlockNode, random: Random): Promise<void> {
  const piece = new Uint8Array(Math.min(node.length, 64 * 1024));
  for (let count = 0; count < 4 && piece.length > 0; count++) {
    const offset = Math.floor((node.length - piece.length) * (random.below(1000) / 999));
    await node.read(offset, piece);
    await node.status(offset, piece.length);
  }
}

async function writeSome(images: MemoryImages, random: Random): Promise<void> {
  const image = await images.open('disk', true);
  try {
    const most = Math.min(image.length, 40_000);
    for (let count = 0; count < 4 && most > 0; count++) {
      const offset = Math.floor((Math.min(image.length, 256 * 1024) - most) * (random.below(1000) / 999));
      await image.write(offset, new Uint8Array(most).fill(count));
      await image.writeZeroes(offset, Math.floor(most / 2), random.chance(0.5));
      await image.discard(offset, most);
    }
    await image.flush();
    const [first] = image.snapshots?.list() ?? [];
    if (random.chance(0.3)) await image.snapshots?.create('more');
    if (first !== undefined && random.chance(0.5)) await image.snapshots?.apply(first.id);
    if (first !== undefined && random.chance(0.5)) await image.snapshots?.delete(first.id);
  } finally {
    await image.close();
  }
}

async function checkAll(images: MemoryImages, repair: 'none' | 'leaks' | 'all'): Promise<void> {
  const store = await images.host.files.open('disk', repair === 'none' ? 'read' : 'write');
  const report = await qcow2.check?.(store, images.host, { path: 'disk', repair });
  for (const { message } of report?.faults ?? [])
    if (message.length < 10) throw new Error(`says too little: ${message}`);
}
