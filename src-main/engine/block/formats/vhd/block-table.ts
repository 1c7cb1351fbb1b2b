// The block allocation table of dynamic and differencing VHD files as a sparse layout. A block is a bitmap of its sectors
// followed by them; only in differencing files the bitmap decides. New blocks take the footer's place at the end, and the
// footer moves behind them: it, the data and an empty bitmap are durable before the table says so.

import type { ByteStore } from '../../byte-store.ts';
import { checkInFile, corrupt, roundUp } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import type { Placement, Room, SparseLayout } from '../../sparse/sparse-layout.ts';
import { type DynamicHeader, FOOTER_BYTES } from './footer.ts';

const SECTOR = 512;
const STRUCTURE = 'VHD block allocation table';
export const NO_BLOCK = 0xffff_ffff;

export interface VhdTable {
  readonly header: DynamicHeader;
  readonly length: number;
  readonly differencing: boolean;
  /** As it stands at the end of the file. */
  readonly footer: Uint8Array;
  readonly footerAtEnd: boolean;
}

export const bitmapBytes = (blockSize: number): number => roundUp(blockSize / SECTOR / 8, SECTOR);

export class VhdBlockTable implements SparseLayout {
  readonly store: ByteStore;
  readonly #table: VhdTable;
  readonly #cache: MetadataCache;
  readonly #bitmap: number;
  /** Where the next block goes; known after the table was read once. */
  #end: number | undefined;
  #last: { readonly index: number; readonly sector: number } | undefined;

  constructor(store: ByteStore, table: VhdTable, cacheBytes: number) {
    this.store = store;
    this.#table = table;
    this.#bitmap = bitmapBytes(table.header.blockSize);
    this.#cache = new MetadataCache(store, 'big', cacheBytes, { prepare: () => this.#writeFooter() });
  }

  get alone(): boolean {
    return !this.#table.differencing;
  }

  get length(): number {
    return this.#table.length;
  }

  get blockSize(): number {
    return this.#table.header.blockSize;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const index = Math.floor(offset / blockSize);
    const inside = offset % blockSize;
    const sector = await this.#entry(index);
    if (sector === NO_BLOCK) return { kind: 'absent', length: await this.#absentRun(index, inside, limit) };
    const block = checkInFile(
      this.store,
      STRUCTURE,
      this.#entryAt(index),
      sector * SECTOR,
      this.#bitmap + blockSize,
    );
    const length = Math.min(limit, blockSize - inside);
    const data: Placement = {
      kind: 'data',
      length,
      store: this.store,
      position: block + this.#bitmap + inside,
    };
    if (!this.#table.differencing) return data;
    const own = await this.#hasSector(block, inside);
    let end = inside - (inside % SECTOR) + SECTOR;
    while (end < inside + length && (await this.#hasSector(block, end)) === own) end += SECTOR;
    const run = Math.min(length, end - inside);
    return own ? { ...data, length: run } : { kind: 'absent', length: run };
  }

  async reserve(offset: number, limit: number): Promise<Room> {
    const { blockSize } = this;
    const index = Math.floor(offset / blockSize);
    let sector = await this.#entry(index);
    let fresh = false;
    if (sector === NO_BLOCK) {
      const block = await this.#newBlock();
      sector = block.position / SECTOR;
      fresh = block.fresh;
      this.#last = { index, sector };
    }
    const data = sector * SECTOR + this.#bitmap;
    const start = index * blockSize;
    if (!this.#table.differencing) return { start, length: blockSize, position: data, fresh };
    const from = offset - (offset % SECTOR);
    const to = Math.min(start + blockSize, roundUp(offset + limit, SECTOR));
    return { start: from, length: to - from, position: data + from - start, fresh };
  }

  async publish(room: Room): Promise<void> {
    const { blockSize } = this;
    const index = Math.floor(room.start / blockSize);
    if (this.#last?.index === index) {
      await this.#cache.setU32(this.#entryAt(index), this.#last.sector);
      this.#last = undefined;
    }
    if (!this.#table.differencing) return;
    const block = room.position - (room.start % blockSize) - this.#bitmap;
    const first = (room.start % blockSize) / SECTOR;
    for (let i = first; i < first + room.length / SECTOR; i++) {
      const at = block + (i >> 3);
      await this.#cache.setByte(at, (await this.#cache.byte(at)) | (0x80 >> (i & 7)));
    }
  }

  /** A table entry can only be given up where nothing lies behind. */
  async markZero(): Promise<boolean> {
    return false;
  }

  commit(): Promise<void> {
    return this.#cache.commit();
  }

  settle(): Promise<void> {
    return this.#cache.commitIfFull();
  }

  #entryAt(index: number): number {
    return this.#table.header.tablePosition + index * 4;
  }

  #entry(index: number): Promise<number> {
    return this.#cache.u32(this.#entryAt(index));
  }

  async #absentRun(index: number, inside: number, limit: number): Promise<number> {
    let length = this.blockSize - inside;
    for (let next = index + 1; length < limit && next < this.#table.header.entries; next++) {
      if ((await this.#entry(next)) !== NO_BLOCK) break;
      length += this.blockSize;
    }
    return Math.min(length, limit);
  }

  async #hasSector(block: number, inside: number): Promise<boolean> {
    const sector = Math.floor(inside / SECTOR);
    return ((await this.#cache.byte(block + (sector >> 3))) & (0x80 >> (sector & 7))) !== 0;
  }

  async #newBlock(): Promise<{ position: number; fresh: boolean }> {
    this.#end ??= await this.#findEnd();
    const position = this.#end;
    const data = position + this.#bitmap;
    const fresh = data >= this.store.length;
    this.#end = data + this.blockSize;
    if (this.#end / SECTOR >= NO_BLOCK)
      throw corrupt(this.store.name, 'VHD file', position, 'it is larger than its table can express');
    if (this.store.length < this.#end + FOOTER_BYTES) await this.store.truncate(this.#end + FOOTER_BYTES);
    const bitmap = new Uint8Array(this.#bitmap).fill(this.#table.differencing ? 0 : 0xff);
    await this.store.writeAt(position, bitmap);
    this.#cache.forgetRange(position, this.#bitmap);
    this.#cache.touch();
    return { position, fresh };
  }

  /** Behind every block, wherever the file ends: after a loss of power the footer may be gone. */
  async #findEnd(): Promise<number> {
    const { header, footerAtEnd } = this.#table;
    const step = this.#bitmap + this.blockSize;
    let end = footerAtEnd ? this.store.length - FOOTER_BYTES : roundUp(this.store.length, SECTOR);
    for (let index = 0; index < header.entries; index++) {
      const sector = await this.#entry(index);
      if (sector === NO_BLOCK) continue;
      end = Math.max(end, checkInFile(this.store, STRUCTURE, this.#entryAt(index), sector * SECTOR) + step);
    }
    return end;
  }

  async #writeFooter(): Promise<void> {
    if (this.#end !== undefined) await this.store.writeAt(this.#end, this.#table.footer);
  }
}
