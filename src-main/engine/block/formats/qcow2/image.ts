// An open qcow2 image as a block node. Requests that only touch clusters of their own, or fill new ones, run side by
// side; those that change the maps otherwise run alone. Reference: QEMU, docs/interop/qcow2.rst.

import { utf8 } from '../../../base/utf8.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type {
  CreateOptions,
  FormatName,
  ImageHost,
  ImageNode,
  ImageSnapshots,
  OpenOptions,
} from '../../image-format.ts';
import type { BlockNode, BlockStatus } from '../../node.ts';
import { checkRange } from '../../range.ts';
import { RequestLock } from '../../request-lock.ts';
import { type BitmapDirectory, describeBitmaps, markBitmapsInUse, readBitmapDirectory } from './bitmaps.ts';
import { Content } from './content.ts';
import { l1EntriesFor, MAX_L1_BYTES, roundUp } from './geometry.ts';
import {
  AUTOCLEAR_BITMAPS,
  AUTOCLEAR_RAW_DATA,
  COMPATIBLE_LAZY_REFCOUNTS,
  EXTENSION_BACKING_FORMAT,
  EXTENSION_DATA_FILE,
  extensionText,
  INCOMPATIBLE_CORRUPT,
  type Qcow2Header,
  setExtension,
} from './header.ts';
import { Metadata, readOnlyError, refuseMarked } from './metadata.ts';
import { Snapshots } from './snapshots.ts';
import { type NewClusters, Writing } from './writing.ts';

const FILL_BYTES = 2 * 1024 * 1024;

export interface Qcow2Parts {
  readonly store: ByteStore;
  /** Where data is; `store` itself without an external data file. */
  readonly dataStore: ByteStore;
  readonly header: Qcow2Header;
  readonly host: ImageHost;
  readonly options: OpenOptions;
  readonly backing: BlockNode | undefined;
}

export class Qcow2Image implements ImageNode {
  readonly format = 'qcow2';
  readonly readOnly: boolean;
  readonly #snapshots: Snapshots;
  readonly backing?: BlockNode;
  readonly #parts: Qcow2Parts;
  readonly #metadata: Metadata;
  readonly #content: Content;
  readonly #writing: Writing;
  readonly #lock = new RequestLock();
  /** Requests inside together change the maps one at a time. */
  readonly #maps = new RequestLock();
  /** Whose data is being written. */
  readonly #making = new Set<NewClusters>();
  /** The first change has been announced in the header. */
  #begun = false;
  #closed = false;
  #bitmaps: BitmapDirectory | undefined;

  constructor(parts: Qcow2Parts) {
    const { store, dataStore, header, host, options, backing } = parts;
    this.#parts = parts;
    this.readOnly = !options.write;
    this.#metadata = new Metadata(store, dataStore, header, options.cacheBytes);
    this.#content = new Content(this.#metadata, host.codecs, backing);
    this.#writing = new Writing(this.#metadata, this.#content, host.codecs);
    // What is behind but not opened must be taken for anything.
    this.#writing.bareUntil = backing?.length ?? (header.backingName === undefined ? 0 : header.length);
    if (backing !== undefined) this.backing = backing;
    this.#snapshots = new Snapshots({
      metadata: this.#metadata,
      content: this.#content,
      host,
      alone: (work) => this.#change(work),
      together: (work) => this.#together(work),
      forgetPacking: () => this.#writing.endPacking(),
    });
  }

  async open(): Promise<void> {
    await this.#metadata.open();
    await this.#snapshots.load();
    this.#bitmaps = await readBitmapDirectory(this.#parts.store, this.#metadata.header);
  }

  /** For checking and tests. */
  get metadata(): Metadata {
    return this.#metadata;
  }

  get snapshots(): ImageSnapshots {
    return this.#snapshots;
  }

  get length(): number {
    return this.#metadata.header.length;
  }

  get clusterSize(): number {
    return this.#metadata.geometry.clusterSize;
  }

  get backingName(): string | undefined {
    return this.#metadata.header.backingName;
  }

  get backingFormat(): FormatName | undefined {
    return extensionText(this.#metadata.header, EXTENSION_BACKING_FORMAT) as FormatName | undefined;
  }

  details(): Readonly<Record<string, unknown>> {
    const { header, geometry } = this.#metadata;
    const dataFile = extensionText(header, EXTENSION_DATA_FILE);
    const bitmaps = describeBitmaps(this.#bitmaps);
    if (header.version < 3)
      return { compat: '0.10', 'compression-type': 'zlib', 'refcount-bits': 2 ** header.refcountOrder };
    return {
      compat: '1.1',
      'compression-type': header.compressionType === 1 ? 'zstd' : 'zlib',
      'lazy-refcounts': (header.compatible & COMPATIBLE_LAZY_REFCOUNTS) !== 0,
      'refcount-bits': 2 ** header.refcountOrder,
      corrupt: (header.incompatible & INCOMPATIBLE_CORRUPT) !== 0,
      'extended-l2': geometry.subclusters > 1,
      ...(geometry.externalData
        ? { 'data-file': dataFile, 'data-file-raw': (header.autoclear & AUTOCLEAR_RAW_DATA) !== 0 }
        : {}),
      ...(bitmaps.length > 0 ? { bitmaps } : {}),
    };
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#parts.store.name, this.length, offset, into.length);
    await this.#enterTogether();
    try {
      await this.#content.read(this.#metadata.l1, offset, into);
    } finally {
      this.#lock.leaveTogether();
    }
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    this.#checkWrite(offset, from.length);
    if (!this.#begun) await this.#begin();
    let done = await this.#writeTogether(offset, from).catch((error: unknown) =>
      // The same again, where damage is noted.
      this.#change(() => Promise.reject(error)),
    );
    if (done < from.length)
      done += await this.#change(async () => {
        await this.#writing.write(offset + done, from.subarray(done));
        return from.length - done;
      });
  }

  async writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    this.#checkWrite(offset, length);
    await this.#change(() => this.#zero(offset, length, !unmap));
  }

  async discard(offset: number, length: number): Promise<void> {
    this.#checkWrite(offset, length);
    const { geometry } = this.#metadata;
    if (geometry.rawExternalData || (geometry.version < 3 && this.backing !== undefined)) return;
    const [start, end] = this.#wholeClusters(offset, length);
    if (start >= end) return;
    await this.#change(() =>
      this.backing === undefined
        ? this.#writing.forget(start, end - start)
        : this.#writing.zero(start, end - start, false, true),
    );
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#parts.store.name, this.length, offset, length);
    await this.#enterTogether();
    try {
      return await this.#content.status(this.#metadata.l1, offset, length);
    } finally {
      this.#lock.leaveTogether();
    }
  }

  async flush(): Promise<void> {
    if (this.readOnly) return;
    await this.#lock.alone(() => this.#metadata.writeBack());
  }

  async resize(length: number, preallocation: CreateOptions['preallocation'] = 'off'): Promise<void> {
    this.#checkWrite(0, 0);
    const { geometry, header } = this.#metadata;
    const { name: file } = this.#parts.store;
    const refuse = (why: string) =>
      new BlockError('unsupported', `“${file}” cannot be resized: ${why}.`, { file });
    if (l1EntriesFor(geometry, length) * 8 > MAX_L1_BYTES)
      throw refuse(`with clusters of ${geometry.clusterSize} bytes it cannot have ${length} bytes`);
    if (length === this.length) return;
    if ((header.autoclear & AUTOCLEAR_BITMAPS) !== 0)
      throw refuse('it has bitmaps, which would no longer fit');
    if (header.snapshotCount > 0 && (length < this.length || header.version < 3))
      throw refuse('it has snapshots; delete them first');
    await this.#change(() =>
      length < this.length ? this.#shrink(length) : this.#grow(length, preallocation),
    );
  }

  async writeCompressed(offset: number, from: Uint8Array): Promise<void> {
    this.#checkWrite(offset, from.length);
    this.#writing.refuseExternal('compression');
    const whole = from.length === this.clusterSize || offset + from.length === this.length;
    if (offset % this.clusterSize !== 0 || from.length > this.clusterSize || !whole)
      throw new BlockError(
        'invalid-argument',
        `“${this.#parts.store.name}”: only whole clusters can be compressed.`,
        {
          file: this.#parts.store.name,
          offset,
        },
      );
    // Several clusters are packed at a time; only their writing takes turns.
    const packed = await this.#writing.pack(from);
    await this.#change(() =>
      packed === undefined ? this.#writing.write(offset, from) : this.#writing.writePacked(offset, packed),
    );
  }

  async setBacking(
    backing: { readonly name: string; readonly format: FormatName } | undefined,
  ): Promise<void> {
    this.#checkWrite(0, 0);
    const { header } = this.#metadata;
    await this.#change(async () => {
      header.backingName = backing?.name;
      setExtension(
        header,
        EXTENSION_BACKING_FORMAT,
        backing === undefined ? undefined : utf8(backing.format),
      );
      await this.#metadata.rewriteHeader();
    });
  }

  async clear(): Promise<void> {
    this.#checkWrite(0, 0);
    await this.#change(() => this.#writing.forget(0, roundUp(this.length, this.clusterSize)));
    await this.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (!this.readOnly) await this.#lock.alone(() => this.#metadata.writeAll());
    } finally {
      await this.#closeFiles();
    }
  }

  async #closeFiles(): Promise<void> {
    const { store, dataStore, backing } = this.#parts;
    if (dataStore !== store) await dataStore.close();
    await store.close();
    await backing?.close();
  }

  #checkWrite(offset: number, length: number): void {
    if (this.readOnly) throw readOnlyError(this.#parts.store.name);
    refuseMarked(this.#parts.store.name, this.#metadata.header);
    checkRange(this.#parts.store.name, this.length, offset, length);
  }

  async #enterTogether(): Promise<void> {
    const turn = this.#lock.enterTogether();
    if (turn !== undefined) await turn;
  }

  async #together<T>(work: () => Promise<T>): Promise<T> {
    await this.#enterTogether();
    try {
      return await work();
    } finally {
      this.#lock.leaveTogether();
    }
  }

  /** Alone on the image, with damage noted in it. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#begun) await this.#begin();
    return await this.#lock.alone(async () => {
      try {
        return await work();
      } catch (error) {
        if (this.#showsDamage(error)) await this.#metadata.markCorrupt();
        throw error;
      }
    });
  }

  /** Its maps are wrong; not the content of a packed cluster, and not what lies behind. */
  #showsDamage(error: unknown): boolean {
    return (
      error instanceof BlockError &&
      error.code === 'corrupt' &&
      error.detail['file'] === this.#parts.store.name &&
      error.detail['structure'] !== 'compressed cluster'
    );
  }

  /** Before the first change: what others keep about the content no longer holds. */
  async #begin(): Promise<void> {
    await this.#lock.alone(async () => {
      if (this.#begun) return;
      const { header } = this.#metadata;
      this.#metadata.refuseRepeatedTables();
      const known = header.autoclear & (AUTOCLEAR_BITMAPS | AUTOCLEAR_RAW_DATA);
      if (header.autoclear !== known) await this.#metadata.commitHeader({ autoclear: known });
      await markBitmapsInUse(this.#parts.store, this.#bitmaps);
      this.#begun = true;
    });
  }

  /** What needs no other request to wait: clusters of the image's own, and whole new ones. Gives the bytes written. */
  async #writeTogether(offset: number, from: Uint8Array): Promise<number> {
    await this.#enterTogether();
    try {
      for (let done = 0; ; ) {
        done += await this.#writeInPlace(offset + done, from.subarray(done));
        const more = done === from.length ? 0 : await this.#writeNew(offset + done, from.subarray(done));
        if (more === 0) return done;
        done += more;
      }
    } finally {
      this.#lock.leaveTogether();
    }
  }

  /** As far as the clusters are the image's own; gives the bytes written. */
  async #writeInPlace(offset: number, from: Uint8Array): Promise<number> {
    const { dataStore, l1, geometry } = this.#metadata;
    let done = 0;
    while (done < from.length) {
      const run = await this.#content.run(l1, offset + done, from.length - done);
      if (run.kind !== 'data' || !run.own) break;
      if (!geometry.externalData) {
        const start = run.host - (run.host % geometry.clusterSize);
        this.#metadata.refuseForeign(start, run.host + run.length - start);
      }
      const part = run.length === from.length ? from : from.subarray(done, done + run.length);
      await dataStore.writeAt(run.host, part);
      done += run.length;
    }
    return done;
  }

  /** Whole clusters where there are none: while their data is written, others take their room. */
  async #writeNew(offset: number, from: Uint8Array): Promise<number> {
    const { dataStore, geometry } = this.#metadata;
    const made = await this.#maps.alone(async () => {
      if (this.#isMaking(offset, from.length)) return undefined;
      const room = await this.#writing.takeRoom(offset, from.length);
      if (room !== undefined) this.#making.add(room);
      return room;
    });
    if (made === undefined) return 0;
    const length = made.count * geometry.clusterSize;
    try {
      await dataStore.writeAt(made.host, from.length === length ? from : from.subarray(0, length));
      await this.#maps.alone(() => this.#writing.publish(made));
    } catch (error) {
      await this.#maps.alone(() => this.#writing.giveUp(made));
      throw error;
    } finally {
      this.#making.delete(made);
    }
    return length;
  }

  #isMaking(offset: number, length: number): boolean {
    for (const made of this.#making) {
      const end = made.offset + made.count * this.clusterSize;
      if (offset < end && made.offset < offset + length) return true;
    }
    return false;
  }

  /** Whole subclusters by their entries, the rest by writing. */
  async #zero(offset: number, length: number, keep: boolean): Promise<void> {
    const { unit } = this.#metadata.geometry;
    const end = offset + length;
    const start = Math.min(roundUp(offset, unit), end);
    const stop = end === this.length ? end : Math.max(end - (end % unit), start);
    await this.#zeroPart(offset, start - offset);
    for (let at = start; at < stop; ) {
      const behind = this.backing !== undefined && at < this.backing.length;
      const next =
        behind && this.backing ? Math.min(stop, roundUp(this.backing.length, this.clusterSize)) : stop;
      await this.#writing.zero(at, next - at, keep, behind);
      at = next;
    }
    await this.#zeroPart(stop, end - stop);
  }

  async #zeroPart(offset: number, length: number): Promise<void> {
    if (length <= 0) return;
    const status = await this.#content.status(this.#metadata.l1, offset, length);
    if (!status.zero || status.length < length) await this.#writing.writeZeroBytes(offset, length);
  }

  /** Clusters that lie wholly in a range; the last of the image may be shorter. */
  #wholeClusters(offset: number, length: number): readonly [number, number] {
    const end = offset + length;
    return [roundUp(offset, this.clusterSize), end === this.length ? end : end - (end % this.clusterSize)];
  }

  async #shrink(length: number): Promise<void> {
    const start = roundUp(length, this.clusterSize);
    if (start < this.length) await this.#writing.forget(start, this.length - start);
    await this.#metadata.writeBack();
    await this.#metadata.commitHeader({ length });
  }

  async #grow(length: number, preallocation: CreateOptions['preallocation']): Promise<void> {
    const { header, geometry, dataStore } = this.#metadata;
    const before = header.length;
    await this.#metadata.growL1(length);
    await this.#metadata.writeBack();
    if (geometry.rawExternalData) await dataStore.truncate(length);
    header.length = length;
    try {
      await this.#hideBetween(before, length);
      await this.#metadata.writeBack();
    } finally {
      header.length = before;
    }
    await this.#metadata.commitHeader({ length });
    const start = Math.min(roundUp(before, this.clusterSize), length);
    if (preallocation !== 'off') await this.preallocate(start, length - start, preallocation);
  }

  /** What a larger disk shows at first are zeroes. */
  async #hideBetween(before: number, length: number): Promise<void> {
    // The rest of the last cluster may hold what was there before an earlier shrinking; and what lies behind the
    // image must not come to light.
    const edge = Math.min(roundUp(before, this.clusterSize), length);
    if (edge > before) await this.#zeroPart(before, edge - before);
    const behind = Math.min(this.backing?.length ?? 0, length);
    if (behind > edge) await this.#zero(edge, behind - edge, false);
  }

  /** Clusters for a range that holds nothing yet. */
  async preallocate(
    offset: number,
    length: number,
    preallocation: CreateOptions['preallocation'],
  ): Promise<void> {
    await this.#writing.reserve(offset, length);
    // Node offers no reservation of room; writing has the same effect.
    if (preallocation !== 'metadata') await this.#fillWithZeroes(offset, length);
    await this.#metadata.writeBack();
  }

  async #fillWithZeroes(offset: number, length: number): Promise<void> {
    const zeroes = new Uint8Array(Math.min(length, FILL_BYTES));
    for (let done = 0; done < length; done += zeroes.length) {
      const part = zeroes.subarray(0, Math.min(zeroes.length, length - done));
      await this.#writing.write(offset + done, part);
    }
  }
}
