// Random requests on an image and on a plain array beside it; the two must stay the same. Also under loss of power, where
// each sector must read as it was when last flushed or as something written since.

import { expect } from 'vitest';
import {
  BlockError,
  type BlockNode,
  type CreateOptions,
  type FormatName,
} from '../../src-main/engine/block/index.ts';
import type { Random } from '../cpu/differential/random.ts';
import { MemoryImages } from './memory-images.ts';
import { RecordingStore } from './power-loss.ts';

const SECTOR = 512;

export const readAll = async (node: BlockNode): Promise<Uint8Array> => {
  const bytes = new Uint8Array(node.length);
  for (let at = 0; at < bytes.length; at += 300_000) await node.read(at, bytes.subarray(at, at + 300_000));
  return bytes;
};

/** Compares as buffers do: an assertion on arrays of megabytes takes minutes to explain itself. */
export const expectSame = (found: Uint8Array, expected: Uint8Array, what = 'content'): void => {
  expect(found.length, what).toBe(expected.length);
  if (Buffer.compare(found, expected) === 0) return;
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  throw new Error(`${what}: byte ${at} is ${found[at]}, not ${expected[at]}`);
};

interface Span {
  readonly offset: number;
  readonly length: number;
}

const randomSpan = (random: Random, total: number, unit: number): Span => {
  const longest = random.chance(0.2) ? total : random.chance(0.5) ? total / 8 : 20_000;
  let offset = random.below(total);
  let length = 1 + random.below(Math.min(longest, total - offset));
  if (random.chance(0.5) || unit > 1) {
    const grid = Math.max(unit, random.pick([SECTOR, 4096, 65536]));
    offset -= offset % grid;
    length = Math.min(total - offset, Math.ceil(length / grid) * grid);
  }
  return { offset, length };
};

/** One request on both. */
export const randomRequest = async (
  random: Random,
  node: BlockNode,
  model: Uint8Array,
  unit = 1,
): Promise<void> => {
  const { offset, length } = randomSpan(random, model.length, unit);
  const kind = random.below(10);
  if (kind < 6) {
    const bytes = stampedBytes(random, offset, length);
    model.set(bytes, offset);
    await node.write(offset, bytes);
  } else if (kind < 8) {
    model.fill(0, offset, offset + length);
    await node.writeZeroes(offset, length, random.chance(0.5));
  } else if (kind < 9) await node.flush();
  else {
    const found = new Uint8Array(length);
    await node.read(offset, found);
    expectSame(found, model.subarray(offset, offset + length), `read of ${length} at ${offset}`);
  }
};

/** Every sector unlike every other, so that misplaced data shows. */
const stampedBytes = (random: Random, offset: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  const stamp = random.next();
  for (let i = 0; i < length; i++) bytes[i] = stamp ^ ((offset + i) >>> 9) ^ ((offset + i) * 7);
  return bytes;
};

/** `status` must cover the disk, and what it calls zero must read so. */
export const expectStatusTrue = async (node: BlockNode, model: Uint8Array): Promise<void> => {
  for (let at = 0; at < node.length; ) {
    const status = await node.status(at, node.length - at);
    expect(status.length).toBeGreaterThan(0);
    if (status.zero) {
      const run = model.subarray(at, at + status.length);
      expect(
        run.every((byte) => byte === 0),
        `zero run at ${at}`,
      ).toBe(true);
    }
    at += status.length;
  }
};

export interface WorkloadImage {
  readonly format: FormatName;
  readonly create: Omit<CreateOptions, 'path'>;
  /** Files beside the image, and what the disk reads at first. */
  readonly setUp?: (images: MemoryImages) => Promise<Uint8Array>;
}

export const runWorkload = async (image: WorkloadImage, random: Random, requests: number): Promise<void> => {
  const images = new MemoryImages(random.next());
  const model = (await image.setUp?.(images)) ?? new Uint8Array(image.create.length);
  await images.create(image.format, { ...image.create, path: 'disk' });
  for (let session = 0; session < 3; session++) {
    const node = await images.open('disk', true);
    expect(node.length).toBe(model.length);
    expectSame(await readAll(node), model, `session ${session}`);
    for (let i = 0; i < requests; i++) await randomRequest(random, node, model);
    await expectStatusTrue(node, model);
    await node.close();
  }
  const node = await images.open('disk', false);
  expectSame(await readAll(node), model, 'at the end');
  await node.close();
};

/** What a sector may read after a loss: by the number of steps recorded when each content was given to it. */
class History {
  readonly #flushed: Uint8Array;
  readonly #since: { readonly offset: number; readonly bytes: Uint8Array; readonly step: number }[] = [];

  constructor(flushed: Uint8Array) {
    this.#flushed = flushed.slice();
  }

  add(offset: number, bytes: Uint8Array, step: number): void {
    this.#since.push({ offset, bytes, step });
  }

  check(found: Uint8Array, steps: number): void {
    for (let at = 0; at < found.length; at += SECTOR) {
      const sector = found.subarray(at, at + SECTOR);
      if (Buffer.compare(sector, this.#flushed.subarray(at, at + SECTOR)) === 0) continue;
      const known = this.#since.some(
        ({ offset, bytes, step }) =>
          step <= steps &&
          offset <= at &&
          at + sector.length <= offset + bytes.length &&
          Buffer.compare(sector, bytes.subarray(at - offset, at - offset + SECTOR)) === 0,
      );
      if (!known) throw new Error(`sector at ${at} lost what was flushed (power lost after step ${steps})`);
    }
  }
}

/** Requests, a loss of power after each step of the file, and what is found then. The number of losses. */
export const runPowerLosses = async (
  image: WorkloadImage,
  random: Random,
  requests: number,
): Promise<number> => {
  const images = new MemoryImages(random.next());
  let losses = 0;
  const model = (await image.setUp?.(images)) ?? new Uint8Array(image.create.length);
  images.makeStore = (name) => new RecordingStore(name);
  await images.create(image.format, { ...image.create, path: 'disk' });
  const store = images.files.get('disk') as RecordingStore;
  await store.flush();
  const node = await images.open('disk', true);
  let history = new History(model);
  let from = store.steps.length;
  for (let i = 0; i < requests; i++) {
    const { offset, length } = randomSpan(random, model.length, SECTOR);
    const zero = random.chance(0.25);
    const bytes = zero ? new Uint8Array(length) : stampedBytes(random, offset, length);
    history.add(offset, bytes, store.steps.length);
    model.set(bytes, offset);
    if (zero) await node.writeZeroes(offset, length, random.chance(0.5));
    else await node.write(offset, bytes);
    const flushes = random.chance(0.4);
    if (flushes) await node.flush();
    for (let steps = from; steps <= store.steps.length; steps++) {
      if (store.steps.length - from > 12 && random.chance(0.6)) continue;
      await checkLoss(images, store, steps, history, random);
      losses++;
    }
    from = store.steps.length;
    if (flushes) history = new History(model);
  }
  await node.close();
  return losses;
};

const checkLoss = async (
  images: MemoryImages,
  store: RecordingStore,
  steps: number,
  history: History,
  random: Random,
): Promise<void> => {
  const after = new MemoryImages(1);
  for (const [name, file] of images.files) after.files.set(name, file);
  after.files.set('disk', store.afterLoss(steps, random));
  const node = await after.open('disk', true);
  history.check(await readAll(node), steps);
  await node.close();
};

/** Opens, reads and writes a damaged file: all may fail, but only with an error of the block layer. */
export const tryHostile = async (images: MemoryImages, path: string, format: FormatName): Promise<string> => {
  let node: Awaited<ReturnType<MemoryImages['open']>> | undefined;
  try {
    node = await images.open(path, true, format);
    const piece = new Uint8Array(9000);
    for (const at of [0, node.length / 2, node.length - piece.length]) {
      const offset = Math.floor(Math.max(0, at));
      const part = piece.subarray(0, Math.min(piece.length, node.length - offset));
      await node.read(offset, part);
      if (node.length > 0) await node.status(Math.min(offset, node.length - 1), Math.min(1, node.length));
      if (!node.readOnly) await node.write(offset, part);
    }
    node.details();
    await node.close();
    return 'opened';
  } catch (error) {
    await node?.close().catch(expectBlockError);
    return expectBlockError(error);
  }
};

const expectBlockError = (error: unknown): string => {
  if (!(error instanceof BlockError)) throw error;
  expect(error.message.length).toBeGreaterThan(10);
  return error.code;
};
