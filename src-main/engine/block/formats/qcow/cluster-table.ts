// The two levels of tables of a qcow image as a sparse layout. Clusters and tables go to the end of the file; packed
// clusters at any byte, everything else at multiples of the cluster size.

import type { ByteStore } from '../../byte-store.ts';
import type { Codecs } from '../../codecs.ts';
import { checkInFile, corrupt, roundUp } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import type { Placement, Room, SparseLayout } from '../../sparse/sparse-layout.ts';
import type { QcowHeader } from './header.ts';

const HIGH_PACKED = 0x8000_0000;
const L2 = 'qcow level 2 table';

interface Entry {
  readonly packed: boolean;
  /** 0: the cluster is not there. */
  readonly position: number;
  readonly packedBytes: number;
}

export class QcowClusterTable implements SparseLayout {
  readonly store: ByteStore;
  readonly blockSize: number;
  readonly #header: QcowHeader;
  readonly #cache: MetadataCache;
  readonly #codecs: Codecs;

  constructor(store: ByteStore, header: QcowHeader, codecs: Codecs, cacheBytes: number) {
    this.store = store;
    this.#header = header;
    this.#codecs = codecs;
    this.blockSize = 2 ** header.clusterBits;
    this.#cache = new MetadataCache(store, 'big', cacheBytes);
  }

  get length(): number {
    return this.#header.length;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const inside = offset % blockSize;
    const start = offset - inside;
    const entry = await this.entry(start);
    if (entry.packed) {
      const length = Math.min(limit, blockSize - inside);
      return { kind: 'packed', length, start, key: entry.position, unpack: () => this.#unpack(start, entry) };
    }
    let length = blockSize - inside;
    while (length < limit) {
      const next = await this.entry(offset + length);
      const wanted = entry.position === 0 ? 0 : entry.position + inside + length;
      if (next.packed || next.position !== wanted) break;
      length += blockSize;
    }
    length = Math.min(length, limit);
    if (entry.position === 0) return { kind: 'absent', length };
    return { kind: 'data', length, store: this.store, position: entry.position + inside };
  }

  /** What the tables say of the cluster that starts at `start`. */
  async entry(start: number): Promise<Entry> {
    const table = await this.tableAt(start);
    if (table === 0) return { packed: false, position: 0, packedBytes: 0 };
    const at = table + this.#indexOf(start) * 8;
    const high = await this.#cache.u32(at);
    const low = await this.#cache.u32(at + 4);
    const packed = high >= HIGH_PACKED;
    // The packed size stands above the position, right below the flag.
    const sizeShift = 31 - this.#header.clusterBits;
    const top = packed ? high & (2 ** sizeShift - 1) : high;
    const position = top * 2 ** 32 + low;
    if (position !== 0) checkInFile(this.store, L2, at, position);
    return { packed, position, packedBytes: packed ? (high >>> sizeShift) & (this.blockSize - 1) : 0 };
  }

  async reserve(offset: number, limit: number): Promise<Room> {
    const { blockSize } = this;
    const inside = offset % blockSize;
    const count = inside === 0 ? Math.max(1, Math.floor(limit / blockSize)) : 1;
    const position = roundUp(this.store.length, blockSize);
    await this.store.truncate(position + count * blockSize);
    return { start: offset - inside, length: count * blockSize, position, fresh: true };
  }

  async publish(room: Room): Promise<void> {
    for (let done = 0; done < room.length; done += this.blockSize) {
      const position = room.position + done;
      await this.#setEntry(room.start + done, Math.floor(position / 2 ** 32), position);
    }
  }

  async markZero(): Promise<boolean> {
    return false;
  }

  async placePacked(offset: number, plain: Uint8Array): Promise<boolean> {
    const packed = this.#codecs.packLater
      ? await this.#codecs.packLater('deflate', plain)
      : this.#codecs.pack('deflate', plain);
    if (!packed) return false;
    const position = this.store.length;
    await this.store.writeAt(position, packed);
    const size = packed.length * 2 ** (31 - this.#header.clusterBits);
    const high = HIGH_PACKED + size + Math.floor(position / 2 ** 32);
    await this.#setEntry(offset, high, position);
    return true;
  }

  commit(): Promise<void> {
    return this.#cache.commit();
  }

  settle(): Promise<void> {
    return this.#cache.commitIfFull();
  }

  #indexOf(start: number): number {
    return Math.floor(start / this.blockSize) % 2 ** this.#header.l2Bits;
  }

  #l1At(start: number): number {
    return (
      this.#header.l1Position + Math.floor(start / 2 ** (this.#header.clusterBits + this.#header.l2Bits)) * 8
    );
  }

  /** Where the level 2 table for a disk offset is; 0: nowhere. */
  async tableAt(start: number): Promise<number> {
    const at = this.#l1At(start);
    const table = await this.#cache.u64(at);
    if (table === 0) return 0;
    const structure = 'qcow level 1 table';
    if (table % 8 !== 0)
      throw corrupt(this.store.name, structure, at, `a level 2 table cannot be at ${table}`);
    return checkInFile(this.store, structure, at, table);
  }

  async #setEntry(start: number, high: number, position: number): Promise<void> {
    const table = (await this.tableAt(start)) || (await this.#newTable(start));
    const at = table + this.#indexOf(start) * 8;
    await this.#cache.setU32(at, high);
    await this.#cache.setU32(at + 4, position % 2 ** 32);
  }

  async #newTable(start: number): Promise<number> {
    const bytes = 2 ** this.#header.l2Bits * 8;
    const table = roundUp(this.store.length, Math.max(this.blockSize, 512));
    await this.store.truncate(table + bytes);
    this.#cache.forgetRange(table, bytes);
    await this.#cache.setU64(this.#l1At(start), table);
    return table;
  }

  async #unpack(start: number, { position, packedBytes }: Entry): Promise<Uint8Array> {
    const packed = new Uint8Array(packedBytes);
    await this.store.readAt(position, packed);
    const plain = this.#codecs.unpack('deflate', packed, this.blockSize);
    if (plain.length === this.blockSize) return plain;
    throw corrupt(
      this.store.name,
      'qcow compressed cluster',
      position,
      `the cluster of disk offset ${start} unpacks to ${plain.length} bytes, not ${this.blockSize}`,
    );
  }
}
