// Room for a range of a new image, as `preallocation=falloc` and `full` ask.

import type { ByteStore } from '../byte-store.ts';
import type { CreateOptions } from '../image-format.ts';

const ZEROES = new Uint8Array(1 << 20);

/** The file is at least `position + length` long afterwards, and the range reads zero if it was behind the end. */
export const preallocate = async (
  store: ByteStore,
  position: number,
  length: number,
  mode: CreateOptions['preallocation'],
): Promise<void> => {
  const end = position + length;
  if (mode === 'falloc' && store.allocate) await store.allocate(position, length);
  else if (mode === 'falloc' || mode === 'full') await writeZeroes(store, position, length);
  if (store.length < end) await store.truncate(end);
};

export const writeZeroes = async (store: ByteStore, position: number, length: number): Promise<void> => {
  for (let done = 0; done < length; done += ZEROES.length)
    await store.writeAt(position + done, ZEROES.subarray(0, Math.min(ZEROES.length, length - done)));
};
