// An L1 table: the active one, or a snapshot's. Entry 0: no L2 table. Reference: QEMU, docs/interop/qcow2.rst.

import { readU32be, writeU32be } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { COPIED, corrupt, type Geometry, highOf, offsetOf } from './geometry.ts';

export class L1Table {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly #geometry: Geometry;

  constructor(geometry: Geometry, offset: number, bytes: Uint8Array) {
    this.#geometry = geometry;
    this.offset = offset;
    this.bytes = bytes;
  }

  static async read(geometry: Geometry, store: ByteStore, offset: number, entries: number): Promise<L1Table> {
    const bytes = new Uint8Array(entries * 8);
    await store.readAt(offset, bytes);
    return new L1Table(geometry, offset, bytes);
  }

  get entries(): number {
    return this.bytes.length / 8;
  }

  /** Where the L2 table is; 0: none. Throws `BlockError` 'corrupt' where none can be. */
  tableOffset(index: number): number {
    const high = readU32be(this.bytes, index * 8);
    if (high === 0 && index >= this.entries) return 0;
    const offset = offsetOf(high, readU32be(this.bytes, index * 8 + 4));
    if (offset % this.#geometry.clusterSize === 0) return offset;
    throw corrupt(
      this.#geometry.file,
      'L1 entry',
      this.offset + index * 8,
      `points to ${offset}, where no L2 table can be`,
    );
  }

  isOwn(index: number): boolean {
    return (readU32be(this.bytes, index * 8) & COPIED) !== 0;
  }

  set(index: number, offset: number, own: boolean): void {
    writeU32be(this.bytes, index * 8, (highOf(offset) | (own ? COPIED : 0)) >>> 0);
    writeU32be(this.bytes, index * 8 + 4, offset >>> 0);
  }
}
