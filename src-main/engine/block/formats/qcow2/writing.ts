// Writing to a qcow2 image where its maps change: clusters are allocated, copied from a snapshot or from behind, packed,
// made zero or given up. All of it runs alone on the image. Data goes first, the maps in memory after it; when they
// reach the file is the metadata's business. Reference: QEMU, docs/interop/qcow2.rst.

import { BlockError } from '../../block-error.ts';
import type { Codecs } from '../../codecs.ts';
import type { Content } from './content.ts';
import { roundUp } from './geometry.ts';
import { allSubclusters, type Entry, entryAt, putCompressed, putEntry, subclusterBits } from './l2-entry.ts';
import type { Metadata } from './metadata.ts';
import type { Table } from './table-cache.ts';

/** A row of clusters in one L2 table that are written in one go. */
interface Group {
  readonly table: Table;
  readonly slot: number;
  readonly entries: readonly Entry[];
  /** Where the data of the first cluster goes. */
  readonly host: number;
  /** Newly allocated, to be freed if writing fails. */
  readonly allocated: boolean;
  /** Nothing was stored at `host` before: what is not written reads zero. */
  readonly blank: boolean;
}

/** Whole clusters on their way into a place that no map refers to yet. */
export interface NewClusters {
  readonly offset: number;
  readonly host: number;
  readonly count: number;
}

const ZEROES = new Uint8Array(64 * 1024);

export class Writing {
  readonly #metadata: Metadata;
  readonly #content: Content;
  readonly #codecs: Codecs;
  /** Where the next packed cluster goes; 0: into a cluster of its own. */
  #packedEnd = 0;

  constructor(metadata: Metadata, content: Content, codecs: Codecs) {
    this.#metadata = metadata;
    this.#content = content;
    this.#codecs = codecs;
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    for (let done = 0; done < from.length; )
      done += await this.#writeGroup(offset + done, from.subarray(done));
  }

  /**
   * Takes room for the whole clusters at the start of a range, if nothing of the image has to be moved or written for
   * that. The caller writes the data and then calls `publish` or `giveUp`; until then the range is its own.
   */
  async takeRoom(offset: number, length: number): Promise<NewClusters | undefined> {
    const { geometry, refcounts } = this.#metadata;
    const { clusterSize, perTable } = geometry;
    if (geometry.externalData || offset % clusterSize !== 0 || length < clusterSize) return undefined;
    const table = await this.#metadata.tableAtHand(offset);
    if (table === undefined) return undefined;
    const slot = Math.floor(offset / clusterSize) % perTable;
    const most = Math.min(Math.floor(length / clusterSize), perTable - slot);
    let free = 0;
    while (free < most && !entryAt(geometry, table.bytes, slot + free, table.offset).hasHost) free++;
    if (free === 0) return undefined;
    const clusters = await refcounts.allocate(free);
    return { offset, host: clusters.offset, count: clusters.count };
  }

  /** The data is in its place: the map says so from now on. */
  async publish({ offset, host, count }: NewClusters): Promise<void> {
    const { geometry, l1, tableReach } = this.#metadata;
    const { clusterSize, perTable } = geometry;
    // It may have left the cache meanwhile.
    const table = await this.#metadata.loadTable(l1.tableOffset(Math.floor(offset / tableReach)));
    const slot = Math.floor(offset / clusterSize) % perTable;
    const stored = allSubclusters(geometry);
    for (let index = 0; index < count; index++)
      putEntry(geometry, table.bytes, slot + index, {
        host: host + index * clusterSize,
        own: true,
        stored,
        zero: 0,
      });
    this.#metadata.changedEntries(table, slot, count);
  }

  async giveUp({ host, count }: NewClusters): Promise<void> {
    await this.#metadata.refcounts.free(host, count);
  }

  /** Makes clusters for a range where the image holds nothing; it reads as before. */
  async reserve(offset: number, length: number): Promise<void> {
    const { geometry } = this.#metadata;
    for (let at = offset; at < offset + length; ) {
      const group = await this.#group(at, offset + length - at);
      const count = group.entries.length;
      for (let index = 0; index < count; index++) {
        const entry = group.entries[index];
        if (entry === undefined || !group.allocated) continue;
        const isZero = geometry.subclusters === 1 && !group.blank && !geometry.externalData;
        this.#put(group, index, geometry.subclusters > 1 || isZero ? 0 : 1, isZero ? 1 : entry.zero);
      }
      this.#metadata.changedEntries(group.table, group.slot, count);
      const end = group.host + count * geometry.clusterSize;
      const { dataStore } = this.#metadata;
      if (!geometry.externalData && end > dataStore.length) await dataStore.truncate(end);
      at += count * geometry.clusterSize - (at % geometry.clusterSize);
    }
  }

  async #writeGroup(offset: number, from: Uint8Array): Promise<number> {
    const { clusterSize, unit } = this.#metadata.geometry;
    const group = await this.#group(offset, from.length);
    const skip = offset % clusterSize;
    const length = Math.min(group.entries.length * clusterSize - skip, from.length);
    const last = group.entries.length - 1;
    const clusterOf = (index: number) => offset - skip + index * clusterSize;
    // What of the first and the last cluster must be filled from elsewhere: up to their subclusters' bounds, and
    // beyond, when data moves here from a cluster that others keep.
    const moves = (index: number) => group.allocated && holdsData(group.entries[index]);
    const start = moves(0) ? clusterOf(0) : offset - (offset % unit);
    const bound = moves(last) ? clusterOf(last + 1) : roundUp(offset + length, unit);
    // A data file of its own is as long as the disk.
    const { externalData } = this.#metadata.geometry;
    const end = externalData ? Math.min(bound, Math.max(this.#lengthOnDisk, offset + length)) : bound;
    try {
      await this.#writeFilled(group, { start, offset, from: from.subarray(0, length), end });
    } catch (error) {
      if (group.allocated && !this.#metadata.geometry.externalData)
        await this.#metadata.refcounts.free(group.host, group.entries.length);
      throw error;
    }
    for (let index = 0; index <= last; index++) {
      const entry = group.entries[index];
      if (entry === undefined) continue;
      const cluster = clusterOf(index);
      const written = subclusterBits(
        this.#metadata.geometry,
        Math.max(start - cluster, 0),
        Math.min(end - cluster, clusterSize),
      );
      this.#put(group, index, (entry.stored | written) >>> 0, (entry.zero & ~written) >>> 0);
      if (group.allocated) this.#release(entry);
    }
    this.#metadata.changedEntries(group.table, group.slot, group.entries.length);
    return length;
  }

  /** The longest row from `offset` on that goes to one place in the file. */
  async #group(offset: number, length: number): Promise<Group> {
    const { geometry, refcounts, dataStore } = this.#metadata;
    const { clusterSize, perTable } = geometry;
    const table = await this.#metadata.ownTableFor(offset);
    const slot = Math.floor(offset / clusterSize) % perTable;
    const most = Math.min(Math.ceil(((offset % clusterSize) + length) / clusterSize), perTable - slot);
    const first = entryAt(geometry, table.bytes, slot, table.offset);
    const entries = [first];
    if (first.hasHost && first.own) {
      while (entries.length < most) {
        const next = entryAt(geometry, table.bytes, slot + entries.length, table.offset);
        if (!next.hasHost || !next.own || next.host !== first.host + entries.length * clusterSize) break;
        entries.push(next);
      }
      if (!geometry.externalData) this.#metadata.refuseForeign(first.host, entries.length * clusterSize);
      return { table, slot, entries, host: first.host, allocated: false, blank: false };
    }
    while (entries.length < most) {
      const next = entryAt(geometry, table.bytes, slot + entries.length, table.offset);
      if (next.hasHost && next.own) break;
      entries.push(next);
    }
    if (geometry.externalData) {
      const host = offset - (offset % clusterSize);
      return { table, slot, entries, host, allocated: true, blank: false };
    }
    const before = dataStore.length;
    const clusters = await refcounts.allocate(entries.length);
    entries.length = clusters.count;
    return { table, slot, entries, host: clusters.offset, allocated: true, blank: clusters.offset >= before };
  }

  /** Writes `from`, and from `start` and up to `end` what the image reads there now. */
  async #writeFilled(
    group: Group,
    { start, offset, from, end }: { start: number; offset: number; from: Uint8Array; end: number },
  ): Promise<void> {
    const { dataStore, geometry, l1 } = this.#metadata;
    const host = group.host + (start % geometry.clusterSize);
    const before = offset - start;
    const after = end - offset - from.length;
    if (before === 0 && after === 0) return await dataStore.writeAt(host, from);
    const length = this.#lengthOnDisk;
    const head = await this.#present(l1, start, before, length);
    const tail = await this.#present(l1, offset + from.length, after, length);
    // Where nothing was ever stored, zeroes need not be.
    const skipHead = group.blank && head === undefined;
    const skipTail = group.blank && tail === undefined;
    if (from.length + before + after <= 2 * geometry.clusterSize) {
      const whole = new Uint8Array((skipHead ? 0 : before) + from.length + (skipTail ? 0 : after));
      const at = skipHead ? 0 : before;
      if (head !== undefined) whole.set(head);
      whole.set(from, at);
      if (tail !== undefined) whole.set(tail, at + from.length);
      return await dataStore.writeAt(host + (skipHead ? before : 0), whole);
    }
    if (!skipHead && before > 0) await dataStore.writeAt(host, head ?? new Uint8Array(before));
    await dataStore.writeAt(host + before, from);
    if (!skipTail && after > 0)
      await dataStore.writeAt(host + before + from.length, tail ?? new Uint8Array(after));
  }

  /** What the image reads there, undefined for nothing but zeroes. */
  async #present(
    l1: Metadata['l1'],
    offset: number,
    length: number,
    end: number,
  ): Promise<Uint8Array | undefined> {
    const inside = Math.min(length, end - offset);
    if (inside <= 0) return undefined;
    const status = await this.#content.status(l1, offset, inside);
    if (status.zero && status.length === inside) return undefined;
    const bytes = new Uint8Array(length);
    await this.#content.read(l1, offset, bytes.subarray(0, inside));
    return bytes;
  }

  get #lengthOnDisk(): number {
    return this.#metadata.header.length;
  }

  /** `from` is a whole cluster, shorter only at the image's end. Undefined: it does not get smaller. */
  async pack(from: Uint8Array): Promise<Uint8Array | undefined> {
    const { geometry } = this.#metadata;
    let plain = from;
    if (from.length < geometry.clusterSize) {
      plain = new Uint8Array(geometry.clusterSize);
      plain.set(from);
    }
    const packed = this.#codecs.packLater
      ? await this.#codecs.packLater(geometry.compression, plain)
      : this.#codecs.pack(geometry.compression, plain);
    return packed !== undefined && packed.length < geometry.clusterSize - 512 ? packed : undefined;
  }

  async writePacked(offset: number, packed: Uint8Array): Promise<void> {
    const { geometry, dataStore } = this.#metadata;
    const table = await this.#metadata.ownTableFor(offset);
    const slot = Math.floor(offset / geometry.clusterSize) % geometry.perTable;
    const old = entryAt(geometry, table.bytes, slot, table.offset);
    const host = await this.#placeFor(packed.length);
    await dataStore.writeAt(host, packed);
    // Readers may read whole sectors, also the last one.
    const end = host + packed.length;
    if (dataStore.length < roundUp(end, 512)) await dataStore.truncate(roundUp(end, 512));
    putCompressed(geometry, table.bytes, slot, host, packed.length);
    this.#metadata.changedEntries(table, slot, 1);
    this.#release(old);
  }

  async #placeFor(bytes: number): Promise<number> {
    const { refcounts, geometry } = this.#metadata;
    const { clusterSize } = geometry;
    const start = this.#packedEnd;
    const room = start === 0 ? 0 : roundUp(start, clusterSize) - start;
    const cluster = start - (start % clusterSize);
    if (room > 0 && (await refcounts.get(cluster)) < geometry.refcountMax) {
      if (bytes <= room || (await refcounts.allocateAt(cluster + clusterSize, 1))) {
        await refcounts.increase(cluster, 1);
        this.#packedEnd = start + bytes;
        return start;
      }
    }
    const { offset } = await refcounts.allocate(1);
    this.#packedEnd = offset + bytes;
    return offset;
  }

  /** Nothing packed may be appended to a cluster that was given up. */
  endPacking(): void {
    this.#packedEnd = 0;
  }

  /**
   * Whole subclusters read zero from now on. `keep`: their clusters stay allocated. Where zero cannot be stated
   * (version 2 above other data; raw external data) zeroes are written.
   */
  async zero(offset: number, length: number, keep: boolean, coversBacking: boolean): Promise<void> {
    const { geometry } = this.#metadata;
    if ((geometry.version < 3 && coversBacking) || geometry.rawExternalData)
      return await this.writeZeroBytes(offset, length);
    await this.#eachCluster(offset, length, (table, slot, entry, bits) => {
      if (entry.compressed || (!keep && bits === allSubclusters(geometry))) {
        const partial = bits !== allSubclusters(geometry);
        if (partial) return 'rewrite';
        const state =
          geometry.version >= 3 && (coversBacking || entry.hasHost || entry.zero !== 0) ? bits : 0;
        putEntry(geometry, table.bytes, slot, { host: 0, own: false, stored: 0, zero: state });
        this.#release(entry);
        return 'done';
      }
      if (!entry.hasHost && entry.zero === 0 && !coversBacking) return 'nothing';
      if (geometry.version < 3) {
        if (!entry.hasHost) return 'nothing';
        putEntry(geometry, table.bytes, slot, { host: 0, own: false, stored: 0, zero: 0 });
        this.#release(entry);
        return 'done';
      }
      putEntry(geometry, table.bytes, slot, {
        host: entry.host,
        own: entry.own,
        stored: (entry.stored & ~bits) >>> 0,
        zero: (entry.zero | bits) >>> 0,
      });
      return 'done';
    });
  }

  async writeZeroBytes(offset: number, length: number): Promise<void> {
    for (let done = 0; done < length; done += ZEROES.length)
      await this.write(offset + done, ZEROES.subarray(0, Math.min(ZEROES.length, length - done)));
  }

  /** Gives whole clusters back; without anything behind they may then read zero. */
  async forget(offset: number, length: number): Promise<void> {
    const { geometry } = this.#metadata;
    await this.#eachCluster(offset, length, (table, slot, entry) => {
      if (!entry.hasHost && entry.zero === 0) return 'nothing';
      putEntry(geometry, table.bytes, slot, { host: 0, own: false, stored: 0, zero: 0 });
      this.#release(entry);
      return 'done';
    });
  }

  /** L2 tables that are not there are made only if they are needed. */
  async #eachCluster(
    offset: number,
    length: number,
    change: (table: Table, slot: number, entry: Entry, bits: number) => 'done' | 'nothing' | 'rewrite',
  ): Promise<void> {
    const { geometry, l1, tableReach } = this.#metadata;
    const { clusterSize, perTable } = geometry;
    for (let at = offset; at < offset + length; ) {
      const inCluster = at % clusterSize;
      const count = Math.min(clusterSize - inCluster, offset + length - at);
      if (l1.tableOffset(Math.floor(at / tableReach)) === 0 && this.#isBareTableFine(at)) {
        at += tableReach - (at % tableReach);
        continue;
      }
      const table = await this.#metadata.ownTableFor(at);
      const slot = Math.floor(at / clusterSize) % perTable;
      const entry = entryAt(geometry, table.bytes, slot, table.offset);
      const outcome = change(table, slot, entry, subclusterBits(geometry, inCluster, inCluster + count));
      if (outcome === 'done') this.#metadata.changedEntries(table, slot, 1);
      if (outcome === 'rewrite') await this.writeZeroBytes(at, count);
      at += count;
    }
  }

  /** Whether a range without L2 table reads zero as it is. */
  #isBareTableFine(offset: number): boolean {
    return offset >= this.bareUntil;
  }

  /** Up to here something lies behind the image, so that clusters without entry do not read zero. */
  bareUntil = 0;

  #put(group: Group, index: number, stored: number, zero: number): void {
    const { geometry } = this.#metadata;
    putEntry(geometry, group.table.bytes, group.slot + index, {
      host: group.host + index * geometry.clusterSize,
      own: true,
      stored: group.allocated && holdsData(group.entries[index]) ? allSubclusters(geometry) : stored,
      zero: group.allocated && holdsData(group.entries[index]) ? 0 : zero,
    });
  }

  /** The clusters of an entry that was overwritten. */
  #release(entry: Entry): void {
    const { geometry, refcounts } = this.#metadata;
    if (!entry.hasHost || geometry.externalData) return;
    if (!entry.compressed) return refcounts.release(entry.host, 1);
    this.endPacking();
    this.#content.forgetUnpacked();
    const first = entry.host - (entry.host % geometry.clusterSize);
    const end = entry.host + entry.packedBytes;
    refcounts.release(first, Math.ceil((end - first) / geometry.clusterSize));
  }

  refuseExternal(what: string): void {
    if (!this.#metadata.geometry.externalData) return;
    const file = this.#metadata.store.name;
    throw new BlockError('unsupported', `“${file}”: ${what} is not possible with an external data file.`, {
      file,
    });
  }
}

function holdsData(entry: Entry | undefined): boolean {
  return entry !== undefined && (entry.compressed || entry.stored !== 0);
}
