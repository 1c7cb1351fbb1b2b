// The VDI block map as a sparse layout: an entry a block, the number of the block in the data area. Blocks are taken one
// after the other. `blocks_allocated` in the header becomes durable before the map, so that it never is too small.

import { writeU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { UsedBlocks } from '../../sparse/check-tally.ts';
import { checkInFile, corrupt, unsupported } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import type { Placement, Room, SparseLayout } from '../../sparse/sparse-layout.ts';
import { ALLOCATED_AT, BLOCK_FREE, BLOCK_ZERO, changeVdiHeader, type VdiHeader } from './header.ts';

const STRUCTURE = 'VDI block map';

export class VdiBlockMap implements SparseLayout {
  readonly store: ByteStore;
  #header: VdiHeader;
  readonly #cache: MetadataCache;
  readonly #differencing: boolean;
  #used: UsedBlocks | undefined;
  /** Behind the last block taken. */
  #next = 0;

  constructor(store: ByteStore, header: VdiHeader, cacheBytes: number) {
    this.store = store;
    this.#header = header;
    this.#differencing = header.type === 4;
    this.#cache = new MetadataCache(store, 'little', cacheBytes, { prepare: () => this.#writeAllocated() });
  }

  get alone(): boolean {
    return !this.#differencing;
  }

  get header(): VdiHeader {
    return this.#header;
  }

  get length(): number {
    return this.#header.length;
  }

  get blockSize(): number {
    return this.#header.blockSize;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const first = Math.floor(offset / blockSize);
    const entry = await this.entry(first);
    const stored = entry < BLOCK_ZERO;
    let length = blockSize - (offset % blockSize);
    for (let index = first + 1; length < limit && index < this.#header.blocks; index++) {
      if ((await this.entry(index)) !== (stored ? entry + index - first : entry)) break;
      length += blockSize;
    }
    length = Math.min(length, limit);
    if (stored) {
      const start = checkInFile(this.store, STRUCTURE, this.#entryAt(first), this.#position(entry));
      return { kind: 'data', length, store: this.store, position: start + (offset % blockSize) };
    }
    return { kind: entry === BLOCK_ZERO ? 'zero' : 'absent', length };
  }

  async entry(index: number): Promise<number> {
    const entry = await this.#cache.u32(this.#entryAt(index));
    if (entry < BLOCK_ZERO && entry >= this.#header.blocks)
      throw corrupt(
        this.store.name,
        STRUCTURE,
        this.#entryAt(index),
        `block ${index} is said to be stored as number ${entry} of ${this.#header.blocks}`,
      );
    return entry;
  }

  async setEntry(index: number, entry: number): Promise<void> {
    await this.#cache.setU32(this.#entryAt(index), entry);
  }

  async reserve(offset: number, limit: number): Promise<Room> {
    const { blockSize } = this;
    const inside = offset % blockSize;
    const wanted = inside === 0 ? Math.max(1, Math.floor(limit / blockSize)) : 1;
    const number = await this.#take(wanted);
    const position = this.#position(number.first);
    const end = position + number.count * blockSize;
    const fresh = position >= this.store.length;
    if (end > this.store.length) await this.store.truncate(end);
    return { start: offset - inside, length: number.count * blockSize, position, fresh };
  }

  async publish(room: Room): Promise<void> {
    const { blockSize } = this;
    const number = (room.position - this.#header.dataPosition) / blockSize;
    const index = room.start / blockSize;
    for (let i = 0; i < room.length / blockSize; i++) await this.setEntry(index + i, number + i);
    this.#cache.touch();
  }

  async markZero(offset: number, length: number, was: Placement['kind']): Promise<boolean> {
    if (was === 'data') return false;
    const { blockSize } = this;
    const entry = this.#differencing ? BLOCK_ZERO : BLOCK_FREE;
    for (let at = offset; at < offset + length; at += blockSize) await this.setEntry(at / blockSize, entry);
    return true;
  }

  /** Into the room that is left before the data; everything else was committed. */
  async grow(length: number): Promise<void> {
    const { mapPosition, dataPosition, blocks, blockSize } = this.#header;
    const wanted = Math.ceil(length / blockSize);
    if (mapPosition + wanted * 4 > dataPosition)
      throw unsupported(
        this.store.name,
        `growing beyond ${Math.floor((dataPosition - mapPosition) / 4)} blocks`,
      );
    for (let index = blocks; index < wanted; index++)
      await this.setEntry(index, this.#differencing ? BLOCK_ZERO : BLOCK_FREE);
    await this.#cache.commit();
    await this.replaceHeader({ ...this.#header, length, blocks: wanted });
  }

  /** Its one sector, so that a loss of power leaves the old or the new one. */
  async replaceHeader(header: VdiHeader): Promise<void> {
    await changeVdiHeader(this.store, header);
    await this.store.flush();
    this.#header = header;
  }

  commit(): Promise<void> {
    return this.#cache.commit();
  }

  settle(): Promise<void> {
    return this.#cache.commitIfFull();
  }

  #entryAt(index: number): number {
    return this.#header.mapPosition + index * 4;
  }

  #position(number: number): number {
    return this.#header.dataPosition + number * this.blockSize;
  }

  /** Numbers that no entry has; the map is read once, when the first one is wanted. */
  async #take(wanted: number): Promise<{ first: number; count: number }> {
    const { blocks } = this.#header;
    if (!this.#used) this.#used = await this.#readUsed();
    let first = this.#next;
    if (first >= blocks) {
      first = 0;
      while (first < blocks && this.#used.has(first)) first++;
      if (first === blocks)
        throw corrupt(this.store.name, STRUCTURE, this.#header.mapPosition, 'no block number is free');
    }
    let count = 0;
    while (count < wanted && first + count < blocks && this.#used.take(first + count)) count++;
    this.#next = Math.max(this.#next, first + count);
    return { first, count };
  }

  async #readUsed(): Promise<UsedBlocks> {
    const used = new UsedBlocks();
    for (let index = 0; index < this.#header.blocks; index++) {
      const entry = await this.entry(index);
      if (entry >= BLOCK_ZERO) continue;
      // New blocks would go behind it, as far away as the map is wrong.
      checkInFile(this.store, STRUCTURE, this.#entryAt(index), this.#position(entry));
      used.take(entry);
      this.#next = Math.max(this.#next, entry + 1);
    }
    return used;
  }

  async #writeAllocated(): Promise<void> {
    const bytes = new Uint8Array(4);
    writeU32(bytes, 0, this.#next);
    await this.store.writeAt(ALLOCATED_AT, bytes);
  }
}
