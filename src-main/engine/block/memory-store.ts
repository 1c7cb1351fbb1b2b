// A file in memory, in pieces that are made when first written. For tests, and for small images that are built before
// they are stored.

import type { ByteStore } from './byte-store.ts';

const PIECE = 64 * 1024;

export class MemoryStore implements ByteStore {
  readonly name: string;
  readonly readOnly = false;
  #length = 0;
  readonly #pieces = new Map<number, Uint8Array>();

  constructor(name: string, content?: Uint8Array) {
    this.name = name;
    if (content !== undefined) this.put(0, content);
  }

  get length(): number {
    return this.#length;
  }

  async readAt(position: number, into: Uint8Array): Promise<void> {
    this.get(position, into);
  }

  async writeAt(position: number, from: Uint8Array): Promise<void> {
    this.put(position, from);
  }

  async truncate(length: number): Promise<void> {
    this.cut(length);
  }

  async extent(position: number): Promise<{ readonly length: number; readonly data: boolean }> {
    return { length: PIECE - (position % PIECE), data: this.#pieces.has(Math.floor(position / PIECE)) };
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  /** As `readAt`, at once. */
  get(position: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const at = (position + done) % PIECE;
      const count = Math.min(PIECE - at, into.length - done);
      const piece = this.#pieces.get(Math.floor((position + done) / PIECE));
      if (piece === undefined) into.fill(0, done, done + count);
      else into.set(piece.subarray(at, at + count), done);
      done += count;
    }
  }

  /** As `writeAt`, at once. */
  put(position: number, from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      const at = (position + done) % PIECE;
      const count = Math.min(PIECE - at, from.length - done);
      this.#piece(Math.floor((position + done) / PIECE)).set(from.subarray(done, done + count), at);
      done += count;
    }
    this.#length = Math.max(this.#length, position + from.length);
  }

  /** As `truncate`, at once. */
  cut(length: number): void {
    const last = Math.floor(length / PIECE);
    for (const index of this.#pieces.keys()) if (index > last) this.#pieces.delete(index);
    this.#pieces.get(last)?.fill(0, length % PIECE);
    this.#length = length;
  }

  /** All of it, as one array. */
  content(): Uint8Array {
    const all = new Uint8Array(this.#length);
    this.get(0, all);
    return all;
  }

  #piece(index: number): Uint8Array {
    const found = this.#pieces.get(index);
    if (found !== undefined) return found;
    const made = new Uint8Array(PIECE);
    this.#pieces.set(index, made);
    return made;
  }
}
