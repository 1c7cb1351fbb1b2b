// What layouts of formats have in common that are only read: nothing is reserved, nothing to commit.

import { BlockError } from '../block-error.ts';
import type { ByteStore } from '../byte-store.ts';
import type { Placement, Room, SparseLayout } from './sparse-layout.ts';

export abstract class ReadOnlyLayout implements SparseLayout {
  readonly store: ByteStore;
  readonly alone = true;
  abstract readonly length: number;
  abstract readonly blockSize: number;

  constructor(store: ByteStore) {
    this.store = store;
  }

  abstract locate(offset: number, limit: number): Promise<Placement>;

  async reserve(): Promise<Room> {
    throw this.#refusal();
  }

  async publish(): Promise<void> {
    throw this.#refusal();
  }

  async markZero(): Promise<boolean> {
    throw this.#refusal();
  }

  async commit(): Promise<void> {}

  #refusal(): BlockError {
    const file = this.store.name;
    return new BlockError('read-only', `“${file}”: images of this format can only be read.`, { file });
  }
}
