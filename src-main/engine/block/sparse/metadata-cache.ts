// Tables of an image in memory, by pages, bounded. Changed entries wait here until `commit`, which makes durable first
// the data they point to, then them: whenever power fails, what is on the disk points only to what is there.
//
// Changes are written by sectors of 512 bytes, because tables may share a page (never a sector) with guest data.

import { readU64, readU64be, writeU64, writeU64be } from '../../base/bytes.ts';
import type { ByteStore } from '../byte-store.ts';

export const PAGE = 4096;
const SECTOR = 512;

interface Page {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A bit a sector. */
  dirty: number;
}

export interface DirtyPage {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export interface CommitSteps {
  /** Before the first flush: whatever else must be durable before the tables. */
  prepare?(): Promise<void>;
  /** Takes the place of writing the pages: a format with a log of its own. Pages are whole. */
  write?(pages: readonly DirtyPage[]): Promise<void>;
}

/** Tables changed in more pages than this are committed without being asked. */
const MAX_DIRTY_PAGES = 256;
const MIN_PAGES = 16;

export class MetadataCache {
  readonly #store: ByteStore;
  readonly #little: boolean;
  readonly #capacity: number;
  readonly #steps: CommitSteps;
  readonly #pages = new Map<number, Page>();
  readonly #dirty = new Set<Page>();
  #pending = false;

  constructor(store: ByteStore, endian: 'little' | 'big', cacheBytes: number, steps: CommitSteps = {}) {
    this.#store = store;
    this.#little = endian === 'little';
    this.#capacity = Math.max(MIN_PAGES, Math.floor(cacheBytes / PAGE));
    this.#steps = steps;
  }

  async u32(position: number): Promise<number> {
    const page = this.#cached(position) ?? (await this.#load(position));
    return page.view.getUint32(position % PAGE, this.#little);
  }

  /** Inexact above 2^53: compare with a bound before use. */
  async u64(position: number): Promise<number> {
    const page = this.#cached(position) ?? (await this.#load(position));
    return (this.#little ? readU64 : readU64be)(page.bytes, position % PAGE);
  }

  async byte(position: number): Promise<number> {
    const page = this.#cached(position) ?? (await this.#load(position));
    return page.bytes[position % PAGE]!;
  }

  async setU32(position: number, value: number): Promise<void> {
    const page = await this.#forChange(position);
    page.view.setUint32(position % PAGE, value, this.#little);
  }

  async setU64(position: number, value: number): Promise<void> {
    const page = await this.#forChange(position);
    (this.#little ? writeU64 : writeU64be)(page.bytes, position % PAGE, value);
  }

  async setByte(position: number, value: number): Promise<void> {
    const page = await this.#forChange(position);
    page.bytes[position % PAGE] = value;
  }

  /** The range has become a table and is zero, in the file as well. */
  forgetRange(position: number, length: number): void {
    for (let at = position - (position % PAGE); at < position + length; at += PAGE) {
      const page = this.#pages.get(at);
      if (!page) continue;
      const start = Math.max(0, position - at);
      page.bytes.fill(0, start, Math.min(PAGE, position + length - at));
    }
  }

  /** Something outside the tables changed that `prepare` has to write. */
  touch(): void {
    this.#pending = true;
  }

  async commit(): Promise<void> {
    if (this.#dirty.size === 0 && !this.#pending) return this.#store.flush();
    await this.#steps.prepare?.();
    await this.#store.flush();
    this.#pending = false;
    if (this.#dirty.size === 0) return;
    const pages = [...this.#dirty].sort((a, b) => a.position - b.position);
    if (this.#steps.write) await this.#steps.write(pages);
    else for (const page of pages) await this.#writeSectors(page);
    await this.#store.flush();
    for (const page of pages) page.dirty = 0;
    this.#dirty.clear();
    this.#shrink();
  }

  /** When too much waits; called between operations, when tables are consistent. */
  async commitIfFull(): Promise<void> {
    if (this.#dirty.size >= Math.min(MAX_DIRTY_PAGES, this.#capacity)) await this.commit();
  }

  #cached(position: number): Page | undefined {
    return this.#pages.get(position - (position % PAGE));
  }

  async #load(position: number): Promise<Page> {
    const start = position - (position % PAGE);
    const bytes = new Uint8Array(PAGE);
    await this.#store.readAt(start, bytes);
    const there = this.#pages.get(start);
    if (there) return there;
    const page = { position: start, bytes, view: new DataView(bytes.buffer), dirty: 0 };
    this.#pages.set(start, page);
    this.#shrink();
    return page;
  }

  async #forChange(position: number): Promise<Page> {
    const page = this.#cached(position) ?? (await this.#load(position));
    page.dirty |= 1 << Math.floor((position % PAGE) / SECTOR);
    this.#dirty.add(page);
    this.#pages.set(page.position, page);
    return page;
  }

  #shrink(): void {
    if (this.#pages.size <= this.#capacity) return;
    for (const [position, page] of this.#pages) {
      if (page.dirty === 0) this.#pages.delete(position);
      if (this.#pages.size <= this.#capacity) return;
    }
  }

  async #writeSectors(page: Page): Promise<void> {
    for (let sector = 0; sector < PAGE / SECTOR; ) {
      let end = sector;
      while (page.dirty & (1 << end)) end++;
      if (end === sector) {
        sector++;
        continue;
      }
      const bytes = page.bytes.subarray(sector * SECTOR, end * SECTOR);
      await this.#store.writeAt(page.position + sector * SECTOR, bytes);
      sector = end;
    }
  }
}
