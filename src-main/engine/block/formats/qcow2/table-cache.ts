// Tables of one cluster (L2 tables, refcount blocks) in memory: found by offset, bounded in number, with what was
// changed. Changed tables stay until their owner has written them; it alone knows the order.

import type { ByteStore } from '../../byte-store.ts';

const SECTOR = 512;

export interface Table {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The changed part; empty when `dirtyTo` is 0. */
  dirtyFrom: number;
  dirtyTo: number;
  /** Not written yet, and not referred to by anything on the disk. */
  fresh: boolean;
}

export class TableCache {
  readonly #store: ByteStore;
  readonly #tableBytes: number;
  readonly #limit: number;
  /** Least recently used first. */
  readonly #tables = new Map<number, Table>();
  readonly #dirty = new Set<Table>();
  #last: Table | undefined;

  constructor(store: ByteStore, tableBytes: number, cacheBytes: number) {
    this.#store = store;
    this.#tableBytes = tableBytes;
    this.#limit = Math.max(4, Math.floor(cacheBytes / tableBytes));
  }

  /** Changed tables take so much room that they should be written. */
  get crowded(): boolean {
    return this.#dirty.size * 2 >= this.#limit;
  }

  get dirty(): ReadonlySet<Table> {
    return this.#dirty;
  }

  /** The number of tables held; for tests of the bound. */
  get size(): number {
    return this.#tables.size;
  }

  get(offset: number): Table | undefined {
    if (this.#last?.offset === offset) return this.#last;
    const table = this.#tables.get(offset);
    if (table === undefined) return undefined;
    this.#tables.delete(offset);
    this.#tables.set(offset, table);
    this.#last = table;
    return table;
  }

  async load(offset: number): Promise<Table> {
    const found = this.get(offset);
    if (found !== undefined) return found;
    const bytes = new Uint8Array(this.#tableBytes);
    await this.#store.readAt(offset, bytes);
    // Another request may have loaded it meanwhile.
    return this.get(offset) ?? this.#add({ offset, bytes, dirtyFrom: 0, dirtyTo: 0, fresh: false });
  }

  /** A new table with this content, to be written as a whole. */
  create(offset: number, content?: Uint8Array): Table {
    const old = this.#tables.get(offset);
    if (old !== undefined) this.#remove(old);
    const bytes = content === undefined ? new Uint8Array(this.#tableBytes) : content.slice();
    const table = this.#add({ offset, bytes, dirtyFrom: 0, dirtyTo: 0, fresh: true });
    this.markDirty(table, 0, this.#tableBytes);
    return table;
  }

  markDirty(table: Table, from: number, to: number): void {
    if (table.dirtyTo === 0) {
      // It may have been evicted while its owner worked on it; nobody else can have loaded it meanwhile.
      this.#tables.set(table.offset, table);
      table.dirtyFrom = from;
      table.dirtyTo = to;
      this.#dirty.add(table);
      return;
    }
    table.dirtyFrom = Math.min(table.dirtyFrom, from);
    table.dirtyTo = Math.max(table.dirtyTo, to);
  }

  /** Its cluster now serves something else, or nothing. */
  forget(offset: number): void {
    const table = this.#tables.get(offset);
    if (table !== undefined) this.#remove(table);
  }

  forgetAll(): void {
    this.#tables.clear();
    this.#dirty.clear();
    this.#last = undefined;
  }

  /** Writes the changed tables that `which` takes, whole sectors of them. */
  async write(which: (table: Table) => boolean): Promise<boolean> {
    const chosen = [...this.#dirty].filter(which).sort((one, other) => one.offset - other.offset);
    for (const table of chosen) {
      const from = table.dirtyFrom - (table.dirtyFrom % SECTOR);
      const to = Math.min(Math.ceil(table.dirtyTo / SECTOR) * SECTOR, this.#tableBytes);
      await this.#store.writeAt(table.offset + from, table.bytes.subarray(from, to));
      table.dirtyFrom = table.dirtyTo = 0;
      table.fresh = false;
      this.#dirty.delete(table);
    }
    return chosen.length > 0;
  }

  #add(table: Table): Table {
    this.#tables.set(table.offset, table);
    this.#last = table;
    if (this.#tables.size > this.#limit) this.#evict(table);
    return table;
  }

  #evict(except: Table): void {
    for (const table of this.#tables.values()) {
      if (this.#tables.size <= this.#limit) return;
      if (table.dirtyTo === 0 && table !== except) this.#remove(table);
    }
  }

  #remove(table: Table): void {
    this.#tables.delete(table.offset);
    this.#dirty.delete(table);
    if (this.#last === table) this.#last = undefined;
  }
}
