// A node that keeps what is written to itself and leaves the image below untouched: for disks whose changes are
// thrown away. Written clusters stay in this process's memory.

import { BlockError } from './block-error.ts';
import type { BlockNode, BlockStatus } from './node.ts';
import { checkRange } from './range.ts';

const CLUSTER = 0x1_0000;
/** For messages. */
const NAME = 'temporary disk';

/** Closing it closes `below`. */
export function createTemporaryOverlay(below: BlockNode): BlockNode {
  return new TemporaryOverlay(below);
}

class TemporaryOverlay implements BlockNode {
  readonly readOnly = false;
  #length: number;
  readonly #below: BlockNode;
  /** By number. Present from the moment their content is decided. */
  readonly #clusters = new Map<number, Uint8Array>();
  /** Clusters being filled from below: writes to the same one wait. */
  readonly #filling = new Map<number, Promise<Uint8Array>>();

  constructor(below: BlockNode) {
    this.#below = below;
    this.#length = below.length;
  }

  get length(): number {
    return this.#length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(NAME, this.#length, offset, into.length);
    for (const { cluster, start, at, bytes } of pieces(offset, into.length)) {
      const part = into.subarray(at, at + bytes);
      const own = this.#clusters.get(cluster) ?? (await this.#filling.get(cluster));
      if (own !== undefined) part.set(own.subarray(start, start + bytes));
      else await this.#readBelow(cluster * CLUSTER + start, part);
    }
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    checkRange(NAME, this.#length, offset, from.length);
    for (const { cluster, start, at, bytes } of pieces(offset, from.length)) {
      const own = await this.#own(cluster);
      own.set(from.subarray(at, at + bytes), start);
    }
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    checkRange(NAME, this.#length, offset, length);
    for (const { cluster, start, bytes } of pieces(offset, length)) {
      const own = await this.#own(cluster);
      own.fill(0, start, start + bytes);
    }
  }

  async discard(offset: number, length: number): Promise<void> {
    checkRange(NAME, this.#length, offset, length);
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(NAME, this.#length, offset, length);
    const within = Math.min(length, CLUSTER - (offset % CLUSTER));
    if (this.#clusters.has(Math.floor(offset / CLUSTER)))
      return { length: within, zero: false, data: true, depth: 0, present: true };
    if (offset >= this.#below.length)
      return { length: within, zero: true, data: false, depth: 0, present: false };
    const below = await this.#below.status(offset, Math.min(within, this.#below.length - offset));
    return { ...below, depth: below.depth + 1 };
  }

  async flush(): Promise<void> {}

  async resize(length: number): Promise<void> {
    if (length < this.#length) throw new BlockError('unsupported', 'A temporary disk cannot shrink.', { feature: 'shrink' });
    this.#length = length;
  }

  async close(): Promise<void> {
    this.#clusters.clear();
    await this.#below.close();
  }

  async #own(cluster: number): Promise<Uint8Array> {
    const present = this.#clusters.get(cluster) ?? this.#filling.get(cluster);
    if (present !== undefined) return present;
    const filling = this.#fill(cluster);
    this.#filling.set(cluster, filling);
    try {
      return await filling;
    } finally {
      this.#filling.delete(cluster);
    }
  }

  async #fill(cluster: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(CLUSTER);
    await this.#readBelow(cluster * CLUSTER, bytes);
    this.#clusters.set(cluster, bytes);
    return bytes;
  }

  async #readBelow(offset: number, into: Uint8Array): Promise<void> {
    const present = Math.max(0, Math.min(into.length, this.#below.length - offset));
    if (present > 0) await this.#below.read(offset, into.subarray(0, present));
    into.fill(0, present);
  }
}

interface Piece {
  readonly cluster: number;
  /** In the cluster. */
  readonly start: number;
  /** In the transfer. */
  readonly at: number;
  readonly bytes: number;
}

function* pieces(offset: number, length: number): Generator<Piece> {
  for (let at = 0; at < length; ) {
    const start = (offset + at) % CLUSTER;
    const bytes = Math.min(length - at, CLUSTER - start);
    yield { cluster: Math.floor((offset + at) / CLUSTER), start, at, bytes };
    at += bytes;
  }
}
