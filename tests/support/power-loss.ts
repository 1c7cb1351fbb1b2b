// A file that remembers every write, cut and flush, and gives the states it may be in after a loss of power at any of
// them: what was flushed is there, of the rest any subset, by sectors.

import { type ByteStore, MemoryStore } from '../../src-main/engine/block/index.ts';
import type { Random } from '../cpu/differential/random.ts';

const SECTOR = 512;

type Step =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly length: number }
  | { readonly kind: 'flush' };

export class RecordingStore implements ByteStore {
  readonly name: string;
  readonly readOnly = false;
  readonly steps: Step[] = [];
  readonly #now: MemoryStore;

  constructor(name: string) {
    this.name = name;
    this.#now = new MemoryStore(name);
  }

  get length(): number {
    return this.#now.length;
  }

  readAt(position: number, into: Uint8Array): Promise<void> {
    return this.#now.readAt(position, into);
  }

  async writeAt(position: number, from: Uint8Array): Promise<void> {
    this.steps.push({ kind: 'write', position, bytes: from.slice() });
    this.#now.put(position, from);
  }

  async truncate(length: number): Promise<void> {
    this.steps.push({ kind: 'cut', length });
    this.#now.cut(length);
  }

  async flush(): Promise<void> {
    if (this.steps.at(-1)?.kind !== 'flush') this.steps.push({ kind: 'flush' });
  }

  async close(): Promise<void> {}

  /** The file if power fails right after the first `count` steps; the unflushed ones among them arrive or not. */
  afterLoss(count: number, random: Random): MemoryStore {
    const state = new MemoryStore(this.name);
    const done = this.steps.slice(0, count);
    const durable = done.findLastIndex((step) => step.kind === 'flush');
    done.forEach((step, index) => {
      if (index <= durable) apply(state, step, () => true);
      else if (random.below(3) > 0) apply(state, step, () => random.below(3) > 0);
    });
    return state;
  }
}

const apply = (state: MemoryStore, step: Step, arrives: () => boolean): void => {
  if (step.kind === 'cut') state.cut(step.length);
  if (step.kind !== 'write') return;
  for (let done = 0; done < step.bytes.length; ) {
    const count = Math.min(SECTOR - ((step.position + done) % SECTOR), step.bytes.length - done);
    if (arrives()) state.put(step.position + done, step.bytes.subarray(done, done + count));
    done += count;
  }
};
