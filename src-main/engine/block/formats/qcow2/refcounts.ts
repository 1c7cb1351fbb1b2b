// Which clusters of a qcow2 file are in use, and how often: looking up, changing, allocating, and growing the tables.
// Counts go up at once and down only when what referred to the cluster is durably gone (`release`, `settle`), so that on
// the disk they are never too low. Not the order of writing, which is the metadata's (metadata.ts).
// Reference: QEMU, docs/interop/qcow2.rst, "Host cluster management".

import { readU32be, writeU64be } from '../../../base/bytes.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, type Geometry, MAX_REFCOUNT_TABLE_BYTES, offsetOf } from './geometry.ts';
import type { Qcow2Header } from './header.ts';
import { getRefcount, setRefcount } from './refcount-bits.ts';
import { type Table, TableCache } from './table-cache.ts';

/** So far behind the end of a file nothing can have been left in use by a loss of power. */
const FAR_CLUSTERS = 2 ** 21;

export interface Clusters {
  readonly offset: number;
  readonly count: number;
}

export interface RefcountParts {
  readonly store: ByteStore;
  readonly header: Qcow2Header;
  readonly geometry: Geometry;
  readonly cacheBytes: number;
  /** Writes the header with a change, durably, and before it all that was written. */
  readonly commitHeader: (change: Partial<Qcow2Header>) => Promise<void>;
  /** Throws for a range that holds metadata: counts that call it free are wrong. */
  readonly refuseMetadata: (offset: number, length: number) => void;
  /** Nothing uses this cluster any more. */
  readonly onFree: (offset: number) => void;
}

export class Refcounts {
  readonly cache: TableCache;
  readonly #parts: RefcountParts;
  readonly #geometry: Geometry;
  #table: Uint8Array = new Uint8Array();
  readonly #dirtyEntries = new Set<number>();
  /** No cluster below is free. */
  #hint = 0;
  #released: Clusters[] = [];

  constructor(parts: RefcountParts) {
    this.#parts = parts;
    this.#geometry = parts.geometry;
    this.cache = new TableCache(parts.store, parts.geometry.clusterSize, parts.cacheBytes);
  }

  async open(): Promise<void> {
    const { header, store } = this.#parts;
    this.#table = new Uint8Array(header.refcountTableClusters * this.#geometry.clusterSize);
    await store.readAt(header.refcountTableOffset, this.#table);
    this.#hint = 0;
    this.cache.forgetAll();
    this.#dirtyEntries.clear();
    this.#released = [];
  }

  get tableEntries(): number {
    return this.#table.length / 8;
  }

  get hasDirtyEntries(): boolean {
    return this.#dirtyEntries.size > 0;
  }

  get hasReleased(): boolean {
    return this.#released.length > 0;
  }

  /** Offset of the block for clusters from `index * perRefcountBlock`; 0: none, all free. */
  blockOffset(index: number): number {
    if (index >= this.tableEntries) return 0;
    const high = readU32be(this.#table, index * 8);
    const low = readU32be(this.#table, index * 8 + 4);
    const offset = offsetOf(high, low);
    if (offset % this.#geometry.clusterSize !== 0 || high > 0x00ff_ffff)
      throw corrupt(
        this.#geometry.file,
        'refcount table entry',
        this.#parts.header.refcountTableOffset + index * 8,
        `points to ${offset}, where no refcount block can be`,
      );
    return offset;
  }

  async get(offset: number): Promise<number> {
    const cluster = Math.floor(offset / this.#geometry.clusterSize);
    const block = await this.#block(Math.floor(cluster / this.#geometry.perRefcountBlock));
    if (block === undefined) return 0;
    return getRefcount(block.bytes, this.#geometry.refcountOrder, cluster % this.#geometry.perRefcountBlock);
  }

  /** Adds a reference to each of `count` clusters. Throws 'unsupported' where the count has no bits for it. */
  async increase(offset: number, count: number): Promise<void> {
    const { clusterSize, refcountMax } = this.#geometry;
    for (let done = 0; done < count; done++) {
      const at = offset + done * clusterSize;
      const now = await this.get(at);
      if (now === 0) throw corrupt(this.#geometry.file, 'refcount', at, 'is 0 for a cluster in use');
      if (now >= refcountMax) {
        await this.#changeRow(Math.floor(offset / clusterSize), done, -1);
        throw new BlockError(
          'unsupported',
          `“${this.#geometry.file}”: a cluster would be shared more than ${refcountMax} times, which its refcounts of ${2 ** this.#geometry.refcountOrder} bits cannot count.`,
          { file: this.#geometry.file, feature: 'refcount' },
        );
      }
      await this.#changeRow(Math.floor(at / clusterSize), 1, 1);
    }
  }

  /** Takes a reference away once the metadata that held it is durably gone. */
  release(offset: number, count: number): void {
    const last = this.#released.at(-1);
    if (last !== undefined && last.offset + last.count * this.#geometry.clusterSize === offset)
      this.#released[this.#released.length - 1] = { offset: last.offset, count: last.count + count };
    else this.#released.push({ offset, count });
  }

  /** Carries out what `release` asked for; the owner calls it when nothing on the disk refers to it. */
  async settle(): Promise<void> {
    const released = this.#released;
    this.#released = [];
    for (const { offset, count } of released) await this.free(offset, count);
  }

  /** Takes a reference away at once: of clusters that nothing on the disk refers to. */
  async free(offset: number, count: number): Promise<void> {
    await this.#changeRow(Math.floor(offset / this.#geometry.clusterSize), count, -1);
  }

  /** Up to `most` clusters in a row, with one reference each. */
  async allocate(most: number): Promise<Clusters> {
    let first = await this.#findFree(this.#hint);
    for (;;) {
      await this.#ensureBlock(first);
      // Making room for the block may have taken this very cluster.
      const free = await this.#findFree(first);
      if (free === first) break;
      first = free;
    }
    let count = 0;
    while (count < most) {
      const run = await this.#freeInBlock(first + count, most - count);
      if (run === 0) break;
      count += run;
    }
    return this.#take(first, Math.max(count, 1));
  }

  /** `count` clusters in a row. Blocks that are missing for them follow the row, not to break it. */
  async allocateRow(count: number): Promise<number> {
    const { perRefcountBlock } = this.#geometry;
    for (let from = this.#hint; ; ) {
      const first = await this.#findFree(from);
      let blocks = 0;
      let run = 0;
      for (; run < count + blocks && (await this.#isFree(first + run)); run++) {
        const isFirstOfBlock = run === 0 || (first + run) % perRefcountBlock === 0;
        if (isFirstOfBlock && this.blockOffset(Math.floor((first + run) / perRefcountBlock)) === 0) blocks++;
      }
      if (run < count + blocks) {
        from = first + run;
        continue;
      }
      const last = Math.floor((first + run - 1) / perRefcountBlock);
      if (last >= this.tableEntries) {
        await this.#growTable(last + 1);
        from = this.#hint;
        continue;
      }
      let place = first + count;
      for (let index = Math.floor(first / perRefcountBlock); index <= last; index++)
        if (this.blockOffset(index) === 0) this.#createBlock(index, place++);
      await this.#take(first + count, place - first - count, true);
      return (await this.#take(first, count)).offset;
    }
  }

  /** Exactly these clusters, if they are all free. */
  async allocateAt(offset: number, count: number): Promise<boolean> {
    const first = offset / this.#geometry.clusterSize;
    for (let index = 0; index < count; index++) {
      await this.#ensureBlock(first + index);
      if (!(await this.#isFree(first + index))) return false;
    }
    await this.#take(first, count);
    return true;
  }

  /** Changed entries of the refcount table; the blocks they point to are durable. */
  async writeEntries(): Promise<void> {
    for (const index of this.#dirtyEntries) {
      const sector = Math.floor((index * 8) / 512) * 512;
      await this.#parts.store.writeAt(
        this.#parts.header.refcountTableOffset + sector,
        this.#table.subarray(sector, sector + 512),
      );
    }
    this.#dirtyEntries.clear();
  }

  async #take(first: number, count: number, isBlock = false): Promise<Clusters> {
    const offset = first * this.#geometry.clusterSize;
    if (!isBlock) this.#parts.refuseMetadata(offset, count * this.#geometry.clusterSize);
    await this.#changeRow(first, count, 1);
    if (first <= this.#hint) this.#hint = first + count;
    return { offset, count };
  }

  async #block(index: number): Promise<Table | undefined> {
    const offset = this.blockOffset(index);
    if (offset === 0) return undefined;
    const known = this.cache.get(offset);
    if (known !== undefined) return known;
    if (offset >= this.#parts.store.length)
      throw corrupt(this.#geometry.file, 'refcount block', offset, 'is behind the end of the file');
    return await this.cache.load(offset);
  }

  async #isFree(cluster: number): Promise<boolean> {
    return (await this.get(cluster * this.#geometry.clusterSize)) === 0;
  }

  /** How many clusters from this one on are free, up to `most` or the end of what its block counts; 0 without one. */
  async #freeInBlock(cluster: number, most: number): Promise<number> {
    const { perRefcountBlock, refcountOrder } = this.#geometry;
    const block = await this.#block(Math.floor(cluster / perRefcountBlock));
    if (block === undefined) return 0;
    const first = cluster % perRefcountBlock;
    const end = Math.min(first + most, perRefcountBlock);
    let index = first;
    while (index < end && getRefcount(block.bytes, refcountOrder, index) === 0) index++;
    return index - first;
  }

  async #findFree(from: number): Promise<number> {
    const { perRefcountBlock, refcountOrder } = this.#geometry;
    const end = Math.ceil(this.#parts.store.length / this.#geometry.clusterSize) + FAR_CLUSTERS;
    for (let cluster = from; ; ) {
      if (cluster > end)
        throw corrupt(
          this.#geometry.file,
          'refcount table',
          this.#parts.header.refcountTableOffset,
          'says that clusters far behind the end of the file are in use',
        );
      const block = await this.#block(Math.floor(cluster / perRefcountBlock));
      if (block === undefined) return this.#found(from, cluster);
      let index = cluster % perRefcountBlock;
      while (index < perRefcountBlock && getRefcount(block.bytes, refcountOrder, index) !== 0) index++;
      cluster += index - (cluster % perRefcountBlock);
      if (index < perRefcountBlock) return this.#found(from, cluster);
    }
  }

  #found(from: number, cluster: number): number {
    if (from <= this.#hint) this.#hint = cluster;
    return cluster;
  }

  /** A block at a time: waiting for each cluster costs more than counting it. */
  async #changeRow(first: number, count: number, by: 1 | -1): Promise<void> {
    const { perRefcountBlock, clusterSize, file } = this.#geometry;
    for (let cluster = first; cluster < first + count; ) {
      const block = await this.#block(Math.floor(cluster / perRefcountBlock));
      if (block === undefined)
        throw corrupt(file, 'refcount', cluster * clusterSize, 'is 0 for a cluster in use');
      const end = Math.min(first + count, cluster - (cluster % perRefcountBlock) + perRefcountBlock);
      for (; cluster < end; cluster++) this.#change(block, cluster, by);
    }
  }

  #change(block: Table, cluster: number, by: 1 | -1): void {
    const { perRefcountBlock, refcountOrder, clusterSize, file } = this.#geometry;
    const index = cluster % perRefcountBlock;
    const now = getRefcount(block.bytes, refcountOrder, index);
    if (now + by < 0) throw corrupt(file, 'refcount', cluster * clusterSize, 'is 0 for a cluster in use');
    setRefcount(block.bytes, refcountOrder, index, now + by);
    const byte = Math.floor((index * 2 ** refcountOrder) / 8);
    this.cache.markDirty(block, byte, byte + Math.ceil(2 ** refcountOrder / 8));
    if (now + by > 0) return;
    this.#hint = Math.min(this.#hint, cluster);
    this.#parts.onFree(cluster * clusterSize);
  }

  /** A new block lies among the clusters it counts: at the first of them that is being asked for. */
  async #ensureBlock(cluster: number): Promise<void> {
    const { perRefcountBlock, refcountOrder } = this.#geometry;
    const index = Math.floor(cluster / perRefcountBlock);
    if (index >= this.tableEntries) await this.#growTable(index + 1);
    if (this.blockOffset(index) !== 0) return;
    const block = this.#createBlock(index, cluster);
    setRefcount(block.bytes, refcountOrder, cluster % perRefcountBlock, 1);
  }

  #createBlock(index: number, cluster: number): Table {
    const { clusterSize } = this.#geometry;
    this.#parts.refuseMetadata(cluster * clusterSize, clusterSize);
    const block = this.cache.create(cluster * clusterSize);
    writeU64be(this.#table, index * 8, block.offset);
    this.#dirtyEntries.add(index);
    return block;
  }

  /** The new table, and the blocks that count it, lie behind all that the old one reaches. */
  async #growTable(entries: number): Promise<void> {
    const { geometry, header, store } = this.#parts;
    const { clusterSize, perRefcountBlock, refcountOrder } = geometry;
    const start = Math.max(this.tableEntries, entries - 1) * perRefcountBlock;
    const { tableClusters, blocks } = this.#sizeOfTable(
      Math.ceil(Math.max(entries, this.tableEntries * 1.5)),
      start,
    );
    const table = new Uint8Array(tableClusters * clusterSize);
    table.set(this.#table);
    const firstBlock = start + tableClusters;
    for (let index = 0; index < blocks; index++) {
      const offset = (firstBlock + index) * clusterSize;
      const block = this.cache.create(offset);
      const base = start + index * perRefcountBlock;
      for (let slot = 0; slot < perRefcountBlock && base + slot < firstBlock + blocks; slot++)
        setRefcount(block.bytes, refcountOrder, slot, 1);
      writeU64be(table, (start / perRefcountBlock + index) * 8, offset);
    }
    const old = { offset: header.refcountTableOffset, count: header.refcountTableClusters };
    try {
      await this.cache.write(() => true);
      await store.writeAt(start * clusterSize, table);
      const refcountTableOffset = start * clusterSize;
      await this.#parts.commitHeader({ refcountTableOffset, refcountTableClusters: tableClusters });
    } catch (error) {
      for (let index = 0; index < blocks; index++) this.cache.forget((firstBlock + index) * clusterSize);
      throw error;
    }
    this.#dirtyEntries.clear();
    this.#table = table;
    await this.free(old.offset, old.count);
  }

  #sizeOfTable(entries: number, start: number): { tableClusters: number; blocks: number } {
    const { clusterSize, perRefcountBlock, file } = this.#geometry;
    let wanted = entries;
    for (;;) {
      const tableClusters = Math.ceil((wanted * 8) / clusterSize);
      let blocks = 1;
      while (tableClusters + blocks > blocks * perRefcountBlock) blocks++;
      if (tableClusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES)
        throw new BlockError(
          'no-space',
          `“${file}” has reached the largest size that qcow2 can have with clusters of ${clusterSize} bytes.`,
          { file },
        );
      if (start / perRefcountBlock + blocks <= (tableClusters * clusterSize) / 8)
        return { tableClusters, blocks };
      wanted = start / perRefcountBlock + blocks;
    }
  }
}
