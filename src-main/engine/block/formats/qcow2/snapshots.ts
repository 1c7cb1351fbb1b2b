// Internal snapshots of a qcow2 image: listing, taking, going back, deleting, reading. Every step leaves the file such
// that a power failure costs at most clusters that are counted too high.
// Reference: QEMU, docs/interop/qcow2.rst, "Snapshots".

import { utf8 } from '../../../base/utf8.ts';
import { BlockError } from '../../block-error.ts';
import type { ImageHost, ImageSnapshot, ImageSnapshots } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { checkRange } from '../../range.ts';
import type { Content } from './content.ts';
import { corrupt, l1EntriesFor } from './geometry.ts';
import { L1Table } from './l1-table.ts';
import { entryAt, putEntry } from './l2-entry.ts';
import { type Metadata, readOnlyError } from './metadata.ts';
import {
  encodeSnapshotTable,
  readSnapshotTable,
  type SnapshotEntry,
  type SnapshotTable,
  snapshotExtra,
} from './snapshot-table.ts';

export interface SnapshotParts {
  readonly metadata: Metadata;
  readonly content: Content;
  readonly host: ImageHost;
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  readonly together: <T>(work: () => Promise<T>) => Promise<T>;
  /** Clusters that were half filled with packed data are now shared. */
  readonly forgetPacking: () => void;
}

export class Snapshots implements ImageSnapshots {
  readonly #parts: SnapshotParts;
  readonly #metadata: Metadata;
  #table: SnapshotTable = { entries: [], bytes: 0 };

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.#metadata = parts.metadata;
  }

  async load(): Promise<void> {
    this.#table = await readSnapshotTable(this.#metadata.store, this.#metadata.header);
  }

  list(): readonly ImageSnapshot[] {
    return this.#table.entries.map(({ l1Offset: _o, l1Entries: _n, extra: _e, ...snapshot }) => snapshot);
  }

  async create(name: string): Promise<ImageSnapshot> {
    this.#refuseChange();
    if (utf8(name).length > 0xffff)
      throw new BlockError('invalid-argument', 'A snapshot’s name has at most 65535 bytes.', {
        file: this.#file,
      });
    return await this.#parts.alone(() => this.#create(name));
  }

  async apply(which: string): Promise<void> {
    this.#refuseChange();
    await this.#parts.alone(() => this.#apply(this.#find(which)));
  }

  async delete(which: string): Promise<void> {
    this.#refuseChange();
    await this.#parts.alone(() => this.#delete(this.#find(which)));
  }

  async open(which: string): Promise<BlockNode> {
    const snapshot = this.#find(which);
    const l1 = await this.#l1Of(snapshot);
    const { length } = snapshot;
    const file = this.#file;
    const { content, together } = this.#parts;
    const refuse = async () => {
      throw readOnlyError(file);
    };
    return {
      length,
      readOnly: true,
      read: async (offset, into) => {
        checkRange(file, length, offset, into.length);
        await together(() => content.read(l1, offset, into));
      },
      status: async (offset, count) => {
        checkRange(file, length, offset, count);
        return await together(() => content.status(l1, offset, count));
      },
      write: refuse,
      writeZeroes: refuse,
      discard: refuse,
      flush: async () => {},
      close: async () => {},
    };
  }

  get #file(): string {
    return this.#metadata.store.name;
  }

  #refuseChange(): void {
    if (this.#metadata.store.readOnly) throw readOnlyError(this.#file);
    if (this.#metadata.geometry.externalData)
      throw new BlockError(
        'unsupported',
        `“${this.#file}”: an image with an external data file has no snapshots.`,
        {
          file: this.#file,
          feature: 'snapshots',
        },
      );
  }

  #find(which: string): SnapshotEntry {
    const { entries } = this.#table;
    const found = entries.find(({ name }) => name === which) ?? entries.find(({ id }) => id === which);
    if (found !== undefined) return found;
    throw new BlockError('not-found', `“${this.#file}” has no snapshot “${which}”.`, {
      file: this.#file,
      snapshot: which,
    });
  }

  async #l1Of({ id, l1Offset, l1Entries, length }: SnapshotEntry): Promise<L1Table> {
    const { geometry, store, header } = this.#metadata;
    if (l1EntriesFor(geometry, length) > l1Entries)
      throw corrupt(
        this.#file,
        `the entry of snapshot ${id}`,
        header.snapshotsOffset,
        `says a disk of ${length} bytes, for which its L1 table is too short`,
      );
    return await L1Table.read(geometry, store, l1Offset, l1Entries);
  }

  async #create(name: string): Promise<ImageSnapshot> {
    const metadata = this.#metadata;
    const { header, l1 } = metadata;
    await metadata.writeBack();
    await this.#refuseOverflow();
    this.#parts.forgetPacking();
    await this.#eachReference(l1, (offset, count) => metadata.refcounts.increase(offset, count));
    await this.#clearOwn();
    const offset = await this.#storeL1(l1.bytes);
    const now = this.#parts.host.wallTimeMs();
    const entry: SnapshotEntry = {
      id: String(1 + this.#table.entries.reduce((most, { id }) => Math.max(most, Number(id) || 0), 0)),
      name,
      l1Offset: offset,
      l1Entries: l1.entries,
      extra: snapshotExtra(header.length),
      instructionCount: 0,
      dateSeconds: Math.floor(now / 1000),
      dateNanoseconds: Math.floor(now % 1000) * 1_000_000,
      vmClockNanoseconds: 0,
      vmStateSize: 0,
      length: header.length,
    };
    await metadata.writeBack();
    const old = await this.#replaceTable([...this.#table.entries, entry]);
    await this.#freeRange(old);
    await metadata.writeAll();
    return this.list().at(-1) ?? entry;
  }

  async #apply(snapshot: SnapshotEntry): Promise<void> {
    const metadata = this.#metadata;
    await metadata.writeBack();
    const l1 = await this.#l1Of(snapshot);
    const bytes = l1.bytes.slice();
    const next = new L1Table(metadata.geometry, 0, bytes);
    for (let index = 0; index < next.entries; index++) next.set(index, l1.tableOffset(index), false);
    await this.#eachReference(l1, (offset, count) => metadata.refcounts.increase(offset, count));
    const offset = await this.#storeL1(bytes);
    await metadata.writeBack();
    const old = metadata.l1;
    await metadata.replaceL1(new L1Table(metadata.geometry, offset, bytes), snapshot.length);
    this.#parts.forgetPacking();
    this.#parts.content.forgetUnpacked();
    await this.#eachReference(old, (at, count) => metadata.refcounts.free(at, count));
    await this.#freeRange({ offset: old.offset, bytes: old.bytes.length });
    await metadata.writeAll();
  }

  async #delete(snapshot: SnapshotEntry): Promise<void> {
    const metadata = this.#metadata;
    await metadata.writeBack();
    const l1 = await this.#l1Of(snapshot);
    const old = await this.#replaceTable(this.#table.entries.filter((entry) => entry !== snapshot));
    // Before counts go down: should power fail in between, they are too high, which does no harm.
    await this.#setOwnWithout(l1);
    await metadata.writeBack();
    await this.#eachReference(l1, (offset, count) => metadata.refcounts.free(offset, count));
    await this.#freeRange({ offset: snapshot.l1Offset, bytes: snapshot.l1Entries * 8 });
    await this.#freeRange(old);
    await metadata.writeAll();
  }

  /** Calls `visit` for each reference that an L1 table makes: tables, clusters, packed clusters. */
  async #eachReference(l1: L1Table, visit: (offset: number, count: number) => Promise<void>): Promise<void> {
    const metadata = this.#metadata;
    const { geometry } = metadata;
    const { clusterSize, perTable } = geometry;
    for (let index = 0; index < l1.entries; index++) {
      const at = l1.tableOffset(index);
      if (at === 0) continue;
      // A copy: the cluster of the table may be freed on the way.
      const bytes = (await metadata.loadTable(at)).bytes;
      for (let slot = 0; slot < perTable; slot++) {
        const entry = entryAt(geometry, bytes, slot, at);
        if (!entry.hasHost) continue;
        const first = entry.host - (entry.host % clusterSize);
        const end = entry.compressed ? entry.host + entry.packedBytes : first + clusterSize;
        await visit(first, Math.ceil((end - first) / clusterSize));
      }
      await visit(at, 1);
      if (this.#metadata.refcounts.cache.crowded) await this.#metadata.writeBack();
    }
  }

  /** A count that has no room for one more is found before anything is changed. */
  async #refuseOverflow(): Promise<void> {
    const { geometry, refcounts, l1 } = this.#metadata;
    if (geometry.refcountOrder > 3) return;
    await this.#eachReference(l1, async (offset, count) => {
      for (let index = 0; index < count; index++) {
        if ((await refcounts.get(offset + index * geometry.clusterSize)) < geometry.refcountMax) continue;
        throw new BlockError(
          'unsupported',
          `“${this.#file}” cannot have this snapshot: its refcounts have ${2 ** geometry.refcountOrder} bits, which do not count further.`,
          { file: this.#file, feature: 'refcount' },
        );
      }
    });
  }

  /** Nothing of the active tree may be written in place any more. */
  async #clearOwn(): Promise<void> {
    const metadata = this.#metadata;
    const { geometry, l1, tables } = metadata;
    for (let index = 0; index < l1.entries; index++) {
      const at = l1.tableOffset(index);
      if (at === 0) continue;
      metadata.setL1Entry(index, at, false);
      const table = await metadata.loadTable(at);
      for (let slot = 0; slot < geometry.perTable; slot++) {
        const entry = entryAt(geometry, table.bytes, slot, at);
        if (entry.compressed || !entry.own) continue;
        putEntry(geometry, table.bytes, slot, { ...entry, own: false });
        metadata.changedEntries(table, slot, 1);
      }
      if (tables.crowded) await metadata.writeBack();
    }
  }

  /** What only the active tree refers to, once the tree of `gone` is not there, may be written in place again. */
  async #setOwnWithout(gone: L1Table): Promise<void> {
    const metadata = this.#metadata;
    const { geometry, l1, tables, refcounts } = metadata;
    for (let index = 0; index < l1.entries; index++) {
      const at = l1.tableOffset(index);
      if (at === 0) continue;
      const goneAt = index < gone.entries ? gone.tableOffset(index) : 0;
      const others = goneAt === 0 ? undefined : (await metadata.loadTable(goneAt)).bytes;
      const table = await metadata.loadTable(at);
      if ((await refcounts.get(at)) - (at === goneAt ? 1 : 0) === 1) metadata.setL1Entry(index, at, true);
      for (let slot = 0; slot < geometry.perTable; slot++) {
        const entry = entryAt(geometry, table.bytes, slot, at);
        if (entry.compressed || !entry.hasHost || entry.own) continue;
        const other = others === undefined ? undefined : entryAt(geometry, others, slot, goneAt);
        const shared = other?.hasHost && !other.compressed && other.host === entry.host ? 1 : 0;
        if ((await refcounts.get(entry.host)) - shared !== 1) continue;
        putEntry(geometry, table.bytes, slot, { ...entry, own: true });
        metadata.changedEntries(table, slot, 1);
      }
      if (tables.crowded) await metadata.writeBack();
    }
  }

  /** Writes a copy of an L1 table to clusters of its own. */
  async #storeL1(bytes: Uint8Array): Promise<number> {
    const { geometry, refcounts, store } = this.#metadata;
    const clusters = Math.max(1, Math.ceil(bytes.length / geometry.clusterSize));
    const offset = await refcounts.allocateRow(clusters);
    const padded = new Uint8Array(clusters * geometry.clusterSize);
    padded.set(bytes);
    await store.writeAt(offset, padded);
    return offset;
  }

  /** Gives the place of the table before, to be freed. */
  async #replaceTable(entries: readonly SnapshotEntry[]): Promise<{ offset: number; bytes: number }> {
    const metadata = this.#metadata;
    const { header, geometry, refcounts, store } = metadata;
    const old = { offset: header.snapshotsOffset, bytes: this.#table.bytes };
    const bytes = encodeSnapshotTable(entries);
    let offset = 0;
    if (bytes.length > 0) {
      offset = await refcounts.allocateRow(Math.ceil(bytes.length / geometry.clusterSize));
      const padded = new Uint8Array(Math.ceil(bytes.length / geometry.clusterSize) * geometry.clusterSize);
      padded.set(bytes);
      await store.writeAt(offset, padded);
      await metadata.writeBack();
    }
    await metadata.commitHeader({ snapshotsOffset: offset, snapshotCount: entries.length });
    this.#table = { entries, bytes: bytes.length };
    return old;
  }

  async #freeRange({ offset, bytes }: { offset: number; bytes: number }): Promise<void> {
    const { clusterSize } = this.#metadata.geometry;
    if (offset === 0) return;
    await this.#metadata.refcounts.free(offset, Math.ceil(Math.max(bytes, 1) / clusterSize));
  }
}
