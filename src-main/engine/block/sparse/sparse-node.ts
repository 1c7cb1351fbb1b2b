// A block node over a sparse layout: reads, copy on write, zeroes and status are the same for every such format.

import { BlockError } from '../block-error.ts';
import type { BlockNode, BlockStatus } from '../node.ts';
import { checkRange } from '../range.ts';
import { RequestLock } from '../request-lock.ts';
import { allZero } from './fields.ts';
import { writeZeroes } from './preallocate.ts';
import type { Placement, Room, SparseLayout } from './sparse-layout.ts';

/** Copying and zeroing go in pieces of this size, so that huge blocks need no huge buffers. */
const PIECE = 1 << 20;

type PackedPlacement = Extract<Placement, { kind: 'packed' }>;

export class SparseNode implements BlockNode {
  readonly readOnly: boolean;
  readonly backing?: BlockNode;
  readonly #layout: SparseLayout;
  readonly #lock = new RequestLock();
  #unpacked: { readonly key: number; readonly bytes: Promise<Uint8Array> } | undefined;
  #writing = false;
  #closed = false;

  constructor(layout: SparseLayout, readOnly: boolean, backing: BlockNode | undefined) {
    this.#layout = layout;
    this.readOnly = readOnly;
    if (backing) this.backing = backing;
  }

  get length(): number {
    return this.#layout.length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#name, this.length, offset, into.length);
    await this.#together(() => this.#read(offset, into));
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    await this.#change(offset, from.length, () => this.#write(offset, from.length, from));
  }

  /** Whole blocks (or the disk's last part) to be stored packed if that helps; for formats that have a way. */
  protected async writePacked(offset: number, from: Uint8Array): Promise<void> {
    await this.#change(offset, from.length, async () => {
      const { blockSize } = this.#layout;
      for (let done = 0; done < from.length; done += blockSize) {
        const piece = from.subarray(done, done + blockSize);
        const plain = piece.length === blockSize ? piece : new Uint8Array(blockSize);
        if (plain !== piece) plain.set(piece);
        const packed = await this.#layout.placePacked?.(offset + done, plain);
        if (!packed) await this.#write(offset + done, piece.length, piece);
      }
    });
  }

  async writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    await this.#change(offset, length, async () => {
      for (let done = 0; done < length; ) done += await this.#zeroSome(offset + done, length - done, unmap);
    });
  }

  async discard(offset: number, length: number): Promise<void> {
    checkRange(this.#name, this.length, offset, length);
    // The content may stay: these formats have no way to give room back that would survive a crash.
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#name, this.length, offset, length);
    return this.#together(() => this.#status(offset, length));
  }

  async flush(): Promise<void> {
    await this.#lock.alone(() => this.#flush());
  }

  /** For operations of the format itself that must be alone, with everything written. */
  async alone(body: () => Promise<void>): Promise<void> {
    await this.#lock.alone(async () => {
      await this.#begin();
      await this.#flush();
      await body();
    });
  }

  async close(): Promise<void> {
    await this.#lock.alone(async () => {
      if (this.#closed) return;
      this.#closed = true;
      try {
        await this.#flush();
        if (this.#writing) await this.#layout.finish?.();
      } finally {
        await this.#layout.store.close();
        await this.backing?.close();
      }
    });
  }

  async #together<T>(work: () => Promise<T>): Promise<T> {
    await this.#lock.enterTogether();
    try {
      return await work();
    } finally {
      this.#lock.leaveTogether();
    }
  }

  get #name(): string {
    return this.#layout.store.name;
  }

  async #flush(): Promise<void> {
    if (this.#writing) await this.#layout.commit();
  }

  async #begin(): Promise<void> {
    if (this.readOnly)
      throw new BlockError('read-only', `“${this.#name}” is open for reading only.`, { file: this.#name });
    if (this.#writing) return;
    await this.#layout.beginWriting?.();
    this.#writing = true;
  }

  async #change(offset: number, length: number, body: () => Promise<void>): Promise<void> {
    checkRange(this.#name, this.length, offset, length);
    await this.#lock.alone(async () => {
      await this.#begin();
      this.#unpacked = undefined;
      try {
        await body();
      } finally {
        this.#unpacked = undefined;
      }
      await this.#layout.settle?.();
    });
  }

  async #read(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const at = offset + done;
      const place = await this.#layout.locate(at, into.length - done);
      const part = into.subarray(done, done + place.length);
      await this.#readPlace(at, place, part);
      done += place.length;
    }
  }

  async #readPlace(offset: number, place: Placement, part: Uint8Array): Promise<void> {
    switch (place.kind) {
      case 'data':
        return place.store.readAt(place.position, part);
      case 'zero':
        part.fill(0);
        return;
      case 'absent':
        return this.#readBacking(offset, part);
      case 'packed': {
        const block = await this.#unpack(place);
        part.set(block.subarray(offset - place.start, offset - place.start + part.length));
      }
    }
  }

  #unpack(place: PackedPlacement): Promise<Uint8Array> {
    if (this.#unpacked?.key !== place.key) this.#unpacked = { key: place.key, bytes: place.unpack() };
    return this.#unpacked.bytes;
  }

  async #readBacking(offset: number, part: Uint8Array): Promise<void> {
    const there = Math.max(0, Math.min(part.length, (this.backing?.length ?? 0) - offset));
    if (there > 0) await this.backing!.read(offset, part.subarray(0, there));
    part.fill(0, there);
  }

  /** Writes `from`, or zeroes where there is none. */
  async #write(offset: number, length: number, from: Uint8Array | undefined): Promise<void> {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const place = await this.#layout.locate(at, length - done);
      if (place.kind === 'data') {
        await this.#put(place.position, from?.subarray(done, done + place.length), place.length);
        done += place.length;
        continue;
      }
      const room = await this.#layout.reserve(at, place.length);
      const end = Math.min(offset + length, room.start + room.length);
      await this.#copyUp(room, room.start, at);
      await this.#put(
        room.position + at - room.start,
        from?.subarray(done, end - offset),
        end - at,
        room.fresh,
      );
      await this.#copyUp(room, end, room.start + room.length);
      await this.#layout.publish(room);
      done = end - offset;
    }
  }

  async #put(position: number, from: Uint8Array | undefined, length: number, fresh = false): Promise<void> {
    const { store } = this.#layout;
    if (from) return store.writeAt(position, from);
    if (fresh) return;
    await writeZeroes(store, position, length);
  }

  /** What the virtual range reads now goes to its place in the room. */
  async #copyUp(room: Room, from: number, to: number): Promise<void> {
    const { store } = this.#layout;
    for (let at = from; at < to; ) {
      const position = room.position + at - room.start;
      const place: Placement =
        at < this.length
          ? await this.#layout.locate(at, Math.min(to, this.length) - at)
          : { kind: 'zero', length: to - at };
      if (place.kind === 'zero' || (place.kind === 'absent' && !this.backing)) {
        if (!room.fresh) await writeZeroes(store, position, place.length);
        at += place.length;
        continue;
      }
      const piece = new Uint8Array(Math.min(PIECE, place.length));
      await this.#readPlace(at, place, piece);
      if (!room.fresh || !allZero(piece)) await store.writeAt(position, piece);
      at += piece.length;
    }
  }

  async #zeroSome(offset: number, length: number, unmap: boolean): Promise<number> {
    const place = await this.#layout.locate(offset, length);
    const nothing = place.kind === 'zero' || (place.kind === 'data' && place.hole === true);
    if (nothing || (place.kind === 'absent' && !this.backing)) return place.length;
    const { blockSize } = this.#layout;
    const head = offset % blockSize;
    const end = offset + place.length;
    const whole = end === this.length ? end - offset : place.length - (end % blockSize);
    if (head === 0 && whole > 0 && (unmap || place.kind !== 'data')) {
      if (await this.#layout.markZero(offset, whole, place.kind)) return whole;
    }
    const part = head === 0 || head + place.length <= blockSize ? place.length : blockSize - head;
    await this.#write(offset, part, undefined);
    return part;
  }

  async #status(offset: number, length: number): Promise<BlockStatus> {
    const place = await this.#layout.locate(offset, length);
    const own = { length: place.length, depth: 0, present: true };
    switch (place.kind) {
      case 'data':
        return { ...own, zero: place.hole === true, data: place.hole !== true, fileOffset: place.position };
      case 'packed':
        return { ...own, zero: false, data: true, compressed: true };
      case 'zero':
        return { ...own, zero: true, data: false };
      case 'absent':
        return this.#backingStatus(offset, place.length);
    }
  }

  async #backingStatus(offset: number, length: number): Promise<BlockStatus> {
    const there = (this.backing?.length ?? 0) - offset;
    if (!this.backing || there <= 0)
      return { length, zero: true, data: false, depth: 0, present: this.#layout.alone === true };
    const below = await this.backing.status(offset, Math.min(length, there));
    return { ...below, depth: below.present ? below.depth + 1 : 0 };
  }
}
