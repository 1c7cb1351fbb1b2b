// A VHDX file that may not be written, seen as if its log had been replayed.

import type { ByteStore } from '../../byte-store.ts';
import { LOG_SECTOR, type LogChanges } from './log-replay.ts';

export class ReplayedStore implements ByteStore {
  readonly name: string;
  readonly readOnly = true;
  readonly length: number;
  readonly #store: ByteStore;
  readonly #pages: ReadonlyMap<number, Uint8Array>;

  constructor(store: ByteStore, changes: LogChanges) {
    this.name = store.name;
    this.length = Math.max(store.length, changes.fileLength);
    this.#store = store;
    this.#pages = changes.pages;
  }

  async readAt(position: number, into: Uint8Array): Promise<void> {
    await this.#store.readAt(position, into);
    const first = position - (position % LOG_SECTOR);
    for (let at = first; at < position + into.length; at += LOG_SECTOR) {
      const page = this.#pages.get(at);
      if (!page) continue;
      const from = Math.max(at, position);
      const to = Math.min(at + LOG_SECTOR, position + into.length);
      into.set(page.subarray(from - at, to - at), from - position);
    }
  }

  writeAt(): Promise<void> {
    throw new Error('a replayed view is not written');
  }

  truncate(): Promise<void> {
    return this.writeAt();
  }

  async flush(): Promise<void> {}

  close(): Promise<void> {
    return this.#store.close();
  }
}
