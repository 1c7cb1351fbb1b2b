// Fills a new streamOptimized extent: grains packed one behind the other in ascending order, then tables, directory and
// footer, so that a reader needs one pass. Each grain can be written once; what was left out reads zero.

import { writeU32, writeU64 } from '../../../base/bytes.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { Codecs } from '../../codecs.ts';
import type { BlockNode, BlockStatus } from '../../node.ts';
import { checkRange } from '../../range.ts';
import { RequestLock } from '../../request-lock.ts';
import { allZero, roundUp } from '../../sparse/fields.ts';
import {
  buildMarker,
  buildSparseHeader,
  directoryEntries,
  MARKERS,
  SECTOR,
  type SparseHeader,
} from './sparse-header.ts';

const MARKER_BYTES = 12;

export class StreamWriter implements BlockNode {
  readonly readOnly = false;
  readonly length: number;
  readonly #store: ByteStore;
  readonly #header: SparseHeader;
  readonly #codecs: Codecs;
  readonly #lock = new RequestLock();
  readonly #tables = new Map<number, Uint8Array>();
  #end: number;
  #last = -1;
  #grain: { readonly index: number; readonly bytes: Uint8Array } | undefined;
  #started = false;

  constructor(store: ByteStore, header: SparseHeader, codecs: Codecs) {
    this.#store = store;
    this.#header = header;
    this.#codecs = codecs;
    this.length = header.capacity * SECTOR;
    this.#end = header.overhead * SECTOR;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#store.name, this.length, offset, into.length);
    if (this.#last < 0 && !this.#grain) {
      into.fill(0);
      return;
    }
    throw this.#refusal('can be read only after it was closed');
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    checkRange(this.#store.name, this.length, offset, from.length);
    await this.#lock.alone(async () => {
      const grainBytes = this.#header.grainSize * SECTOR;
      for (let done = 0; done < from.length; ) {
        const inside = (offset + done) % grainBytes;
        const part = from.subarray(done, done + grainBytes - inside);
        const grain = await this.#grainFor(Math.floor((offset + done) / grainBytes));
        grain.set(part, inside);
        done += part.length;
      }
    });
  }

  /** Zeroes are what is left out; only in the grain at hand they may replace something. */
  async writeZeroes(offset: number, length: number): Promise<void> {
    checkRange(this.#store.name, this.length, offset, length);
    await this.#lock.alone(async () => {
      const grainBytes = this.#header.grainSize * SECTOR;
      const first = Math.floor(offset / grainBytes);
      if (length > 0 && first <= this.#last) throw this.#refusal('is written in ascending order');
      if (!this.#grain) return;
      const start = this.#grain.index * grainBytes;
      this.#grain.bytes.fill(0, Math.max(0, offset - start), Math.max(0, offset + length - start));
    });
  }

  async discard(offset: number, length: number): Promise<void> {
    checkRange(this.#store.name, this.length, offset, length);
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#store.name, this.length, offset, length);
    const empty = this.#last < 0 && !this.#grain;
    return { length, zero: empty, data: !empty, depth: 0, present: !empty };
  }

  async flush(): Promise<void> {
    await this.#store.flush();
  }

  async close(): Promise<void> {
    await this.#lock.alone(async () => {
      try {
        if (this.#started) await this.#finish();
      } finally {
        await this.#store.close();
      }
    });
  }

  async #grainFor(index: number): Promise<Uint8Array> {
    if (this.#grain?.index === index) return this.#grain.bytes;
    await this.#storeGrain();
    if (index <= this.#last) throw this.#refusal('is written in ascending order, and each part once');
    if (!this.#started) {
      this.#started = true;
      await this.#store.truncate(this.#end);
    }
    const bytes = new Uint8Array(this.#header.grainSize * SECTOR);
    this.#grain = { index, bytes };
    return bytes;
  }

  async #storeGrain(): Promise<void> {
    if (!this.#grain) return;
    const { index, bytes } = this.#grain;
    this.#grain = undefined;
    this.#last = index;
    if (allZero(bytes)) return;
    const packed = await this.#pack(bytes);
    const stored = new Uint8Array(roundUp(MARKER_BYTES + packed.length, SECTOR));
    writeU64(stored, 0, index * this.#header.grainSize);
    writeU32(stored, 8, packed.length);
    stored.set(packed, MARKER_BYTES);
    const { entriesPerTable } = this.#header;
    const number = Math.floor(index / entriesPerTable);
    let table = this.#tables.get(number);
    if (!table) this.#tables.set(number, (table = new Uint8Array(roundUp(entriesPerTable * 4, SECTOR))));
    writeU32(table, (index % entriesPerTable) * 4, this.#end / SECTOR);
    await this.#append(stored);
  }

  /** A grain is always packed, even if it grows. */
  async #pack(bytes: Uint8Array): Promise<Uint8Array> {
    const packed = this.#codecs.packLater
      ? await this.#codecs.packLater('zlib', bytes)
      : this.#codecs.pack('zlib', bytes);
    return packed ?? storedZlib(bytes);
  }

  async #finish(): Promise<void> {
    await this.#storeGrain();
    const directory = new Uint8Array(roundUp(directoryEntries(this.#header) * 4, SECTOR));
    for (const [number, table] of this.#tables) {
      await this.#append(buildMarker(MARKERS.grainTable, table.length / SECTOR));
      writeU32(directory, number * 4, this.#end / SECTOR);
      await this.#append(table);
    }
    await appendStreamEnd(this.#header, directory, this.#end, (bytes) => this.#append(bytes));
    await this.#store.flush();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#end / SECTOR > 0xffff_ffff) throw this.#refusal('cannot be larger than 2 TiB');
    await this.#store.writeAt(this.#end, bytes);
    this.#end += bytes.length;
  }

  #refusal(what: string): BlockError {
    const file = this.#store.name;
    return new BlockError('unsupported', `“${file}”: a streamOptimized disk ${what}.`, {
      file,
      feature: 'random access to a streamOptimized disk while it is written',
    });
  }
}

/** Directory, footer and end marker; `end` is where they begin. */
export const appendStreamEnd = async (
  header: SparseHeader,
  directory: Uint8Array,
  end: number,
  append: (bytes: Uint8Array) => Promise<void>,
): Promise<void> => {
  await append(buildMarker(MARKERS.grainDirectory, directory.length / SECTOR));
  await append(directory);
  await append(buildMarker(MARKERS.footer, 1));
  await append(buildSparseHeader({ ...header, directory: end / SECTOR + 1 }));
  await append(buildMarker(MARKERS.endOfStream, 0));
};

/** A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4). */
const storedZlib = (plain: Uint8Array): Uint8Array => {
  const BLOCK = 0xffff;
  const blocks = Math.ceil(plain.length / BLOCK);
  const stream = new Uint8Array(2 + blocks * 5 + plain.length + 4);
  stream.set([0x78, 0x01]);
  let at = 2;
  let a = 1;
  let b = 0;
  for (let done = 0; done < plain.length; done += BLOCK) {
    const part = plain.subarray(done, done + BLOCK);
    const last = done + BLOCK >= plain.length ? 1 : 0;
    stream.set([last, part.length, part.length >> 8, ~part.length, ~part.length >> 8], at);
    stream.set(part, at + 5);
    at += 5 + part.length;
  }
  for (const byte of plain) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  stream.set([b >> 8, b, a >> 8, a], at);
  return stream;
};
