// Follows every reference in a qcow2 image and counts what it leads to. Each L2 table is read once, however many L1
// tables share it, so that the time is bounded by the size of the file.
// Reference: QEMU, docs/interop/qcow2.rst.

import { readU32be } from '../../../base/bytes.ts';
import { BlockError } from '../../block-error.ts';
import type { BlockJob } from '../../image-format.ts';
import { readBitmapDirectory } from './bitmaps.ts';
import type { Findings } from './check.ts';
import { offsetOf } from './geometry.ts';
import { L1Table } from './l1-table.ts';
import { type Entry, entryAt } from './l2-entry.ts';
import type { Metadata } from './metadata.ts';
import type { ReferenceMap } from './reference-map.ts';
import { readSnapshotTable, type SnapshotTable } from './snapshot-table.ts';

export interface Walk {
  allocated: number;
  fragmented: number;
  compressed: number;
  /** The refcount structures themselves are damaged. */
  mustRebuild: boolean;
  /** Findings that rebuilding them settles. */
  rebuildFaults: number;
  /** Indices of refcount blocks that cannot be read. */
  readonly damagedBlocks: Set<number>;
}

export async function walkReferences(
  metadata: Metadata,
  map: ReferenceMap,
  findings: Findings,
  job: BlockJob | undefined,
): Promise<Walk> {
  return await new ReferenceWalk(metadata, map, findings, job).run();
}

class ReferenceWalk {
  readonly #metadata: Metadata;
  readonly #map: ReferenceMap;
  readonly #findings: Findings;
  readonly #job: BlockJob | undefined;
  readonly #walk: Walk = {
    allocated: 0,
    fragmented: 0,
    compressed: 0,
    mustRebuild: false,
    rebuildFaults: 0,
    damagedBlocks: new Set(),
  };
  #expected = 0;

  constructor(metadata: Metadata, map: ReferenceMap, findings: Findings, job: BlockJob | undefined) {
    this.#metadata = metadata;
    this.#map = map;
    this.#findings = findings;
    this.#job = job;
  }

  async run(): Promise<Walk> {
    const { header, geometry, l1 } = this.#metadata;
    this.#count('header', 0, geometry.clusterSize, 1);
    const active = this.#tablesOf(l1, 'L1 table');
    const weights = new Map<number, number>();
    for (const offset of active) weights.set(offset, 1);
    await this.#walkSnapshots(weights);
    await this.#walkTables(new Set(active), weights);
    this.#count(
      'refcount table',
      header.refcountTableOffset,
      header.refcountTableClusters * geometry.clusterSize,
      1,
    );
    await this.#walkBitmaps();
    this.#walkBlocks();
    return this.#walk;
  }

  /** Counts an L1 table and gives the offsets of its L2 tables, each once. */
  #tablesOf(l1: L1Table, name: string): number[] {
    const { geometry, store } = this.#metadata;
    this.#count(name, l1.offset, l1.bytes.length, 1);
    const found = new Set<number>();
    for (let index = 0; index < l1.entries; index++) {
      const offset = offsetOf(readU32be(l1.bytes, index * 8), readU32be(l1.bytes, index * 8 + 4));
      if (offset === 0) continue;
      const place = l1.offset + index * 8;
      const hex = offset.toString(16);
      if (offset % geometry.clusterSize !== 0)
        this.#findings.corruption(
          'L1 entry',
          place,
          `ERROR l2_offset=${hex}: Table is not cluster aligned; L1 entry corrupted`,
        );
      else if (offset >= store.length)
        this.#findings.corruption(
          'L1 entry',
          place,
          `ERROR l2_offset=${hex}: Table is outside the file; L1 entry corrupted`,
        );
      else if (found.has(offset))
        this.#findings.corruption(
          'L1 entry',
          place,
          `ERROR l2_offset=${hex}: Table is used twice; L1 entry corrupted`,
        );
      else found.add(offset);
    }
    return [...found];
  }

  async #walkSnapshots(weights: Map<number, number>): Promise<void> {
    const { header, geometry, store } = this.#metadata;
    let table: SnapshotTable;
    try {
      table = await readSnapshotTable(store, header);
    } catch (error) {
      this.#note('snapshot table', header.snapshotsOffset, error);
      return;
    }
    for (const { l1Offset, l1Entries, id } of table.entries) {
      const name = `L1 table of snapshot ${id}`;
      const cluster = l1Offset / geometry.clusterSize;
      if (l1Offset + l1Entries * 8 > store.length || (l1Entries > 0 && this.#map.get(cluster) > 0)) {
        this.#findings.corruption(
          name,
          l1Offset,
          `ERROR ${name} at ${l1Offset.toString(16)} is not where one can be`,
        );
        continue;
      }
      const l1 = await L1Table.read(geometry, store, l1Offset, l1Entries);
      for (const offset of this.#tablesOf(l1, name)) weights.set(offset, (weights.get(offset) ?? 0) + 1);
    }
    if (table.entries.length > 0) this.#count('snapshot table', header.snapshotsOffset, table.bytes, 1);
  }

  async #walkTables(active: ReadonlySet<number>, weights: ReadonlyMap<number, number>): Promise<void> {
    const { geometry, tables } = this.#metadata;
    let done = 0;
    for (const [offset, weight] of weights) {
      if (this.#job?.cancelled)
        throw new BlockError('cancelled', 'The check was cancelled.', { file: geometry.file });
      this.#count('L2 table', offset, geometry.clusterSize, weight);
      const { bytes } = await tables.load(offset);
      for (let slot = 0; slot < geometry.perTable; slot++)
        this.#walkEntry(bytes, slot, offset, weight, active.has(offset));
      this.#job?.progress(++done, weights.size);
    }
  }

  #walkEntry(bytes: Uint8Array, slot: number, tableOffset: number, weight: number, isActive: boolean): void {
    const { geometry } = this.#metadata;
    let entry: Entry;
    try {
      entry = entryAt(geometry, bytes, slot, tableOffset);
    } catch (error) {
      this.#note('L2 entry', tableOffset + slot * geometry.entryBytes, error);
      return;
    }
    if (!entry.hasHost) return;
    if (isActive) this.#tally(entry);
    if (geometry.externalData) return;
    const first = entry.host - (entry.host % geometry.clusterSize);
    const end = entry.compressed ? entry.host + entry.packedBytes : first + geometry.clusterSize;
    this.#count('data cluster', first, end - first, weight);
  }

  #tally(entry: Entry): void {
    const { clusterSize } = this.#metadata.geometry;
    this.#walk.allocated++;
    if (entry.compressed) {
      this.#walk.compressed++;
      this.#walk.fragmented++;
      return;
    }
    if (this.#expected !== 0 && entry.host !== this.#expected) this.#walk.fragmented++;
    this.#expected = entry.host + clusterSize;
  }

  async #walkBitmaps(): Promise<void> {
    const { store, header, geometry } = this.#metadata;
    try {
      const directory = await readBitmapDirectory(store, header);
      if (directory === undefined) return;
      this.#count('bitmap directory', directory.offset, directory.bytes.length, 1);
      for (const { tableOffset, tableEntries } of directory.bitmaps) {
        if (tableOffset % geometry.clusterSize !== 0 || tableOffset + tableEntries * 8 > store.length) {
          this.#findings.corruption(
            'bitmap table',
            tableOffset,
            `ERROR bitmap table at ${tableOffset.toString(16)} is not where one can be`,
          );
          continue;
        }
        this.#count('bitmap table', tableOffset, tableEntries * 8, 1);
        const table = await L1Table.read(geometry, store, tableOffset, tableEntries);
        for (let index = 0; index < table.entries; index++) {
          const offset = table.tableOffset(index);
          if (offset !== 0) this.#count('bitmap cluster', offset, geometry.clusterSize, 1);
        }
      }
    } catch (error) {
      this.#note('bitmap directory', 0, error);
    }
  }

  #walkBlocks(): void {
    const { refcounts, geometry, store, header } = this.#metadata;
    for (let index = 0; index < refcounts.tableEntries; index++) {
      let offset: number;
      try {
        offset = refcounts.blockOffset(index);
      } catch {
        this.#damagedBlock(
          index,
          header.refcountTableOffset + index * 8,
          'is not cluster aligned; refcount table entry corrupted',
        );
        continue;
      }
      if (offset === 0) continue;
      if (offset >= store.length) {
        this.#damagedBlock(index, offset, 'is outside image');
        continue;
      }
      this.#count('refcount block', offset, geometry.clusterSize, 1);
      const references = this.#map.get(offset / geometry.clusterSize);
      if (references !== 1) this.#damagedBlock(index, offset, `refcount=${references}`);
    }
  }

  #damagedBlock(index: number, offset: number, what: string): void {
    this.#findings.corruption('refcount block', offset, `ERROR refcount block ${index} ${what}`);
    this.#walk.mustRebuild = true;
    this.#walk.rebuildFaults++;
    this.#walk.damagedBlocks.add(index);
  }

  #count(structure: string, offset: number, bytes: number, weight: number): void {
    if (bytes === 0) return;
    const { clusterSize } = this.#metadata.geometry;
    const { length } = this.#metadata.store;
    // The last cluster of a file need not be there in full.
    if (offset + bytes - length >= clusterSize) {
      this.#findings.corruption(
        structure,
        offset,
        `ERROR: counting reference for region exceeding the end of the file by one cluster or more: offset 0x${offset.toString(16)} size 0x${bytes.toString(16)}`,
      );
      return;
    }
    const end = Math.floor((offset + bytes - 1) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster <= end; cluster++)
      this.#map.add(cluster, weight);
  }

  #note(structure: string, offset: number, error: unknown): void {
    if (!(error instanceof BlockError)) throw error;
    if (error.code === 'corrupt') this.#findings.corruption(structure, offset, `ERROR ${error.message}`);
    else this.#findings.checkErrors++;
  }
}
