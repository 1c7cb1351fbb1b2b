// A split virtqueue, device side: takes chains of descriptors from the guest, gives them back used, and says when the
// guest wants to hear of it. What a guest writes here is not trusted: a ring that makes no sense breaks the queue.
// Reference: Virtual I/O Device (VIRTIO) Version 1.2, 2.7 (split virtqueues), 2.7.10 (event index).

import { readU16, readU32, readU64, writeU16, writeU32 } from '../../base/bytes.ts';
import type { Dma } from '../../bus/dma.ts';
import { bool, type nested, u16, u32, u64 } from '../../snapshot/fields.ts';

export const MAX_QUEUE_SIZE = 256;

/** A queue's registers and how far it has come. */
export const QUEUE_FIELDS = {
  size: u16(MAX_QUEUE_SIZE),
  enabled: bool(),
  vector: u16(0xffff),
  descriptors: u64(),
  available: u64(),
  used: u64(),
  /** Next entry of the available ring to be taken. */
  taken: u16(),
  /** Next entry of the used ring to be filled. */
  usedIndex: u16(),
  /** The used index when the guest was last told. */
  signalled: u16(),
  /** The legacy register: page number of all three parts. */
  legacyPage: u32(),
};
export type QueueState = ReturnType<ReturnType<typeof nested<typeof QUEUE_FIELDS>>['create']>;

export const DESCRIPTOR_BYTES = 16;
const FLAG_NEXT = 1;
const FLAG_WRITE = 2;
const FLAG_INDIRECT = 4;
const NO_INTERRUPT = 1;
/** Physical addresses have 40 bits here. */
const MAX_ADDRESS = 2 ** 40;

export interface Segment {
  readonly address: number;
  readonly length: number;
}

/** A request of the guest: what the device may read, then what it may write. */
export interface Chain {
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
  readonly readableBytes: number;
  readonly writableBytes: number;
}

export interface QueueFeatures {
  readonly indirect: boolean;
  readonly eventIndex: boolean;
}

/** The guest's rings contradict themselves. */
export class BrokenQueue extends Error {}

export class Virtqueue {
  readonly index: number;
  readonly state: QueueState;
  private readonly dma: Dma;
  private readonly features: () => QueueFeatures;
  private readonly half = new Uint8Array(2);
  private readonly entry = new Uint8Array(8);

  constructor(index: number, state: QueueState, dma: Dma, features: () => QueueFeatures) {
    this.index = index;
    this.state = state;
    this.dma = dma;
    this.features = features;
  }

  /** The next request, or undefined. Throws `BrokenQueue`. */
  take(): Chain | undefined {
    const { state } = this;
    if (!state.enabled) return undefined;
    const ring = Number(state.available);
    const index = this.read16(ring + 2);
    const waiting = (index - state.taken) & 0xffff;
    if (waiting === 0) return undefined;
    if (waiting > state.size) throw new BrokenQueue(`${waiting} requests in a queue of ${state.size}`);
    const head = this.read16(ring + 4 + 2 * (state.taken % state.size));
    state.taken = (state.taken + 1) & 0xffff;
    if (head >= state.size) throw new BrokenQueue(`there is no descriptor ${head}`);
    return this.chain(head);
  }

  /** Asks to be told of what comes next; true when something has come meanwhile. */
  rearm(): boolean {
    const { state } = this;
    if (!state.enabled) return false;
    if (this.features().eventIndex) this.write16(Number(state.used) + 4 + 8 * state.size, state.taken);
    return this.read16(Number(state.available) + 2) !== state.taken;
  }

  /** Gives a request back, with the number of bytes written to it from its beginning. */
  give(head: number, written: number): void {
    const { state, entry } = this;
    writeU32(entry, 0, head);
    writeU32(entry, 4, written);
    const ring = Number(state.used);
    this.dma.write(ring + 4 + 8 * (state.usedIndex % state.size), entry);
    state.usedIndex = (state.usedIndex + 1) & 0xffff;
    this.write16(ring + 2, state.usedIndex);
  }

  /** Whether the guest wants an interrupt for what was given back since it was last asked. */
  wantsInterrupt(): boolean {
    const { state } = this;
    const ring = Number(state.available);
    const before = state.signalled;
    const now = state.usedIndex;
    if (before === now) return false;
    state.signalled = now;
    if (!this.features().eventIndex) return (this.read16(ring) & NO_INTERRUPT) === 0;
    const event = this.read16(ring + 4 + 2 * state.size);
    return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
  }

  private chain(head: number): Chain {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    let table = Number(this.state.descriptors);
    let length = this.state.size;
    let at = head;
    let isIndirect = false;
    const descriptor = new Uint8Array(DESCRIPTOR_BYTES);
    for (let steps = 0; ; steps++) {
      if (steps > MAX_QUEUE_SIZE || at >= length)
        throw new BrokenQueue(`a chain from ${head} that does not end`);
      this.dma.read(table + at * DESCRIPTOR_BYTES, descriptor);
      const segment = { address: readU64(descriptor, 0), length: readU32(descriptor, 8) };
      const flags = readU16(descriptor, 12);
      if (segment.address + segment.length > MAX_ADDRESS)
        throw new BrokenQueue('a descriptor beyond all memory');
      if ((flags & FLAG_INDIRECT) !== 0) {
        if (isIndirect || !this.features().indirect || (flags & FLAG_NEXT) !== 0 || !isTable(segment))
          throw new BrokenQueue(`an indirect descriptor of ${segment.length} bytes`);
        table = segment.address;
        length = Math.min(segment.length / DESCRIPTOR_BYTES, MAX_QUEUE_SIZE);
        at = 0;
        isIndirect = true;
        continue;
      }
      if ((flags & FLAG_WRITE) !== 0) writable.push(segment);
      else if (writable.length > 0) throw new BrokenQueue('a descriptor to be read behind one to be written');
      else readable.push(segment);
      if ((flags & FLAG_NEXT) === 0) break;
      at = readU16(descriptor, 14);
    }
    return { head, readable, writable, readableBytes: total(readable), writableBytes: total(writable) };
  }

  private read16(address: number): number {
    this.dma.read(address, this.half);
    return readU16(this.half, 0);
  }

  private write16(address: number, value: number): void {
    writeU16(this.half, 0, value);
    this.dma.write(address, this.half);
  }
}

function isTable({ length }: Segment): boolean {
  return length > 0 && length % DESCRIPTOR_BYTES === 0;
}

function total(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** The part of a list of segments from `skip` on, `length` bytes long. */
export function slice(segments: readonly Segment[], skip: number, length: number): Segment[] {
  const parts: Segment[] = [];
  let before = skip;
  let left = length;
  for (const segment of segments) {
    if (before >= segment.length) {
      before -= segment.length;
      continue;
    }
    const bytes = Math.min(segment.length - before, left);
    if (bytes > 0) parts.push({ address: segment.address + before, length: bytes });
    before = 0;
    left -= bytes;
    if (left === 0) break;
  }
  return parts;
}

/** Copies the beginning of what the device may read. */
export function readSegments(dma: Dma, segments: readonly Segment[], into: Uint8Array): void {
  let done = 0;
  for (const { address, length } of slice(segments, 0, into.length)) {
    dma.read(address, into.subarray(done, done + length));
    done += length;
  }
}

export function writeSegments(dma: Dma, segments: readonly Segment[], from: Uint8Array): void {
  let done = 0;
  for (const { address, length } of slice(segments, 0, from.length)) {
    dma.write(address, from.subarray(done, done + length));
    done += length;
  }
}
