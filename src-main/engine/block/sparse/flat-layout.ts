// A disk stored as it is, from some position of a file on: fixed VHD, flat VMDK extents.

import type { ByteStore } from '../byte-store.ts';
import type { Placement, Room, SparseLayout } from './sparse-layout.ts';

export class FlatLayout implements SparseLayout {
  readonly store: ByteStore;
  readonly length: number;
  readonly blockSize = 512;
  readonly #position: number;

  constructor(store: ByteStore, position: number, length: number) {
    this.store = store;
    this.#position = position;
    this.length = length;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const position = this.#position + offset;
    const extent = await this.store.extent?.(position);
    // Holes read zero, but writing them needs nothing but writing.
    const length = extent ? Math.min(limit, extent.length) : limit;
    return { kind: 'data', length, store: this.store, position, hole: extent?.data === false };
  }

  reserve(): Promise<Room> {
    throw new Error('a flat image has room for everything');
  }

  async publish(): Promise<void> {}

  async markZero(): Promise<boolean> {
    return false;
  }

  commit(): Promise<void> {
    return this.store.flush();
  }
}
