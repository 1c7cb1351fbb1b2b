// qcow2 on a host disk that is full now and then: requests fail with the reason, what was written before stays, and the
// image is sound; when there is room again, work goes on.

import { describe, expect, it } from 'vitest';
import { qcow2 } from '../../../../src-main/engine/block/formats/qcow2/qcow2.ts';
import { BlockError, type ByteStore, MemoryStore } from '../../../../src-main/engine/block/index.ts';
import { wholeContent } from '../../../support/image-folder.ts';
import { MemoryImages } from '../../../support/memory-images.ts';
import { firstDifference, randomFrom } from '../../../support/random-workload.ts';

class FailingStore extends MemoryStore implements ByteStore {
  /** Writes that still succeed. */
  left = Number.POSITIVE_INFINITY;

  override async writeAt(position: number, from: Uint8Array): Promise<void> {
    if (--this.left < 0) throw new BlockError('no-space', 'The disk is full.', { file: this.name });
    this.put(position, from);
  }
}

describe('qcow2 on a full disk', () => {
  it.each([{ cluster_size: '512' }, { cluster_size: '4k' }, { extended_l2: 'on', cluster_size: '16k' }])(
    'fails and goes on: %j',
    async (options: Record<string, string>) => {
      const images = new MemoryImages();
      const store = new FailingStore('disk');
      images.makeStore = () => store;
      const sectors = 1024;
      await images.create('qcow2', { path: 'disk', length: sectors * 512, options });
      const image = await images.open('disk', true);
      const model = new Uint8Array(sectors * 512);
      const random = randomFrom(17);
      let failures = 0;
      for (let count = 0; count < 400; count++) {
        store.left = random(3) === 0 ? random(12) : Number.POSITIVE_INFINITY;
        const offset = random(sectors) * 512;
        const length = Math.min(sectors - offset / 512, 1 + random(60)) * 512;
        try {
          if (count % 40 === 39) await image.snapshots?.create(`s${count}`);
          else if (count % 40 === 20) await image.snapshots?.delete(image.snapshots.list()[0]?.id ?? '');
          else if (count % 5 === 0) await image.flush();
          else if (count % 7 === 0) await image.writeZeroes(offset, length, true);
          else await image.write(offset, new Uint8Array(length).fill(count));
          if (count % 5 !== 0 && count % 40 !== 39 && count % 40 !== 20)
            model.fill(count % 7 === 0 ? 0 : count, offset, offset + length);
        } catch (error) {
          expect(error).toBeInstanceOf(BlockError);
          failures++;
          store.left = Number.POSITIVE_INFINITY;
          // A request that failed may have been carried out in parts.
          await image.read(offset, model.subarray(offset, offset + length));
        }
      }
      store.left = Number.POSITIVE_INFINITY;
      expect(failures).toBeGreaterThan(20);
      expect(firstDifference(await wholeContent(image), model)).toBe(-1);
      await image.close();
      const again = await images.open('disk', true);
      expect(firstDifference(await wholeContent(again), model)).toBe(-1);
      await again.close();
      const report = await qcow2.check?.(store, images.host, { path: 'disk', repair: 'none' });
      const harm = report?.faults.filter(
        ({ kind, message }) => kind === 'corruption' && !/OFLAG_COPIED.*refcount=[2-9]/.test(message),
      );
      expect(harm).toEqual([]);
    },
  );
});
