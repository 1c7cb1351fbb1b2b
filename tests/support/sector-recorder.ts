// A file in memory that records what is written to it, and shows what would be left of it if power failed at any moment:
// what was flushed is there; of what was written since, each sector may have any of its states, whatever the others have.

import { type ByteStore, MemoryStore } from '../../src-main/engine/block/index.ts';
import type { Random } from './random-workload.ts';

const SECTOR = 512;

type FileEvent =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly length: number }
  | { readonly kind: 'flush' };

export class SectorRecorder implements ByteStore {
  readonly name: string;
  readonly readOnly = false;
  readonly #now: MemoryStore;
  readonly #before: MemoryStore;
  readonly #events: FileEvent[] = [];

  constructor(name: string, content: Uint8Array) {
    this.name = name;
    this.#now = new MemoryStore(name, content);
    this.#before = new MemoryStore(name, content);
  }

  get length(): number {
    return this.#now.length;
  }

  /** The number of steps so far; power can fail after each. */
  get steps(): number {
    return this.#events.length;
  }

  async readAt(position: number, into: Uint8Array): Promise<void> {
    this.#now.get(position, into);
  }

  async writeAt(position: number, from: Uint8Array): Promise<void> {
    this.#now.put(position, from);
    this.#events.push({ kind: 'write', position, bytes: from.slice() });
  }

  async truncate(length: number): Promise<void> {
    this.#now.cut(length);
    this.#events.push({ kind: 'truncate', length });
  }

  async flush(): Promise<void> {
    this.#events.push({ kind: 'flush' });
  }

  async close(): Promise<void> {}

  /** Files that power loss could leave, in the order of steps; every `stride`-th step. */
  *remains(random: Random, stride = 1): Generator<{ readonly step: number; readonly store: MemoryStore }> {
    const durable = new MemoryStore(this.name, this.#before.content());
    let pending: FileEvent[] = [];
    for (const [index, event] of this.#events.entries()) {
      if (event.kind !== 'flush') pending.push(event);
      else {
        for (const done of pending) apply(durable, done);
        pending = [];
      }
      if (index % stride === 0) yield { step: index + 1, store: this.#torn(durable, pending, random) };
    }
  }

  #torn(durable: MemoryStore, pending: readonly FileEvent[], random: Random): MemoryStore {
    const left = new MemoryStore(this.name, durable.content());
    if (random(8) === 0) return left;
    const everything = random(8) === 0;
    const states = new Map<number, Uint8Array[]>();
    for (const event of pending) {
      // Lengths follow their order: file systems keep a journal of them.
      if (event.kind === 'truncate') left.cut(event.length);
      if (event.kind !== 'write') continue;
      for (let at = 0; at < event.bytes.length; ) {
        const position = event.position + at;
        const count = Math.min(SECTOR - (position % SECTOR), event.bytes.length - at);
        const sector = position - (position % SECTOR);
        const known = states.get(sector) ?? [];
        const last = known.at(-1)?.slice() ?? sectorOf(left, sector);
        last.set(event.bytes.subarray(at, at + count), position % SECTOR);
        known.push(last);
        states.set(sector, known);
        at += count;
      }
    }
    for (const [sector, known] of states) {
      const chosen = everything ? known.length : random(known.length + 1);
      const state = known[chosen - 1];
      if (state !== undefined) left.put(sector, state);
    }
    return left;
  }
}

function sectorOf(store: MemoryStore, position: number): Uint8Array {
  const sector = new Uint8Array(SECTOR);
  store.get(position, sector);
  return sector;
}

function apply(store: MemoryStore, event: FileEvent): void {
  if (event.kind === 'write') store.put(event.position, event.bytes);
  if (event.kind === 'truncate') store.cut(event.length);
}
