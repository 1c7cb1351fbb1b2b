// The software TLB in linear memory: four direct-mapped tables (reads and writes, supervisor and user) that
// generated code probes by itself. An entry exists only where an access needs no further check: no write
// entry for a page with decoded code, for ROM, or for a page whose dirty bit is not set yet.
// Reference for what it caches: Intel SDM vol. 3A, 4.10.

import { GUEST_PAGE, type MemoryLayout, TLB_ENTRIES, TLB_ENTRY_SIZE, TLB_TABLES } from '../layout.ts';
import type { MemoryViews } from '../views.ts';

const TABLE_BYTES = TLB_ENTRIES * TLB_ENTRY_SIZE;
const INVALID_TAG = -1;
/** Entries of pages that are not global, until a flush of these clears everything instead. */
const MAX_LOCAL = 8192;

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
  #dirty = true;
  /** Where entries that are not global were put since these were flushed. */
  readonly #local = new Int32Array(MAX_LOCAL);
  #localCount = 0;

  constructor(views: MemoryViews, layout: MemoryLayout) {
    this.#views = views;
    this.#base = layout.tlb;
    this.flush();
  }

  /** Byte address of a table, for the CPU block's `tlbRead` and `tlbWrite`. */
  table(user: boolean, write: boolean): number {
    return tlbTable(this.#base, user, write);
  }

  flush(): void {
    if (!this.#dirty) return;
    // All bits set are an invalid tag.
    this.#views.fill(this.#base, 0xff, TLB_TABLES * TABLE_BYTES);
    this.#dirty = false;
    this.#localCount = 0;
  }

  /** Spares global pages, but those that have taken the place of others. */
  flushLocal(): void {
    if (this.#localCount === MAX_LOCAL) {
      this.flush();
      return;
    }
    for (let i = 0; i < this.#localCount; i++) this.#invalidate(this.#local[i] as number);
    this.#localCount = 0;
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
    i32[entry + 3] = host | 0;
    this.#dirty = true;
    if (!global && this.#localCount < MAX_LOCAL) this.#local[this.#localCount++] = entry;
  }

  /** Takes back write permission of a host page everywhere: it now holds code, or is being tracked. */
  removeWrites(host: number, bytes = GUEST_PAGE): void {
    const { i32 } = this.#views;
    for (const user of [false, true]) {
      const first = this.table(user, true) >> 2;
      for (let entry = first; entry < first + TABLE_BYTES / 4; entry += TLB_ENTRY_SIZE / 4) {
        const offset = ((i32[entry + 3] as number) >>> 0) - host;
        if (offset >= 0 && offset < bytes) this.#invalidate(entry);
      }
    }
  }

  #invalidate(entry: number): void {
    const { i32 } = this.#views;
    i32[entry] = INVALID_TAG;
    i32[entry + 1] = INVALID_TAG;
    i32[entry + 3] = INVALID_TAG;
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
