// The software TLB in linear memory: four direct-mapped tables (reads and writes, supervisor and user) that
// generated code probes by itself. An entry exists only where an access needs no further check: no write
// entry for a page with decoded code, for ROM, or for a page whose dirty bit is not set yet.
// Reference for what it caches: Intel SDM vol. 3A, 4.10.

import { GUEST_PAGE, type MemoryLayout, TLB_ENTRIES, TLB_ENTRY_SIZE, TLB_TABLES, WASM_PAGE } from '../layout.ts';
import type { MemoryViews } from '../views.ts';
import { HostPageEntries } from './host-page-entries.ts';

const TABLE_BYTES = TLB_ENTRIES * TLB_ENTRY_SIZE;
const INVALID_TAG = -1;
/** Entries that are remembered one by one, of pages that are global and of others, until a flush clears all tables instead. */
const MAX_NOTED = 16384;

/** A translation as the page walk found it. */
export interface Translation {
  /** Linear address of the page, signed canonical in long mode. */
  readonly page: number;
  /** Host address of the page's first byte. */
  readonly host: number;
  /** Whether it outlives a flush of pages that are not global. */
  readonly global: boolean;
}

export class Tlb {
  readonly #views: MemoryViews;
  readonly #base: number;
  /** Where entries were put since these were flushed. */
  readonly #global = new NotedEntries();
  readonly #local = new NotedEntries();
  readonly #writes: HostPageEntries;

  constructor(views: MemoryViews, layout: MemoryLayout) {
    this.#views = views;
    this.#base = layout.tlb;
    this.#writes = new HostPageEntries(layout.pages * (WASM_PAGE / GUEST_PAGE), 2 * TLB_ENTRIES);
    this.#clear();
  }

  /** Byte address of a table, for the CPU block's `tlbRead` and `tlbWrite`. */
  table(user: boolean, write: boolean): number {
    return tlbTable(this.#base, user, write);
  }

  flush(): void {
    this.flushLocal();
    if (this.#global.isFull) this.#clear();
    else this.#global.takeAll((entry) => this.#invalidate(entry));
  }

  /** Spares global pages, but those that have taken the place of others. */
  flushLocal(): void {
    if (this.#local.isFull) this.#clear();
    else this.#local.takeAll((entry) => this.#invalidate(entry));
  }

  #clear(): void {
    // All bits set are an invalid tag.
    this.#views.fill(this.#base, 0xff, TLB_TABLES * TABLE_BYTES);
    this.#global.forget();
    this.#local.forget();
  }

  flushPage(page: number): void {
    for (let table = 0; table < TLB_TABLES; table++) {
      this.#invalidate((this.#base + table * TABLE_BYTES + slot(page)) >> 2);
    }
  }

  /** Host address of a byte, or -1 when the table has no entry for its page. */
  lookup(address: number, user: boolean, write: boolean): number {
    const { i32 } = this.#views;
    const low = address | 0;
    const entry = (this.table(user, write) + slot(address)) >> 2;
    if (i32[entry] !== (low & ~(GUEST_PAGE - 1)) || i32[entry + 1] !== high(address)) return -1;
    return (low + (i32[entry + 2] as number)) >>> 0;
  }

  insert(translation: Translation, user: boolean, write: boolean): void {
    const { i32 } = this.#views;
    const { page, host, global } = translation;
    const entry = (this.table(user, write) + slot(page)) >> 2;
    i32[entry] = page | 0;
    i32[entry + 1] = high(page);
    i32[entry + 2] = (host - (page | 0)) | 0;
    if (write) this.#writes.move((user ? TLB_ENTRIES : 0) + slot(page) / TLB_ENTRY_SIZE, host / GUEST_PAGE);
    (global ? this.#global : this.#local).add(entry);
  }

  /** Takes back write permission of a host page everywhere: it now holds code, or is being tracked. */
  removeWrites(hostPage: number): void {
    this.#writes.takeAll(hostPage, (number) => {
      const user = number >= TLB_ENTRIES;
      this.#invalidate((this.table(user, true) + (number % TLB_ENTRIES) * TLB_ENTRY_SIZE) >> 2);
    });
  }

  #invalidate(entry: number): void {
    const { i32 } = this.#views;
    i32[entry] = INVALID_TAG;
    i32[entry + 1] = INVALID_TAG;
  }
}

/** Word indices of entries, as long as there are not too many of them. */
class NotedEntries {
  readonly #entries = new Int32Array(MAX_NOTED);
  #count = 0;

  get isFull(): boolean {
    return this.#count === MAX_NOTED;
  }
  add(entry: number): void {
    if (this.#count < MAX_NOTED) this.#entries[this.#count++] = entry;
  }
  takeAll(take: (entry: number) => void): void {
    for (let i = 0; i < this.#count; i++) take(this.#entries[i] as number);
    this.#count = 0;
  }
  forget(): void {
    this.#count = 0;
  }
}

/** Byte address of one of the tables that stand at an address. */
export function tlbTable(base: number, user: boolean, write: boolean): number {
  return base + ((user ? 2 : 0) + (write ? 1 : 0)) * TABLE_BYTES;
}

function slot(address: number): number {
  return (((address | 0) >>> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY_SIZE;
}

function high(address: number): number {
  return Math.floor(address / 0x1_0000_0000) | 0;
}
