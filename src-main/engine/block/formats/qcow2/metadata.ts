// The maps of an open qcow2 image (header, L1, L2, refcounts) and the order in which their changes reach the file.
//
// Power may fail between any two writes, and writes since the last flush may have happened in any order or not at all.
// So: (1) data, refcount blocks and L2 tables that nothing refers to yet; flush; (2) entries of the refcount table that
// point to new blocks; flush; (3) L2 tables and L1 entries that refer to the former; flush; (4) only now counts of what
// was given up go down, and its clusters may be used again. Whatever is lost, every reference on the disk leads to
// something that was written before it and is counted.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, type Geometry, l1EntriesFor } from './geometry.ts';
import { encodeHeader, geometryOf, INCOMPATIBLE_CORRUPT, patchedSector, type Qcow2Header } from './header.ts';
import { L1Table } from './l1-table.ts';
import { Refcounts } from './refcounts.ts';
import { type Table, TableCache } from './table-cache.ts';

export class Metadata {
  readonly store: ByteStore;
  /** Where clusters of data are: the image's file, or the external one. */
  readonly dataStore: ByteStore;
  readonly header: Qcow2Header;
  readonly geometry: Geometry;
  readonly refcounts: Refcounts;
  readonly tables: TableCache;
  #l1: L1Table;
  readonly #dirtyL1 = new Set<number>();
  /** Writing the header failed, so that it may be either in the file. */
  #headerInDoubt = false;

  constructor(store: ByteStore, dataStore: ByteStore, header: Qcow2Header, cacheBytes: number) {
    this.store = store;
    this.dataStore = dataStore;
    this.header = header;
    this.geometry = geometryOf(store.name, header);
    this.tables = new TableCache(store, this.geometry.clusterSize, (cacheBytes * 3) / 4);
    this.refcounts = new Refcounts({
      store,
      header,
      geometry: this.geometry,
      cacheBytes: cacheBytes / 4,
      commitHeader: (change) => this.commitHeader(change),
      refuseMetadata: (offset, length) => this.refuseMetadata(offset, length),
      onFree: (offset) => this.tables.forget(offset),
    });
    this.#l1 = new L1Table(this.geometry, 0, new Uint8Array());
  }

  async open(): Promise<void> {
    const { l1Offset, l1Entries } = this.header;
    this.#l1 = await L1Table.read(this.geometry, this.store, l1Offset, l1Entries);
    this.tables.forgetAll();
    this.#dirtyL1.clear();
    await this.refcounts.open();
  }

  get l1(): L1Table {
    return this.#l1;
  }

  /** L2 entries that one table holds, in bytes of the disk. */
  get tableReach(): number {
    return this.geometry.clusterSize * this.geometry.perTable;
  }

  /** The L2 table at a place of the file. Throws `BlockError` 'corrupt' where the file has nothing. */
  async loadTable(offset: number): Promise<Table> {
    const known = this.tables.get(offset);
    if (known !== undefined) return known;
    if (offset < this.store.length) return await this.tables.load(offset);
    throw corrupt(this.store.name, 'L2 table', offset, 'is behind the end of the file');
  }

  /** The active L2 table for `offset`, made or copied if need be, to be changed. */
  async ownTableFor(offset: number): Promise<Table> {
    if (this.tables.crowded || this.refcounts.cache.crowded) await this.writeBack();
    const index = Math.floor(offset / this.tableReach);
    const old = this.#l1.tableOffset(index);
    if (old !== 0 && this.#l1.isOwn(index)) {
      const known = this.tables.get(old);
      if (known !== undefined) return known;
      this.refuseForeign(old, this.geometry.clusterSize, true);
      return await this.loadTable(old);
    }
    const content = old === 0 ? undefined : (await this.loadTable(old)).bytes;
    const { offset: place } = await this.refcounts.allocate(1);
    const table = this.tables.create(place, content);
    this.#l1.set(index, place, true);
    this.#dirtyL1.add(index);
    if (old !== 0) this.refcounts.release(old, 1);
    return table;
  }

  /** The same, if for that nothing has to be written or copied; undefined otherwise. */
  async tableAtHand(offset: number): Promise<Table | undefined> {
    if (this.tables.crowded || this.refcounts.cache.crowded) return undefined;
    const index = Math.floor(offset / this.tableReach);
    const isNew = this.#l1.tableOffset(index) === 0;
    return isNew || this.#l1.isOwn(index) ? await this.ownTableFor(offset) : undefined;
  }

  changedEntries(table: Table, slot: number, count: number): void {
    const { entryBytes } = this.geometry;
    this.tables.markDirty(table, slot * entryBytes, (slot + count) * entryBytes);
  }

  setL1Entry(index: number, offset: number, own: boolean): void {
    this.#l1.set(index, offset, own);
    this.#dirtyL1.add(index);
  }

  /** Brings all changes to the disk, in order. Durable on return, except lower counts. */
  async writeBack(): Promise<void> {
    const { refcounts, tables } = this;
    if (this.#headerInDoubt) await this.#writeHeader();
    await refcounts.cache.write(() => true);
    await tables.write((table) => table.fresh);
    const further = tables.dirty.size > 0 || this.#dirtyL1.size > 0;
    await this.#flush();
    if (refcounts.hasDirtyEntries) {
      await refcounts.writeEntries();
      await this.store.flush();
    }
    if (further) {
      await tables.write(() => true);
      await this.#writeL1();
      await this.store.flush();
    }
    if (refcounts.hasReleased) await refcounts.settle();
  }

  /** Everything, lower counts too: the file is as others want to find it. */
  async writeAll(): Promise<void> {
    await this.writeBack();
    if (this.refcounts.cache.dirty.size > 0 || this.refcounts.hasDirtyEntries) await this.writeBack();
  }

  /** The header with what changes in it, after all that was written before. Changes nothing if that fails. */
  async commitHeader(change: Partial<Qcow2Header> = {}): Promise<void> {
    await this.#flush();
    const before = { ...this.header };
    Object.assign(this.header, change);
    this.#headerInDoubt = true;
    try {
      await this.#writeHeader();
    } catch (error) {
      Object.assign(this.header, before);
      throw error;
    }
  }

  async #writeHeader(): Promise<void> {
    await this.store.writeAt(0, patchedSector(this.header));
    await this.store.flush();
    this.#headerInDoubt = false;
  }

  /** The header with other extensions or names. */
  async rewriteHeader(): Promise<void> {
    const bytes = encodeHeader(this.store.name, this.header);
    await this.#flush();
    await this.store.writeAt(0, bytes);
    await this.store.flush();
    this.header.cluster = bytes;
  }

  /**
   * Puts another L1 table in the place of the active one; `content` is durable at `offset`. The old one's clusters are
   * the caller's to free.
   */
  async replaceL1(l1: L1Table, length: number): Promise<void> {
    await this.commitHeader({ l1Offset: l1.offset, l1Entries: l1.entries, length });
    this.#l1 = l1;
    this.#dirtyL1.clear();
  }

  /** Makes the L1 table long enough for a disk of `length` bytes. */
  async growL1(length: number): Promise<void> {
    const entries = l1EntriesFor(this.geometry, length);
    if (entries <= this.#l1.entries) return;
    await this.writeBack();
    const { clusterSize } = this.geometry;
    const bytes = new Uint8Array(Math.ceil((entries * 8) / clusterSize) * clusterSize);
    bytes.set(this.#l1.bytes);
    const offset = await this.refcounts.allocateRow(bytes.length / clusterSize);
    await this.store.writeAt(offset, bytes);
    const old = { offset: this.#l1.offset, count: Math.ceil((this.#l1.entries * 8) / clusterSize) };
    await this.writeBack();
    await this.replaceL1(
      new L1Table(this.geometry, offset, bytes.subarray(0, entries * 8)),
      this.header.length,
    );
    if (old.count > 0) await this.refcounts.free(old.offset, old.count);
  }

  /** Throws for clusters that a map calls its own and that cannot be: metadata, or behind the end of the file. */
  refuseForeign(offset: number, length: number, isTable = false): void {
    this.refuseMetadata(offset, length, isTable);
    if (offset + length - this.store.length < this.geometry.clusterSize) return;
    throw corrupt(this.store.name, 'a reference', offset, 'leads behind the end of the file');
  }

  /** Throws when two L1 entries lead to one L2 table: writing through one would change the other. */
  refuseRepeatedTables(): void {
    const seen = new Set<number>();
    for (let index = 0; index < this.#l1.entries; index++) {
      const offset = this.#l1.tableOffset(index);
      if (offset === 0) continue;
      if (seen.has(offset))
        throw corrupt(
          this.store.name,
          'L1 entry',
          this.#l1.offset + index * 8,
          'leads to an L2 table that another one has',
        );
      seen.add(offset);
    }
  }

  /** Throws for a place that holds metadata: whoever was about to write there was led by a damaged map. */
  refuseMetadata(offset: number, length: number, isTable = false): void {
    for (let at = offset; at < offset + length; at += this.geometry.clusterSize) {
      const structure = this.#metadataAt(at, isTable);
      if (structure !== undefined)
        throw corrupt(
          this.store.name,
          `a reference to ${structure}`,
          at,
          'leads where data would be written',
        );
    }
  }

  #metadataAt(offset: number, isTable: boolean): string | undefined {
    const { header, geometry } = this;
    const isIn = (start: number, bytes: number) =>
      offset < start + bytes && start < offset + geometry.clusterSize;
    if (offset < geometry.clusterSize) return 'the header';
    if (isIn(header.l1Offset, header.l1Entries * 8)) return 'the L1 table';
    if (isIn(header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize))
      return 'the refcount table';
    if (header.snapshotCount > 0 && isIn(header.snapshotsOffset, 1)) return 'the snapshot table';
    if (this.refcounts.cache.get(offset) !== undefined) return 'a refcount block';
    if (!isTable && this.tables.get(offset) !== undefined) return 'an L2 table';
    return undefined;
  }

  /** Says in the file that it is damaged, so that nobody writes before it is repaired. */
  async markCorrupt(): Promise<void> {
    if (this.header.version < 3 || (this.header.incompatible & INCOMPATIBLE_CORRUPT) !== 0) return;
    await this.commitHeader({ incompatible: this.header.incompatible | INCOMPATIBLE_CORRUPT });
  }

  async #flush(): Promise<void> {
    if (this.dataStore !== this.store) await this.dataStore.flush();
    await this.store.flush();
  }

  async #writeL1(): Promise<void> {
    const sectors = new Set([...this.#dirtyL1].map((index) => Math.floor((index * 8) / 512) * 512));
    for (const at of sectors) {
      const end = Math.min(at + 512, this.#l1.bytes.length);
      await this.store.writeAt(this.#l1.offset + at, this.#l1.bytes.subarray(at, end));
    }
    this.#dirtyL1.clear();
  }
}

export function readOnlyError(file: string): BlockError {
  return new BlockError('read-only', `“${file}” is open for reading only.`, { file });
}

/** Throws for an image that says of itself that it is damaged: it is only read. */
export function refuseMarked(file: string, header: Qcow2Header): void {
  if ((header.incompatible & INCOMPATIBLE_CORRUPT) === 0) return;
  throw new BlockError(
    'corrupt',
    `“${file}” is marked as damaged and can only be read. Repair it with “boxwright img check -r all ${file}”; keep a copy first.`,
    { file, structure: 'header', offset: 72 },
  );
}
