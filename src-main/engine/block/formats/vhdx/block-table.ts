// The block allocation table of a VHDX file as a sparse layout. Entries of payload blocks and, after each chunk of them,
// one of a sector bitmap, which counts where a block of a differencing disk is partially present.
// Reference: [MS-VHDX] 2.4, 2.5.

import type { ByteStore } from '../../byte-store.ts';
import type { ImageHost } from '../../image-format.ts';
import { checkInFile, corrupt, roundUp } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import type { Placement, Room, SparseLayout } from '../../sparse/sparse-layout.ts';
import { newGuid } from './guid.ts';
import type { VhdxHeaders } from './headers.ts';
import { VhdxLogWriter } from './log-writer.ts';
import type { VhdxMetadata } from './metadata.ts';
import type { Region } from './regions.ts';

const MEBI = 1 << 20;
const STRUCTURE = 'VHDX block allocation table';
export const STATES = {
  notPresent: 0,
  undefined: 1,
  zero: 2,
  unmapped: 3,
  present: 6,
  partial: 7,
} as const;

export interface TableEntry {
  readonly at: number;
  readonly state: number;
  readonly position: number;
}

export class VhdxBlockTable implements SparseLayout {
  readonly store: ByteStore;
  #metadata: VhdxMetadata;
  readonly #region: Region;
  readonly #headers: VhdxHeaders;
  readonly #host: ImageHost;
  readonly #cache: MetadataCache;
  readonly #log: VhdxLogWriter;
  readonly #chunkRatio: number;

  constructor(
    store: ByteStore,
    parts: { metadata: VhdxMetadata; region: Region; headers: VhdxHeaders },
    host: ImageHost,
    cacheBytes: number,
  ) {
    this.store = store;
    this.#metadata = parts.metadata;
    this.#region = parts.region;
    this.#headers = parts.headers;
    this.#host = host;
    this.#log = new VhdxLogWriter(store, parts.headers, host.random(16));
    this.#cache = new MetadataCache(store, 'little', cacheBytes, {
      write: (pages) => this.#log.write(pages),
    });
    this.#chunkRatio = chunkRatio(this.metadata);
    this.#checkTable(this.metadata);
  }

  get metadata(): VhdxMetadata {
    return this.#metadata;
  }

  get alone(): boolean {
    return this.metadata.parent === undefined;
  }

  get length(): number {
    return this.metadata.length;
  }

  get blockSize(): number {
    return this.metadata.blockSize;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const first = Math.floor(offset / blockSize);
    const inside = offset % blockSize;
    const entry = await this.entry(first);
    const kind = this.#kindOf(entry);
    if (kind === 'partial') return this.#locatePartial(entry, offset, Math.min(limit, blockSize - inside));
    let length = blockSize - inside;
    for (let index = first + 1; length < limit; index++) {
      const next = await this.entry(index);
      if (this.#kindOf(next) !== kind) break;
      if (kind === 'data' && next.position !== entry.position + (index - first) * blockSize) break;
      length += blockSize;
    }
    length = Math.min(length, limit);
    if (kind !== 'data') return { kind, length };
    return { kind, length, store: this.store, position: entry.position + inside };
  }

  /** Of a payload block. */
  entry(block: number): Promise<TableEntry> {
    return this.#entryAt(block + Math.floor(block / this.#chunkRatio), this.blockSize);
  }

  /** Of the sector bitmap that covers a payload block. */
  bitmapEntry(block: number): Promise<TableEntry> {
    const chunk = Math.floor(block / this.#chunkRatio);
    return this.#entryAt(chunk * (this.#chunkRatio + 1) + this.#chunkRatio, MEBI);
  }

  async reserve(offset: number, limit: number): Promise<Room> {
    const { blockSize } = this;
    const inside = offset % blockSize;
    const block = Math.floor(offset / blockSize);
    const entry = await this.entry(block);
    if (entry.state === STATES.partial) {
      const { sectorSize } = this.metadata;
      const start = offset - (offset % sectorSize);
      const end = Math.min((block + 1) * blockSize, roundUp(offset + limit, sectorSize));
      const position = entry.position + start - block * blockSize;
      return { start, length: end - start, position, fresh: false };
    }
    const count = inside === 0 ? Math.max(1, Math.floor(limit / blockSize)) : 1;
    const position = roundUp(this.store.length, MEBI);
    await this.store.truncate(position + count * blockSize);
    return { start: offset - inside, length: count * blockSize, position, fresh: true };
  }

  async publish(room: Room): Promise<void> {
    const { blockSize } = this;
    const first = Math.floor(room.start / blockSize);
    if ((await this.entry(first)).state === STATES.partial) return this.#setSectors(room);
    for (let i = 0; i < room.length / blockSize; i++)
      await this.#setEntry((await this.entry(first + i)).at, STATES.present, room.position + i * blockSize);
  }

  async markZero(offset: number, length: number, was: Placement['kind']): Promise<boolean> {
    // A block that has room keeps it: zeroes are written there.
    if (was === 'data') return false;
    const { blockSize } = this;
    for (let at = offset; at < offset + length; at += blockSize) {
      const entry = await this.entry(at / blockSize);
      if (entry.state === STATES.partial || entry.state === STATES.present) return false;
    }
    for (let at = offset; at < offset + length; at += blockSize)
      await this.#setEntry((await this.entry(at / blockSize)).at, STATES.zero, 0);
    return true;
  }

  async beginWriting(): Promise<void> {
    const identity = () => newGuid(this.#host.random(16));
    await this.#headers.update({ fileWriteGuid: identity(), dataWriteGuid: identity() });
  }

  /** Within what the table has room for; size and entries change together, through the log. */
  async grow(length: number): Promise<void> {
    const before = Math.ceil(this.length / this.blockSize);
    const grown = { ...this.metadata, length };
    this.#checkTable(grown);
    this.#metadata = grown;
    const state = this.metadata.parent ? STATES.zero : STATES.notPresent;
    for (let block = before; block < Math.ceil(length / this.blockSize); block++)
      await this.#setEntry(this.#atOf(block), state, 0);
    await this.#cache.setU64(this.metadata.lengthPosition, length);
    await this.#cache.commit();
  }

  commit(): Promise<void> {
    return this.#cache.commit();
  }

  settle(): Promise<void> {
    return this.#cache.commitIfFull();
  }

  finish(): Promise<void> {
    return this.#log.finish();
  }

  #checkTable(metadata: VhdxMetadata): void {
    const entries = tableEntries(metadata);
    if (entries * 8 <= this.#region.length) return;
    const { position } = this.#region;
    throw corrupt(this.store.name, STRUCTURE, position, `it is too small for ${entries} entries`);
  }

  /** Where the entry of a payload block is. */
  #atOf(block: number): number {
    return this.#region.position + (block + Math.floor(block / this.#chunkRatio)) * 8;
  }

  #kindOf({ state, at }: TableEntry): 'absent' | 'zero' | 'data' | 'partial' {
    switch (state) {
      case STATES.notPresent:
        return 'absent';
      case STATES.present:
        return 'data';
      case STATES.partial:
        if (this.metadata.parent) return 'partial';
        throw corrupt(
          this.store.name,
          STRUCTURE,
          at,
          'a block is partially present in a disk without a parent',
        );
      default:
        return 'zero';
    }
  }

  async #entryAt(index: number, bytes: number): Promise<TableEntry> {
    const at = this.#region.position + index * 8;
    const low = await this.#cache.u32(at);
    const high = await this.#cache.u32(at + 4);
    const state = low & 7;
    const position = (high * 2 ** 12 + (low >>> 20)) * MEBI;
    if (state === 4 || state === 5)
      throw corrupt(this.store.name, STRUCTURE, at, `the state of a block is ${state}`);
    if (state >= STATES.present) {
      checkInFile(this.store, STRUCTURE, at, position, bytes);
      if (position < MEBI)
        throw corrupt(this.store.name, STRUCTURE, at, 'a block is said to be in the header');
    }
    return { at, state, position };
  }

  async #setEntry(at: number, state: number, position: number): Promise<void> {
    const mebis = position / MEBI;
    await this.#cache.setU32(at, (((mebis % 2 ** 12) << 20) | state) >>> 0);
    await this.#cache.setU32(at + 4, Math.floor(mebis / 2 ** 12));
  }

  async #locatePartial(entry: TableEntry, offset: number, limit: number): Promise<Placement> {
    const { sectorSize } = this.metadata;
    const inside = offset % this.blockSize;
    const own = await this.#hasSector(offset);
    let length = sectorSize - (offset % sectorSize);
    while (length < limit && (await this.#hasSector(offset + length)) === own) length += sectorSize;
    length = Math.min(length, limit);
    if (!own) return { kind: 'absent', length };
    return { kind: 'data', length, store: this.store, position: entry.position + inside };
  }

  /** Byte and bit of a sector in the bitmap of its chunk. */
  async #bitOf(offset: number): Promise<{ at: number; mask: number }> {
    const bitmap = await this.bitmapEntry(Math.floor(offset / this.blockSize));
    if (bitmap.state !== STATES.present)
      throw corrupt(this.store.name, STRUCTURE, bitmap.at, 'a partially present block has no sector bitmap');
    const sector = Math.floor(offset / this.metadata.sectorSize) % 2 ** 23;
    return { at: bitmap.position + (sector >> 3), mask: 1 << (sector & 7) };
  }

  async #hasSector(offset: number): Promise<boolean> {
    const { at, mask } = await this.#bitOf(offset);
    return ((await this.#cache.byte(at)) & mask) !== 0;
  }

  async #setSectors(room: Room): Promise<void> {
    for (let done = 0; done < room.length; done += this.metadata.sectorSize) {
      const { at, mask } = await this.#bitOf(room.start + done);
      await this.#cache.setByte(at, (await this.#cache.byte(at)) | mask);
    }
  }
}

type Shape = Pick<VhdxMetadata, 'length' | 'blockSize' | 'sectorSize'> & { readonly parent: unknown };

/** Payload blocks to a sector bitmap. */
export const chunkRatio = ({ blockSize, sectorSize }: Shape): number => (2 ** 23 * sectorSize) / blockSize;

export const tableEntries = (shape: Shape): number => {
  const blocks = Math.ceil(shape.length / shape.blockSize);
  const ratio = chunkRatio(shape);
  if (shape.parent) return Math.ceil(blocks / ratio) * (ratio + 1);
  return blocks + Math.floor((blocks - 1) / ratio);
};
