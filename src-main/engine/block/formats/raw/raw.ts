// Raw images: the disk's bytes as they are. Also what everything unknown is taken for, when the user opens it.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageFormat, ImageHost, ImageNode } from '../../image-format.ts';
import type { BlockStatus } from '../../node.ts';
import { checkRange } from '../../range.ts';

const ZEROES = new Uint8Array(1024 * 1024);

export class RawImage implements ImageNode {
  readonly format = 'raw';
  readonly #store: ByteStore;

  constructor(store: ByteStore) {
    this.#store = store;
  }

  get length(): number {
    return this.#store.length;
  }

  get readOnly(): boolean {
    return this.#store.readOnly;
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#store.name, this.length, offset, into.length);
    await this.#store.readAt(offset, into);
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    checkRange(this.#store.name, this.length, offset, from.length);
    await this.#store.writeAt(offset, from);
  }

  /** Zeroes at the very end cost nothing: the file is cut and grown again. */
  async writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    checkRange(this.#store.name, this.length, offset, length);
    const whole = this.length;
    if (unmap && offset + length === whole && length > ZEROES.length) {
      await this.#store.truncate(offset);
      await this.#store.truncate(whole);
      return;
    }
    for (let done = 0; done < length; done += ZEROES.length)
      await this.#store.writeAt(offset + done, ZEROES.subarray(0, Math.min(ZEROES.length, length - done)));
  }

  async discard(offset: number, length: number): Promise<void> {
    checkRange(this.#store.name, this.length, offset, length);
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#store.name, this.length, offset, length);
    const extent = (await this.#store.extent?.(offset)) ?? { length, data: true };
    return {
      length: Math.min(extent.length, length),
      zero: !extent.data,
      data: extent.data,
      depth: 0,
      present: true,
      fileOffset: offset,
    };
  }

  async resize(length: number, preallocation: CreateOptions['preallocation'] = 'off'): Promise<void> {
    const before = this.length;
    await reserve(this.#store, before, length, preallocation);
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }

  async close(): Promise<void> {
    try {
      if (!this.readOnly) await this.#store.flush();
    } finally {
      await this.#store.close();
    }
  }
}

/** Gives a store a length, with room for what is new as `preallocation` says. */
async function reserve(
  store: ByteStore,
  from: number,
  length: number,
  preallocation: CreateOptions['preallocation'],
): Promise<void> {
  if (preallocation === 'metadata')
    throw new BlockError('invalid-argument', 'raw: preallocation can be off, falloc or full.', {
      file: store.name,
    });
  if ((preallocation === 'falloc' || preallocation === 'full') && length > from) {
    if (preallocation === 'falloc' && store.allocate) await store.allocate(from, length - from);
    else
      for (let at = from; at < length; at += ZEROES.length)
        await store.writeAt(at, ZEROES.subarray(0, Math.min(ZEROES.length, length - at)));
  }
  if (store.length !== length) await store.truncate(length);
}

async function createRaw(store: ByteStore, _host: ImageHost, options: CreateOptions): Promise<void> {
  if (options.backing !== undefined)
    throw new BlockError('invalid-argument', 'raw: a raw image cannot have a backing file.', {
      file: options.path,
    });
  await reserve(store, 0, options.length, options.preallocation);
}

export const raw: ImageFormat = {
  name: 'raw',
  probe: () => 0,
  open: async (store) => new RawImage(store),
  create: createRaw,
  createOptions: [{ name: 'preallocation', help: 'Preallocation mode (allowed values: off, falloc, full)' }],
  // Holes are the file system's matter; qemu-img counts them too.
  measure: ({ length }) => ({ required: length, fullyAllocated: length }),
};
