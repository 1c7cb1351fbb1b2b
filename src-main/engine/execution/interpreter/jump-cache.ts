// From linear address and mode to a decoded block's header, in linear memory: what the dispatch loop and regions look
// computed and distant jumps up in. Each address has four places, a line of the host's caches, since hot addresses that share one would be
// looked up over and over. Regions look at the first only: what leads to one has it before what does not, and a new entry moves that in
// its first place on to another. TypeScript's side of it; generated code's is `jump-lookup.ts`.
//
// An entry begins with 64 bits that are compared and tell the slot at once: the exclusive or of the address, with its sign, of the mode
// from bit `MODE_SHIFT` on, and of the slot of the region to enter, or 0, from bit 48 on. Of two addresses whose entries may stand in
// one place none is the other with another mode: the modes that regions are compiled for are less than 12 bits, so that exchanging them
// this way changes a bit of the place's number above those that an address' own places differ by.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { JUMP_CACHE_BYTES, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_SIZE, type MemoryLayout } from '../layout.ts';
import { ADDRESS_SPACES } from '../mmu/address-spaces.ts';
import type { MemoryViews } from '../views.ts';
import { FIELD, HANDLER, HEADER } from './record.ts';

/** With the mode word, the key of an instruction that is carried out alone for a region, and not as a block's first. */
export const STEP_KEY = 1 << 31;
/** They stand elsewhere than the blocks that begin at the same place. */
const STEP_PLACE = 0xaaa;
/** Under which nothing is looked up: what an empty entry has. */
const NO_KEY = -1;
const SLOT_SHIFT = 48;
const HIGH_BITS = 64 - SLOT_SHIFT;
const MODE_SHIFT = 3;
/** So many entries that are not global are kept for each address space that the guest has left. */
const MAX_KEPT = 512;

/**
 * So many low bits of an address do not count: few blocks begin so near to another, and entries of the same code share
 * lines and pages of the host's caches, whose misses are most of what a look-up takes.
 */
const GRAIN = 1;

const ENTRY_SHIFT = Math.log2(JUMP_CACHE_ENTRY_SIZE);
const ENTRY_WORDS = JUMP_CACHE_ENTRY_SIZE / 4;
/** Of an entry that is kept: its place and itself. */
const KEPT_WORDS = 1 + ENTRY_WORDS;
/** Of each address. From the first to the others it is as far, by exclusive or, as their numbers of entries. */
export const JUMP_PLACES = 4;
const PLACES = Array.from({ length: JUMP_PLACES }, (_, place) => place * ENTRY_WORDS);
const OTHER_PLACES = PLACES.slice(1);

interface KeptEntries {
  readonly words: Int32Array;
  count: number;
}

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

const lowWord = ({ low, key }: JumpTarget): number => low ^ (key << MODE_SHIFT);
/** `high`: of an address, or of an entry. */
const highWord = (high: number, slot: number): number => ((high << HIGH_BITS) >> HIGH_BITS) ^ (slot << HIGH_BITS);
const slotOf = (high: number): number => (high ^ highWord(high, 0)) >>> HIGH_BITS;
/** What no address leads to a region by. */
const NO_REGION = -1;

export class JumpCache {
  readonly #views: MemoryViews;
  readonly #first: number;
  /** Word indices of entries that a write to CR3 makes invalid; and a mark for each of them. */
  readonly #local = new Int32Array(JUMP_CACHE_ENTRIES);
  readonly #isLocal = new Uint8Array(JUMP_CACHE_ENTRIES);
  #localCount = 0;
  /** By slot, while `forgetRegions` searches: a look at an array for each entry, and not into a set. */
  readonly #isForgotten = new Uint8Array(1 << HIGH_BITS);
  #turn = 0;
  /** By address space: entries it had when it was left, as place and words. */
  readonly #kept = Array.from({ length: ADDRESS_SPACES }, () => ({ words: new Int32Array(MAX_KEPT * KEPT_WORDS), count: 0 }));
  /** The number of the present address space. */
  #space = 0;

  constructor(views: MemoryViews, layout: MemoryLayout) {
    this.#views = views;
    this.#first = layout.jumpCache >> 2;
    this.flush();
  }

  flush(): void {
    for (const kept of this.#kept) kept.count = 0;
    this.#views.fill(this.#first * 4, 0xff, JUMP_CACHE_BYTES);
    this.#isLocal.fill(0);
    this.#localCount = 0;
  }

  /**
   * The guest is in another address space now, or has begun anew in the same one. What is not in global pages is kept until it
   * comes back; what is kept of the one it comes to is only good where the code's pages are still where they were.
   */
  enterSpace(space: number, isKeptGood: boolean): void {
    this.#keepLocal();
    this.#flushLocal();
    this.#space = space;
    if (isKeptGood) this.#bringBack();
    else (this.#kept[space] as KeptEntries).count = 0;
  }

  #keepLocal(): void {
    const { i32 } = this.#views;
    const kept = this.#kept[this.#space] as KeptEntries;
    kept.count = 0;
    for (let i = 0; i < this.#localCount && kept.count < MAX_KEPT; i++) {
      const entry = this.#local[i] as number;
      if (i32[entry + 2] === NO_KEY) continue;
      const at = kept.count++ * KEPT_WORDS;
      kept.words[at] = entry;
      for (let word = 0; word < ENTRY_WORDS; word++) kept.words[at + 1 + word] = i32[entry + word] as number;
      kept.words[at + 2] = this.#withLastingRegion(entry);
    }
  }

  /** The word with an entry's region, without that of a region whose other pages have to be checked anew. */
  #withLastingRegion(entry: number): number {
    const { i32 } = this.#views;
    const high = i32[entry + 1] as number;
    return slotOf(high) === 0 || this.#regionOf(i32[entry + 3] as number) !== 0 ? high : highWord(high, 0);
  }

  #bringBack(): void {
    const { i32 } = this.#views;
    const { words, count } = this.#kept[this.#space] as KeptEntries;
    for (let at = 0; at < count * KEPT_WORDS; at += KEPT_WORDS) {
      const entry = this.#room(words[at] as number, words[at + 2] as number);
      for (let word = 0; word < ENTRY_WORDS; word++) i32[entry + word] = words[at + 1 + word] as number;
      this.#noteLocal(entry);
    }
  }

  #flushLocal(): void {
    for (let i = 0; i < this.#localCount; i++) {
      const entry = this.#local[i] as number;
      this.#clear(entry);
      this.#isLocal[(entry - this.#first) / ENTRY_WORDS] = 0;
    }
    this.#localCount = 0;
  }

  #clear(entry: number): void {
    this.#views.i32[entry + 1] = NO_REGION;
    this.#views.i32[entry + 2] = NO_KEY;
  }

  /** The record, which may be stale, or 0. */
  find(target: JumpTarget): number {
    const entry = this.#entryWith(target);
    return entry < 0 ? 0 : (this.#views.i32[entry + 3] as number);
  }

  add(target: JumpTarget, isGlobal: boolean, record: number): void {
    const { i32 } = this.#views;
    const high = highWord(target.high, this.#regionOf(record));
    const known = this.#entryWith(target);
    const entry = known < 0 ? this.#room(this.#entryOf(target), high) : known;
    i32[entry] = lowWord(target);
    i32[entry + 1] = high;
    i32[entry + 2] = target.key;
    i32[entry + 3] = record;
    if (!isGlobal) this.#noteLocal(entry);
  }

  /** Where an entry with a high word is to stand; what stands there is free to go. `first`: its address' first place, or where it stood before. */
  #room(first: number, high: number): number {
    const { i32 } = this.#views;
    if (i32[first + 2] === NO_KEY) return first;
    const other = this.#otherPlace(first);
    if (slotOf(high) === 0 && this.#leadsToRegion(first)) return other;
    i32.copyWithin(other, first, first + ENTRY_WORDS);
    if (this.#isMarked(first)) this.#noteLocal(other);
    return first;
  }

  /**
   * The place besides the first that is free, or leads to no region. Where there are several of the latter kind, or none, it is each in
   * turn, as addresses for which one place is the first and the last would throw each other out for ever while the others hold
   * what nobody asks for.
   */
  #otherPlace(first: number): number {
    for (const place of OTHER_PLACES) if (this.#views.i32[(first ^ place) + 2] === NO_KEY) return first ^ place;
    const others = OTHER_PLACES.map((place) => first ^ place);
    const blocks = others.filter((entry) => !this.#leadsToRegion(entry));
    const candidates = blocks.length > 0 ? blocks : others;
    return candidates[this.#turn++ % candidates.length] as number;
  }

  #leadsToRegion(entry: number): boolean {
    return slotOf(this.#views.i32[entry + 1] as number) !== 0;
  }

  #isMarked(entry: number): boolean {
    return this.#isLocal[(entry - this.#first) / ENTRY_WORDS] === 1;
  }

  forget(target: JumpTarget): void {
    for (const entry of this.#entriesOf(target)) this.#clear(entry);
  }

  /**
   * Where an address leads to a region's block it leads to the region at once from now on, without a look at the block's
   * header: for as long as translations stay (of global pages: but for a write to CR3), and until `forgetRegions`.
   */
  setRegion(target: JumpTarget, isGlobal: boolean, { header, slot }: { readonly header: number; readonly slot: number }): void {
    const { i32 } = this.#views;
    for (const entry of this.#entriesOf(target)) {
      if (i32[entry + 3] !== header) continue;
      i32[entry + 1] = highWord(target.high, slot);
      if (!isGlobal) this.#noteLocal(entry);
      this.#promote(this.#entryOf(target), entry);
    }
  }

  /** Gives an entry its address' first place, if that leads to no region. */
  #promote(first: number, entry: number): void {
    if (entry === first || this.#leadsToRegion(first)) return;
    const { i32 } = this.#views;
    for (let word = 0; word < ENTRY_WORDS; word++) {
      const moved = i32[first + word] as number;
      i32[first + word] = i32[entry + word] as number;
      i32[entry + word] = moved;
    }
    if (!this.#isMarked(first) && !this.#isMarked(entry)) return;
    this.#noteLocal(first);
    this.#noteLocal(entry);
  }

  /** Addresses that led to these regions lead to their headers again. */
  forgetRegions(slots: ReadonlySet<number>): void {
    if (slots.size === 0) return;
    const { i32 } = this.#views;
    const isForgotten = this.#isForgotten;
    for (const slot of slots) isForgotten[slot] = 1;
    const end = this.#first + JUMP_CACHE_ENTRIES * ENTRY_WORDS;
    for (let entry = this.#first; entry < end; entry += ENTRY_WORDS) {
      const high = i32[entry + 1] as number;
      if (isForgotten[slotOf(high)] === 1) i32[entry + 1] = highWord(high, 0);
    }
    for (const { words, count } of this.#kept) {
      for (let at = 2; at < count * KEPT_WORDS; at += KEPT_WORDS) {
        const high = words[at] as number;
        if (isForgotten[slotOf(high)] === 1) words[at] = highWord(high, 0);
      }
    }
    for (const slot of slots) isForgotten[slot] = 0;
  }

  /** Linear addresses that lead to blocks, by header. */
  addresses(): Map<number, number> {
    const { i32 } = this.#views;
    const found = new Map<number, number>();
    const end = this.#first + JUMP_CACHE_ENTRIES * ENTRY_WORDS;
    for (let entry = this.#first; entry < end; entry += ENTRY_WORDS) {
      const key = i32[entry + 2] as number;
      // Also of none.
      if (key < 0) continue;
      const low = ((i32[entry] as number) ^ (key << MODE_SHIFT)) >>> 0;
      found.set(i32[entry + 3] as number, highWord(i32[entry + 1] as number, 0) * 0x1_0000_0000 + low);
    }
    return found;
  }

  /** The first of an address' entries, or -1. */
  #entryWith(target: JumpTarget): number {
    const first = this.#entryOf(target);
    for (const place of PLACES) if (this.#holds(first ^ place, target)) return first ^ place;
    return -1;
  }

  #entriesOf(target: JumpTarget): number[] {
    const first = this.#entryOf(target);
    return PLACES.map((place) => first ^ place).filter((entry) => this.#holds(entry, target));
  }

  /** Of a header whose region reaches into no other page. */
  #regionOf(record: number): number {
    const { u16, i32 } = this.#views;
    return u16[(record + FIELD.handler) >> 1] === HANDLER.region ? (i32[(record + HEADER.regionSlot) >> 2] as number) : 0;
  }

  #noteLocal(entry: number): void {
    const index = (entry - this.#first) / ENTRY_WORDS;
    if (this.#isLocal[index] === 1) return;
    this.#isLocal[index] = 1;
    this.#local[this.#localCount++] = entry;
  }

  #holds(entry: number, target: JumpTarget): boolean {
    const { i32 } = this.#views;
    const high = i32[entry + 1] as number;
    return i32[entry] === lowWord(target) && highWord(high, 0) === highWord(target.high, 0) && i32[entry + 2] === target.key;
  }

  #entryOf({ low, key }: JumpTarget): number {
    const slot = ((low >>> GRAIN) ^ (low >>> 12) ^ (key < 0 ? STEP_PLACE : 0)) & (JUMP_CACHE_ENTRIES - 1);
    return this.#first + slot * ENTRY_WORDS;
  }
}

/** Where a linear address' first entry stands in the cache, in bytes, as `JumpCache` has it. */
export function jumpCacheOffset(f: FunctionBuilder, low: IrValue, key: 0 | typeof STEP_KEY): IrValue {
  const [up, down] = [ENTRY_SHIFT - GRAIN, 12 - ENTRY_SHIFT];
  const mixed = f.op('i32.xor', f.op('i32.shl', low, f.constant('i32', up)), f.op('i32.shr_u', low, f.constant('i32', down)));
  const apart = f.op('i32.xor', mixed, f.constant('i32', key === 0 ? 0 : STEP_PLACE << ENTRY_SHIFT));
  return f.op('i32.and', apart, f.constant('i32', (JUMP_CACHE_ENTRIES - 1) << ENTRY_SHIFT));
}

/** What entries of an address in a mode begin with, but for the slot. */
export function jumpCacheWord(f: FunctionBuilder, linear: IrValue, mode: IrValue): IrValue {
  return f.op('i64.xor', linear, f.op('i64.shl', f.op('i64.extend_i32_u', mode), f.constant('i64', MODE_SHIFT)));
}

/** The slot that stands in an entry's first 64 bits if it is the sought one, and else what no slot is. */
export function jumpCacheSlot(f: FunctionBuilder, word: IrValue, sought: IrValue): IrValue {
  return f.op('i64.rotl', f.op('i64.xor', word, sought), f.constant('i64', 64 - SLOT_SHIFT));
}
