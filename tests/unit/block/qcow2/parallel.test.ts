// Requests on a qcow2 image that overlap in time: each finds the others either before or after it, and none is lost.

import { describe, expect, it } from 'vitest';
import { qcow2 } from '../../../../src-main/engine/block/formats/qcow2/qcow2.ts';
import { type ByteStore, MemoryStore } from '../../../../src-main/engine/block/index.ts';
import { ImageFolder, wholeContent } from '../../../support/image-folder.ts';
import { MemoryImages } from '../../../support/memory-images.ts';
import { expectContent, randomFrom } from '../../../support/random-workload.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const CLUSTER = 64 * 1024;

/** Takes its time over whole clusters until it is let go. */
class SlowStore extends MemoryStore implements ByteStore {
  slow = false;
  readonly waiting: (() => void)[] = [];

  override async writeAt(position: number, from: Uint8Array): Promise<void> {
    if (this.slow && from.length >= CLUSTER) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.put(position, from);
  }

  letGo(): void {
    this.slow = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('requests side by side on a qcow2 image', () => {
  it.each([{ cluster_size: '4k' }, { extended_l2: 'on', cluster_size: '16k' }, { compat: '0.10' }])(
    'all arrive: %j',
    async (options: Record<string, string>) => {
      const images = new ImageFolder(temporaryFolder());
      const slots = 64;
      const slotBytes = 10 * 1024;
      const model = new Uint8Array(slots * slotBytes);
      await images.create('disk.qcow2', 'qcow2', { length: model.length, options });
      const image = await images.open('disk.qcow2', { cacheBytes: 64 * 1024 });
      const random = randomFrom(31);
      for (let round = 1; round < 12; round++) {
        const work = Array.from({ length: slots }, async (_, slot) => {
          const offset = slot * slotBytes;
          const kind = random(8);
          if (kind === 0) return await image.flush();
          if (kind === 1) return await expectContent(image, model, { offset, length: slotBytes });
          const pattern = kind === 2 ? 0 : (round * slots + slot) & 0xff;
          model.fill(pattern, offset, offset + slotBytes);
          if (kind === 2) await image.writeZeroes(offset, slotBytes, true);
          else await image.write(offset, new Uint8Array(slotBytes).fill(pattern));
        });
        await Promise.all(work);
        if (round === 6) await image.snapshots?.create('middle');
      }
      expect(Buffer.compare(await wholeContent(image), model)).toBe(0);
      await image.close();
      expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({ corruptions: 0, leaks: 0 });
    },
  );

  it('wait for each other while a snapshot is taken', async () => {
    const images = new ImageFolder(temporaryFolder());
    await images.create('disk.qcow2', 'qcow2', { length: 1024 * 1024, options: { cluster_size: '4k' } });
    const image = await images.open('disk.qcow2');
    await image.write(0, new Uint8Array(1024 * 1024).fill(1));
    const [, , , snapshot] = await Promise.all([
      image.write(0, new Uint8Array(512 * 1024).fill(2)),
      image.snapshots?.create('now'),
      image.write(256 * 1024, new Uint8Array(512 * 1024).fill(3)),
      (async () => {
        await image.flush();
        return await image.snapshots?.open('now');
      })(),
    ]);
    const then = new Uint8Array(1024 * 1024);
    await snapshot?.read(0, then);
    // A write is before the snapshot or after it; which, is theirs to settle, but each as a whole.
    expect(new Set(then.subarray(0, 256 * 1024)).size).toBe(1);
    expect(new Set(then.subarray(512 * 1024, 768 * 1024)).size).toBe(1);
    const now = await wholeContent(image);
    expect([now[0], now[300 * 1024], now[900 * 1024]]).toEqual([2, 3, 1]);
    await image.close();
    expect(await images.check('disk.qcow2', 'qcow2')).toMatchObject({ corruptions: 0, leaks: 0 });
  });

  it('fill new clusters at the same time; who touches them, and who flushes, waits for them', async () => {
    const images = new MemoryImages();
    const store = new SlowStore('disk');
    images.makeStore = () => store;
    await images.create('qcow2', { path: 'disk', length: 64 * CLUSTER, options: {} });
    const image = await images.open('disk', true);
    const fill = (value: number, clusters: number) => new Uint8Array(clusters * CLUSTER).fill(value);
    store.slow = true;
    const writes = [image.write(0, fill(1, 2)), image.write(4 * CLUSTER, fill(2, 2))];
    await nextTurn();
    expect(store.waiting.length).toBe(2);
    const early = new Uint8Array(CLUSTER).fill(9);
    await image.read(4 * CLUSTER, early);
    expect(new Set(early)).toEqual(new Set([0]));
    writes.push(image.write(CLUSTER, fill(3, 2)));
    let flushed = false;
    const flush = image.flush().then(() => {
      flushed = true;
    });
    await nextTurn();
    expect({ waiting: store.waiting.length, flushed }).toEqual({ waiting: 2, flushed: false });
    store.letGo();
    await Promise.all([...writes, flush]);
    const content = await wholeContent(image);
    expect([0, 1, 2, 3, 4, 5, 6].map((cluster) => content[cluster * CLUSTER])).toEqual([1, 3, 3, 0, 2, 2, 0]);
    await image.close();
    const report = await qcow2.check?.(store, images.host, { path: 'disk', repair: 'none' });
    expect(report).toMatchObject({ corruptions: 0, leaks: 0 });
  });
});
