// From linear address and mode to a decoded block's header, in linear memory: what the dispatch loop looks computed and
// distant jumps up in. Each address has two places, since a pair that shares one would be looked up over and over; a new
// entry pushes the old one into the second place. TypeScript's side of it; the loop's is in `main-loop.ts`.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { JUMP_CACHE_BYTES, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_SIZE, type MemoryLayout } from '../layout.ts';
import type { MemoryViews } from '../views.ts';

/** With the mode word, the key of an instruction that is carried out alone for a region, and not as a block's first. */
export const STEP_KEY = 1 << 31;
/** They stand elsewhere than the blocks that begin at the same place. */
const STEP_PLACE = 0xaaa;
/** Under which nothing is looked up: what an empty entry has. */
const NO_KEY = -1;
/** More entries that are not global are forgotten by clearing the whole cache. */
const MAX_LOCAL = 4096;

const ENTRY_WORDS = JUMP_CACHE_ENTRY_SIZE / 4;
/** From the first place to the second: the neighbour, in words and bytes. */
const SECOND_WORD = ENTRY_WORDS;
export const SECOND_PLACE = JUMP_CACHE_ENTRY_SIZE;

export interface JumpTarget {
  /** Halves of the linear address. */
  readonly low: number;
  readonly high: number;
  /** The mode word, with `STEP_KEY` or without. */
  readonly key: number;
}

export const jumpTarget = (linear: number, key: number): JumpTarget => ({
  low: linear | 0,
  high: Math.floor(linear / 0x1_0000_0000) | 0,
  key,
});

export class JumpCache {
  readonly #views: MemoryViews;
  readonly #first: number;
  /** Word indices of entries that a write to CR3 makes invalid; and a mark for each of them. */
  readonly #local = new Int32Array(MAX_LOCAL);
  readonly #isLocal = new Uint8Array(JUMP_CACHE_ENTRIES);
  #localCount = 0;

  constructor(views: MemoryViews, layout: MemoryLayout) {
    this.#views = views;
    this.#first = layout.jumpCache >> 2;
    this.flush();
  }

  flush(): void {
    this.#views.fill(this.#first * 4, 0xff, JUMP_CACHE_BYTES);
    this.#isLocal.fill(0);
    this.#localCount = 0;
  }

  /** Forgets what is not in global pages. */
  flushLocal(): void {
    if (this.#localCount === MAX_LOCAL) {
      this.flush();
      return;
    }
    for (let i = 0; i < this.#localCount; i++) {
      const entry = this.#local[i] as number;
      this.#views.i32[entry + 2] = NO_KEY;
      this.#isLocal[(entry - this.#first) / ENTRY_WORDS] = 0;
    }
    this.#localCount = 0;
  }

  /** The record, which may be stale, or 0. */
  find(target: JumpTarget): number {
    const { i32 } = this.#views;
    const entry = this.#entryOf(target);
    if (this.#holds(entry, target)) return i32[entry + 3] as number;
    const second = entry ^ SECOND_WORD;
    return this.#holds(second, target) ? (i32[second + 3] as number) : 0;
  }

  add(target: JumpTarget, isGlobal: boolean, record: number): void {
    const { i32 } = this.#views;
    const entry = this.#entryOf(target);
    if (i32[entry + 2] !== NO_KEY && !this.#holds(entry, target)) {
      const second = entry ^ SECOND_WORD;
      i32.copyWithin(second, entry, entry + ENTRY_WORDS);
      if (this.#isLocal[(entry - this.#first) / ENTRY_WORDS] === 1) this.#noteLocal(second);
    }
    i32[entry] = target.low;
    i32[entry + 1] = target.high;
    i32[entry + 2] = target.key;
    i32[entry + 3] = record;
    if (!isGlobal) this.#noteLocal(entry);
  }

  forget(target: JumpTarget): void {
    const entry = this.#entryOf(target);
    for (const place of [entry, entry ^ SECOND_WORD]) if (this.#holds(place, target)) this.#views.i32[place + 2] = NO_KEY;
  }

  #noteLocal(entry: number): void {
    const index = (entry - this.#first) / ENTRY_WORDS;
    if (this.#isLocal[index] === 1 || this.#localCount === MAX_LOCAL) return;
    this.#isLocal[index] = 1;
    this.#local[this.#localCount++] = entry;
  }

  #holds(entry: number, { low, high, key }: JumpTarget): boolean {
    const { i32 } = this.#views;
    return i32[entry] === low && i32[entry + 1] === high && i32[entry + 2] === key;
  }

  #entryOf({ low, key }: JumpTarget): number {
    const slot = (low ^ (low >>> 12) ^ (key < 0 ? STEP_PLACE : 0)) & (JUMP_CACHE_ENTRIES - 1);
    return this.#first + slot * ENTRY_WORDS;
  }
}

/** Index of a linear address in the cache, as `JumpCache` has it. */
export function jumpCacheIndex(f: FunctionBuilder, low: IrValue, key: 0 | typeof STEP_KEY): IrValue {
  const mixed = f.op('i32.xor', low, f.op('i32.shr_u', low, f.constant('i32', 12)));
  const apart = f.op('i32.xor', mixed, f.constant('i32', key === 0 ? 0 : STEP_PLACE));
  return f.op('i32.and', apart, f.constant('i32', JUMP_CACHE_ENTRIES - 1));
}
