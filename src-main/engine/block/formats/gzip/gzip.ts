// A raw image packed with gzip; read only. It is unpacked once when opened, to know its size and to note points to start
// from; a read goes on from the nearest one. Members that follow one another make one disk, as gzip has it.
// Reference: RFC 1952.

import { readU32 } from '../../../base/bytes.ts';
import { crc32 } from '../../../base/crc32.ts';
import { InflateError, type InflatePoint, Inflater } from '../../../base/inflate.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { ImageFormat, ImageNode } from '../../image-format.ts';
import type { BlockStatus } from '../../node.ts';
import { checkRange } from '../../range.ts';
import { RequestLock } from '../../request-lock.ts';
import { corrupt, wrongFormat } from '../../sparse/fields.ts';

const STRUCTURE = 'gzip stream';
/** 32 KiB each. */
const MAX_POINTS = 512;
const FIRST_SPACING = 1 << 20;
const FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;
const MAX_HEADER = 65536 + 1024;

interface Point extends InflatePoint {
  /** On the disk. */
  readonly offset: number;
}

const isGzip = (head: Uint8Array): boolean =>
  head.length > 18 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;

/** Length of the member's header at `position`; 0: no member starts there. */
const readMemberHeader = async (store: ByteStore, position: number): Promise<number> => {
  const bytes = new Uint8Array(Math.max(0, Math.min(MAX_HEADER, store.length - position)));
  await store.readAt(position, bytes);
  if (!isGzip(bytes)) return 0;
  const flags = bytes[3]!;
  if (flags & FLAGS.reserved)
    throw corrupt(store.name, 'gzip header', position + 3, `the flags are ${flags}`);
  let at = 10;
  if (flags & FLAGS.extra) at += 2 + bytes[at]! + bytes[at + 1]! * 256;
  for (const flag of [FLAGS.name, FLAGS.comment]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw corrupt(store.name, 'gzip header', position, 'a name does not end');
    at = end + 1;
  }
  if (flags & FLAGS.headerCrc) at += 2;
  if (at >= bytes.length) throw corrupt(store.name, 'gzip header', position, 'it is cut off');
  return at;
};

/** Unpacks from a point of a member to the end of the last one. */
class MemberReader {
  readonly #store: ByteStore;
  #inflater: Inflater;
  /** Of the disk, behind what was unpacked. */
  offset: number;
  ended = false;
  /** Checksum and size of the member; only while it was read from its start. */
  #sum: { crc: number; bytes: number } | undefined;

  constructor(store: ByteStore, from: Point, whole: boolean) {
    this.#store = store;
    this.offset = from.offset;
    this.#inflater = this.#inflaterAt(from);
    if (whole) this.#sum = { crc: 0, bytes: 0 };
  }

  /** Undefined inside a block. */
  point(): Point | undefined {
    return this.#inflater.atBlockStart ? { ...this.#inflater.point(), offset: this.offset } : undefined;
  }

  async next(): Promise<Uint8Array> {
    try {
      const bytes = await this.#inflater.next();
      this.offset += bytes.length;
      if (this.#sum) this.#sum = { crc: crc32(bytes, this.#sum.crc), bytes: this.#sum.bytes + bytes.length };
      if (this.#inflater.finished) await this.#endMember();
      return bytes;
    } catch (error) {
      if (error instanceof InflateError)
        throw corrupt(this.#store.name, STRUCTURE, error.offset, error.message);
      throw error;
    }
  }

  #inflaterAt(point: InflatePoint): Inflater {
    const store = this.#store;
    return new Inflater(async (position, into) => {
      const count = Math.max(0, Math.min(into.length, store.length - position));
      await store.readAt(position, into.subarray(0, count));
      return count;
    }, point);
  }

  async #endMember(): Promise<void> {
    const trailer = new Uint8Array(8);
    const position = this.#inflater.endPosition();
    if (position + 8 > this.#store.length)
      throw corrupt(this.#store.name, STRUCTURE, position, 'the checksum is cut off');
    await this.#store.readAt(position, trailer);
    const sum = this.#sum;
    if (sum && (readU32(trailer, 0) !== sum.crc || readU32(trailer, 4) !== sum.bytes % 2 ** 32))
      throw corrupt(this.#store.name, STRUCTURE, position, 'the checksum or the size is wrong');
    const header = await readMemberHeader(this.#store, position + 8);
    if (header === 0) {
      this.ended = true;
      return;
    }
    if (sum) this.#sum = { crc: 0, bytes: 0 };
    this.#inflater = this.#inflaterAt({ byte: position + 8 + header, bit: 0, window: new Uint8Array(0) });
  }
}

const buildIndex = async (store: ByteStore): Promise<{ points: Point[]; length: number }> => {
  const header = await readMemberHeader(store, 0);
  if (header === 0) throw wrongFormat(store.name, 'gzip');
  let points: Point[] = [{ offset: 0, byte: header, bit: 0, window: new Uint8Array(0) }];
  let spacing = FIRST_SPACING;
  const reader = new MemberReader(store, points[0]!, true);
  while (!reader.ended) {
    await reader.next();
    if (reader.ended || reader.offset - points.at(-1)!.offset < spacing) continue;
    const point = reader.point();
    if (!point) continue;
    points.push(point);
    if (points.length < MAX_POINTS) continue;
    points = points.filter((_, i) => i % 2 === 0);
    spacing *= 2;
  }
  return { points, length: reader.offset };
};

class GzipImage implements ImageNode {
  readonly format = 'gzip';
  readonly readOnly = true;
  readonly length: number;
  readonly #store: ByteStore;
  readonly #points: readonly Point[];
  readonly #lock = new RequestLock();
  #reader: MemberReader | undefined;
  /** What was unpacked last; it ends where the reader is. */
  #last: Uint8Array = new Uint8Array(0);

  constructor(store: ByteStore, points: readonly Point[], length: number) {
    this.#store = store;
    this.#points = points;
    this.length = length;
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#store.name, this.length, offset, into.length);
    await this.#lock.alone(async () => {
      for (let done = 0; done < into.length; ) {
        const piece = await this.#pieceAt(offset + done);
        const part = piece.subarray(0, into.length - done);
        into.set(part, done);
        done += part.length;
      }
    });
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#store.name, this.length, offset, length);
    return { length, zero: false, data: true, depth: 0, present: true, compressed: true };
  }

  write(): Promise<void> {
    const file = this.#store.name;
    throw new BlockError('read-only', `“${file}”: a packed image can only be read.`, { file });
  }

  writeZeroes(): Promise<void> {
    return this.write();
  }

  async discard(): Promise<void> {}

  async flush(): Promise<void> {}

  close(): Promise<void> {
    return this.#store.close();
  }

  /** What is unpacked from `offset` on, at least a byte. */
  async #pieceAt(offset: number): Promise<Uint8Array> {
    let reader = this.#reader;
    if (!reader || offset < reader.offset - this.#last.length || this.#nearer(offset, reader.offset)) {
      const from = this.#points.findLast((point) => point.offset <= offset)!;
      reader = new MemberReader(this.#store, from, false);
      this.#reader = reader;
      this.#last = new Uint8Array(0);
    }
    while (reader.offset <= offset) {
      if (reader.ended) throw corrupt(this.#store.name, STRUCTURE, 0, 'it has changed since it was opened');
      this.#last = await reader.next();
    }
    return this.#last.subarray(offset - (reader.offset - this.#last.length));
  }

  /** A point lies between where the reader is and where it should be. */
  #nearer(offset: number, at: number): boolean {
    return this.#points.some((point) => point.offset > at && point.offset <= offset);
  }
}

export const gzip: ImageFormat = {
  name: 'gzip',
  probe: (head) => (isGzip(head) ? 60 : 0),
  open: async (store) => {
    const { points, length } = await buildIndex(store);
    return new GzipImage(store, points, length);
  },
};
