// Random work on an image whose file records itself, then power lost at every step: what is left must open as it is,
// hold what was flushed, and have lost at most room.

import {
  type BlockNode,
  type CheckReport,
  findFormat,
  type ImageNode,
  type MemoryStore,
} from '../../src-main/engine/block/index.ts';
import { contentOf, MemoryImages } from './memory-images.ts';
import { type Random, randomFrom } from './random-workload.ts';
import { SectorRecorder } from './sector-recorder.ts';

const SECTOR = 512;

export interface PowerLossCase {
  readonly format: 'qcow2' | 'vdi' | 'vmdk' | 'vpc' | 'vhdx' | 'qcow';
  readonly options: Readonly<Record<string, string>>;
  readonly diskBytes: number;
  readonly requests: number;
  readonly seed: number;
  /** Every how many steps power is lost. */
  readonly stride: number;
  /** Content of a raw image behind. */
  readonly backing?: Uint8Array;
  readonly snapshots?: boolean;
  /** Requests that are under way together, on different sectors; default 1. */
  readonly together?: number;
  readonly cacheBytes?: number;
}

/** What each sector held when, told by numbers that are written into them. */
interface Moment {
  readonly step: number;
  /** Numbers that are safe from this step on. */
  readonly flushed?: Uint32Array;
  /** A request that began: sectors that may hold this number. */
  readonly range?: { readonly first: number; readonly count: number; readonly number: number };
  /** Any state may be found from here to the next flush (going back to a snapshot). */
  readonly anything?: Uint32Array;
}

export interface Outcome {
  readonly crashes: number;
  readonly leaksSeen: number;
}

/** Throws at the first that is lost. `judge`: a further opinion on a file that is left. */
export async function losePower(
  test: PowerLossCase,
  judge?: (step: number, store: MemoryStore, report: CheckReport) => void,
): Promise<Outcome> {
  const random = randomFrom(test.seed);
  const { recording, moments } = await recordWork(test, random);
  let crashes = 0;
  let leaksSeen = 0;
  for (const { step, store } of recording.remains(random, test.stride)) {
    const image = await openLeft(test, store);
    await expectAllowed(image, allowedAt(moments, step, test), step);
    const report = await check(test, store);
    refuseDamage(report, step);
    leaksSeen += report.leaks > 0 ? 1 : 0;
    crashes++;
    judge?.(step, store, report);
    if (crashes % 16 === 0) await goOn(test, store, image, random);
  }
  return { crashes, leaksSeen };
}

async function recordWork(
  test: PowerLossCase,
  random: Random,
): Promise<{ recording: SectorRecorder; moments: Moment[] }> {
  const images = new MemoryImages();
  await images.create(test.format, {
    path: 'disk',
    length: test.diskBytes,
    options: test.options,
    ...(test.backing ? { backing: { name: 'base', format: 'raw' as const } } : {}),
  });
  const recording = new SectorRecorder(
    'disk',
    await contentOf(images.files.get('disk') ?? images.add('disk')),
  );
  const image = await openOn(test, recording);
  const now = new Uint32Array(test.diskBytes / SECTOR);
  if (test.backing)
    for (let sector = 0; sector < now.length; sector++) now[sector] = backingNumber(test, sector);
  const moments: Moment[] = [{ step: 0, flushed: now.slice() }];
  const states = new Map<string, Uint32Array>();
  const { together = 1 } = test;
  for (let number = 1; number <= test.requests; number += together) {
    if (test.snapshots && number % 25 < together)
      await useSnapshots(image, recording, moments, now, states, number, random);
    else await requests(image, recording, moments, now, { number, count: together }, random);
  }
  await image.close();
  moments.push({ step: recording.steps, flushed: now.slice() });
  return { recording, moments };
}

/** `numbers`: those that the requests write. A flush vouches for what was written before it was asked for. */
async function requests(
  image: ImageNode,
  recording: SectorRecorder,
  moments: Moment[],
  now: Uint32Array,
  numbers: { readonly number: number; readonly count: number },
  random: Random,
): Promise<void> {
  const before = now.slice();
  const begun: Moment[] = [];
  const work: Promise<void>[] = [];
  for (let number = numbers.number; number < numbers.number + numbers.count; number++) {
    const kind = random(12);
    if (kind === 0) {
      work.push(
        image.flush().then(() => void moments.push({ step: recording.steps, flushed: before }, ...begun)),
      );
      continue;
    }
    const range = { ...freeRange(begun, now.length, random), number: kind < 9 ? number : 0 };
    const moment = { step: recording.steps, range };
    begun.push(moment);
    moments.push(moment);
    work.push(change(image, range, kind < 11));
    now.fill(range.number, range.first, range.first + range.count);
  }
  await Promise.all(work);
}

async function change(image: ImageNode, range: NonNullable<Moment['range']>, unmap: boolean): Promise<void> {
  const { first, count, number } = range;
  if (number !== 0) await image.write(first * SECTOR, numbered(number, count));
  else await image.writeZeroes(first * SECTOR, count * SECTOR, unmap);
}

/** Sectors that no request of the group has; often in the same cluster as those of another one. */
function freeRange(
  begun: readonly Moment[],
  sectors: number,
  random: Random,
): { first: number; count: number } {
  for (;;) {
    const neighbour = begun[random(2 * begun.length + 1)]?.range;
    const first = neighbour === undefined ? random(sectors) : neighbour.first + neighbour.count;
    const count = Math.min(sectors - first, 1 + random(random(6) === 0 ? 200 : 20));
    const isFree = begun.every(
      ({ range }) =>
        range === undefined || first + count <= range.first || range.first + range.count <= first,
    );
    if (count > 0 && isFree) return { first, count };
  }
}

async function useSnapshots(
  image: ImageNode,
  recording: SectorRecorder,
  moments: Moment[],
  now: Uint32Array,
  states: Map<string, Uint32Array>,
  number: number,
  random: Random,
): Promise<void> {
  const names = [...states.keys()];
  const chosen = names[random(Math.max(names.length, 1))];
  const kind = random(3);
  if (chosen === undefined || kind === 0) {
    states.set(`s${number}`, now.slice());
    await image.snapshots?.create(`s${number}`);
  } else if (kind === 1) {
    await image.snapshots?.delete(chosen);
    states.delete(chosen);
  } else {
    moments.push({ step: recording.steps, anything: states.get(chosen) ?? now.slice() });
    await image.snapshots?.apply(chosen);
    now.set(states.get(chosen) ?? now);
  }
  await image.flush();
  moments.push({ step: recording.steps, flushed: now.slice() });
}

/** For each sector the numbers it may hold when power fails after `step`. */
function allowedAt(moments: readonly Moment[], step: number, test: PowerLossCase): Set<number>[] {
  let start = 0;
  for (const [index, moment] of moments.entries())
    if (moment.step <= step && moment.flushed !== undefined) start = index;
  const allowed: Set<number>[] = Array.from({ length: test.diskBytes / SECTOR }, () => new Set());
  const add = (numbers: Uint32Array | undefined) => {
    numbers?.forEach((number, sector) => allowed[sector]?.add(number));
  };
  add(moments[start]?.flushed);
  for (const moment of moments.slice(start + 1)) {
    if (moment.step >= step) break;
    add(moment.anything);
    const { first = 0, count = 0, number = 0 } = moment.range ?? {};
    for (let sector = first; sector < first + count; sector++) allowed[sector]?.add(number);
  }
  return allowed;
}

async function expectAllowed(image: BlockNode, allowed: readonly Set<number>[], step: number): Promise<void> {
  const all = new Uint8Array(image.length);
  await image.read(0, all);
  const view = new DataView(all.buffer);
  for (const [sector, numbers] of allowed.entries()) {
    const first = view.getUint32(sector * SECTOR);
    const last = view.getUint32((sector + 1) * SECTOR - 4);
    if (first === last && numbers.has(first)) continue;
    throw new Error(
      `power lost after step ${step}: sector ${sector} holds ${first}…${last}, allowed: ${[...numbers].join(', ')}`,
    );
  }
}

/** Counts that are too high are lost room, and so are flags that say "used once" beside them. */
function refuseDamage(report: CheckReport, step: number): void {
  const harm = report.faults.filter(
    ({ kind, message }) => kind === 'corruption' && !/OFLAG_COPIED.*refcount=([2-9]|\d\d)/.test(message),
  );
  if (harm[0] !== undefined) throw new Error(`power lost after step ${step}: ${harm[0].message}`);
  const flags = report.faults.filter(({ kind }) => kind === 'corruption').length;
  if (flags > 0 && report.leaks === 0) throw new Error(`power lost after step ${step}: flags without leaks`);
}

/** The image that is left is worked on; it stays sound. */
async function goOn(
  test: PowerLossCase,
  store: MemoryStore,
  image: ImageNode,
  random: Random,
): Promise<void> {
  const model = new Uint8Array(image.length);
  await image.read(0, model);
  for (let index = 0; index < 12; index++) {
    const first = random(image.length / SECTOR);
    const count = Math.min(image.length / SECTOR - first, 1 + random(40));
    const bytes = numbered(1_000_000 + index, count);
    await image.write(first * SECTOR, bytes);
    model.set(bytes, first * SECTOR);
  }
  await image.close();
  const again = await openLeft(test, store);
  const all = new Uint8Array(again.length);
  await again.read(0, all);
  if (Buffer.compare(all, model) !== 0)
    throw new Error('what was written after the loss of power is not there');
  await again.close();
  refuseDamage(await check(test, store), -1);
  await formatOf(test).check?.(store, new MemoryImages().host, { path: 'disk', repair: 'leaks' });
  const after = await check(test, store);
  if (after.leaks !== 0 || after.corruptions !== 0)
    throw new Error(`repairing leaks leaves ${after.leaks} leaks and ${after.corruptions} corruptions`);
}

function formatOf(test: PowerLossCase) {
  const format = findFormat(test.format);
  if (format === undefined) throw new Error(`no format ${test.format}`);
  return format;
}

async function check(test: PowerLossCase, store: MemoryStore): Promise<CheckReport> {
  const report = await formatOf(test).check?.(store, new MemoryImages().host, {
    path: 'disk',
    repair: 'none',
  });
  if (report === undefined) throw new Error(`${test.format} has no check`);
  return report;
}

function openLeft(test: PowerLossCase, store: MemoryStore): Promise<ImageNode> {
  return openOn(test, store);
}

async function openOn(test: PowerLossCase, store: MemoryStore | SectorRecorder): Promise<ImageNode> {
  return await formatOf(test).open(store, new MemoryImages().host, {
    path: 'disk',
    write: true,
    cacheBytes: test.cacheBytes ?? 1024 * 1024,
    openBacking: async () => await rawNode(test.backing ?? new Uint8Array()),
  });
}

async function rawNode(content: Uint8Array): Promise<BlockNode> {
  const images = new MemoryImages();
  images.add('base', content);
  return await images.open('base', false, 'raw');
}

/** Sectors that say their number at both ends. */
export function numbered(number: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * SECTOR);
  const view = new DataView(bytes.buffer);
  for (let sector = 0; sector < count; sector++) {
    view.setUint32(sector * SECTOR, number);
    view.setUint32((sector + 1) * SECTOR - 4, number);
  }
  return bytes;
}

function backingNumber(test: PowerLossCase, sector: number): number {
  const { backing } = test;
  if (backing === undefined || (sector + 1) * SECTOR > backing.length) return 0;
  return new DataView(backing.buffer, backing.byteOffset).getUint32(sector * SECTOR);
}
