// A byte queue in shared memory between two threads: one writes, one reads, neither waits. Positions run
// modulo 2^32, so full and empty differ without a spare slot.

import { assert } from './assert.ts';

const HEADER_BYTES = 8;
const WRITTEN = 0;
const READ = 1;

export class SharedRing {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  private readonly positions: Int32Array;
  private readonly bytes: Uint8Array;

  /** `buffer` comes from `SharedRing.allocate`, possibly through another thread. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.capacity = buffer.byteLength - HEADER_BYTES;
    assert(
      this.capacity > 0 && (this.capacity & (this.capacity - 1)) === 0,
      'ring capacity is a power of two',
    );
    this.positions = new Int32Array(buffer, 0, 2);
    this.bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  static allocate(capacity: number): SharedRing {
    return new SharedRing(new SharedArrayBuffer(capacity + HEADER_BYTES));
  }

  get length(): number {
    return (Atomics.load(this.positions, WRITTEN) - Atomics.load(this.positions, READ)) >>> 0;
  }

  /** Writer's side. Copies as much as fits and returns how much that was. */
  write(from: Uint8Array): number {
    const written = Atomics.load(this.positions, WRITTEN);
    const room = this.capacity - this.length;
    const count = Math.min(room, from.length);
    for (let i = 0; i < count; i++) this.bytes[((written + i) >>> 0) & (this.capacity - 1)] = from[i]!;
    Atomics.store(this.positions, WRITTEN, (written + count) | 0);
    return count;
  }

  /** Reader's side: the next byte, or -1 when empty. */
  readByte(): number {
    const read = Atomics.load(this.positions, READ);
    if (Atomics.load(this.positions, WRITTEN) === read) return -1;
    const byte = this.bytes[(read >>> 0) & (this.capacity - 1)]!;
    Atomics.store(this.positions, READ, (read + 1) | 0);
    return byte;
  }
}
