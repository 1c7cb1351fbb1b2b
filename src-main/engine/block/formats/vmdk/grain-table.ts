// The grain directory and tables of a sparse extent as a layout: plain grains are read and written, packed ones only
// read. Both copies of a table are kept alike.

import { readU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { Codecs } from '../../codecs.ts';
import { checkInFile, corrupt, roundUp } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import type { Placement, Room, SparseLayout } from '../../sparse/sparse-layout.ts';
import { FLAGS, SECTOR, type SparseHeader, writeUnclean } from './sparse-header.ts';

const STRUCTURE = 'VMDK grain table';
const GRAIN_MARKER = 12;
const ZERO_GRAIN = 1;

export class GrainTable implements SparseLayout {
  readonly store: ByteStore;
  readonly header: SparseHeader & { readonly directory: number };
  readonly length: number;
  readonly blockSize: number;
  readonly #cache: MetadataCache;
  readonly #codecs: Codecs;

  constructor(
    store: ByteStore,
    header: SparseHeader & { readonly directory: number },
    codecs: Codecs,
    cacheBytes: number,
  ) {
    this.store = store;
    this.header = header;
    this.length = header.capacity * SECTOR;
    this.blockSize = header.grainSize * SECTOR;
    this.#codecs = codecs;
    this.#cache = new MetadataCache(store, 'little', cacheBytes);
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const grain = Math.floor(offset / blockSize);
    const inside = offset % blockSize;
    const entry = await this.entry(grain);
    const kind = this.#kindOf(entry);
    if (kind === 'packed') {
      const start = grain * blockSize;
      const length = Math.min(limit, blockSize - inside);
      return { kind, length, start, key: entry, unpack: () => this.#unpack(start, entry) };
    }
    let length = blockSize - inside;
    for (let next = grain + 1; length < limit; next++) {
      const wanted = kind === 'data' ? entry + (next - grain) * this.header.grainSize : entry;
      if ((await this.entry(next)) !== wanted) break;
      length += blockSize;
    }
    length = Math.min(length, limit);
    if (kind !== 'data') return { kind, length };
    return { kind, length, store: this.store, position: entry * SECTOR + inside };
  }

  /** The sector of a grain; 0: not there. */
  async entry(grain: number): Promise<number> {
    const at = await this.entryAt(grain, this.header.directory);
    if (at === 0) return 0;
    const entry = await this.#cache.u32(at);
    if (entry > ZERO_GRAIN) checkInFile(this.store, STRUCTURE, at, entry * SECTOR);
    if (entry === ZERO_GRAIN && !(this.header.flags & FLAGS.zeroGrain))
      throw corrupt(this.store.name, STRUCTURE, at, `grain ${grain} is said to be in the header`);
    return entry;
  }

  /** Where the entry of a grain is by one of the two directories; 0: there is no table. */
  async entryAt(grain: number, directory: number): Promise<number> {
    const { entriesPerTable } = this.header;
    const at = directory * SECTOR + Math.floor(grain / entriesPerTable) * 4;
    const table = await this.#cache.u32(at);
    if (table === 0) return 0;
    checkInFile(this.store, 'VMDK grain directory', at, table * SECTOR);
    return table * SECTOR + (grain % entriesPerTable) * 4;
  }

  async reserve(offset: number, limit: number): Promise<Room> {
    const { blockSize } = this;
    const inside = offset % blockSize;
    const count = inside === 0 ? Math.max(1, Math.floor(limit / blockSize)) : 1;
    const position = roundUp(this.store.length, blockSize);
    this.#checkReach(position + count * blockSize);
    await this.store.truncate(position + count * blockSize);
    return { start: offset - inside, length: count * blockSize, position, fresh: true };
  }

  async publish(room: Room): Promise<void> {
    for (let done = 0; done < room.length; done += this.blockSize)
      await this.#setEntry((room.start + done) / this.blockSize, (room.position + done) / SECTOR);
  }

  async markZero(offset: number, length: number, was: Placement['kind']): Promise<boolean> {
    // Room of grains that are there would be lost.
    if (was === 'data' || !(this.header.flags & FLAGS.zeroGrain)) return false;
    for (let at = offset; at < offset + length; at += this.blockSize)
      await this.#setEntry(at / this.blockSize, ZERO_GRAIN);
    return true;
  }

  async beginWriting(): Promise<void> {
    await writeUnclean(this.store, true);
  }

  commit(): Promise<void> {
    return this.#cache.commit();
  }

  settle(): Promise<void> {
    return this.#cache.commitIfFull();
  }

  async finish(): Promise<void> {
    await writeUnclean(this.store, false);
    await this.store.flush();
  }

  #kindOf(entry: number): Placement['kind'] {
    if (entry === 0) return 'absent';
    if (entry === ZERO_GRAIN) return 'zero';
    return this.header.flags & FLAGS.compressed ? 'packed' : 'data';
  }

  #checkReach(end: number): void {
    if (end / SECTOR > 0xffff_ffff)
      throw corrupt(this.store.name, 'VMDK extent', end, 'it is larger than its tables can express');
  }

  async #setEntry(grain: number, entry: number): Promise<void> {
    const { flags, directory, redundantDirectory } = this.header;
    const at = (await this.entryAt(grain, directory)) || (await this.#newTable(grain, directory));
    await this.#cache.setU32(at, entry);
    if (!(flags & FLAGS.redundantTable) || redundantDirectory === 0) return;
    const second =
      (await this.entryAt(grain, redundantDirectory)) || (await this.#newTable(grain, redundantDirectory));
    if (second !== at) await this.#cache.setU32(second, entry);
  }

  async #newTable(grain: number, directory: number): Promise<number> {
    const { entriesPerTable } = this.header;
    const bytes = roundUp(entriesPerTable * 4, SECTOR);
    const table = roundUp(this.store.length, SECTOR);
    this.#checkReach(table + bytes);
    await this.store.truncate(table + bytes);
    this.#cache.forgetRange(table, bytes);
    await this.#cache.setU32(directory * SECTOR + Math.floor(grain / entriesPerTable) * 4, table / SECTOR);
    return table + (grain % entriesPerTable) * 4;
  }

  /** With markers the packed size is known; without, the stream ends where it ends. */
  async #unpack(start: number, sector: number): Promise<Uint8Array> {
    const { blockSize } = this;
    const position = sector * SECTOR;
    const fail = (problem: string) => corrupt(this.store.name, 'VMDK compressed grain', position, problem);
    let size = Math.min(blockSize * 2, this.store.length - position);
    let from = position;
    if (this.header.flags & FLAGS.markers) {
      const marker = new Uint8Array(GRAIN_MARKER);
      await this.store.readAt(position, marker);
      size = readU32(marker, 8);
      from += GRAIN_MARKER;
      if (size === 0 || size > blockSize * 2 || from + size > this.store.length)
        throw fail(`it is said to have ${size} bytes`);
    }
    const packed = new Uint8Array(size);
    await this.store.readAt(from, packed);
    const plain = this.#codecs.unpack('zlib', packed, blockSize);
    if (plain.length === blockSize) return plain;
    if (plain.length < Math.min(blockSize, this.length - start))
      throw fail(`it unpacks to ${plain.length} bytes, not ${blockSize}`);
    const whole = new Uint8Array(blockSize);
    whole.set(plain);
    return whole;
  }
}
