// Writes changed pages of the tables through the log: entry, flush, pages, flush. Every entry is a sequence of its own,
// as its changes are in place before the next begins. The header names the log only while there is an entry in it.
// Reference: [MS-VHDX] 2.3.

import { writeU32, writeU64 } from '../../../base/bytes.ts';
import { crc32cWithout } from '../../../base/crc32.ts';
import type { ByteStore } from '../../byte-store.ts';
import { roundUp } from '../../sparse/fields.ts';
import type { DirtyPage } from '../../sparse/metadata-cache.ts';
import { isZeroGuid, newGuid } from './guid.ts';
import type { VhdxHeaders } from './headers.ts';
import { DATA_SIGNATURE, DESCRIPTOR_SIGNATURE, ENTRY_SIGNATURE, LOG_SECTOR } from './log-replay.ts';

const MEBI = 1 << 20;
/** With its descriptors, an entry stays below a third of the smallest log, so that it never overwrites the one before. */
const MAX_PAGES = 80;

export class VhdxLogWriter {
  readonly #store: ByteStore;
  readonly #headers: VhdxHeaders;
  readonly #guid: Uint8Array;
  #offset = 0;
  #sequence = 1;

  constructor(store: ByteStore, headers: VhdxHeaders, random: Uint8Array) {
    this.#store = store;
    this.#headers = headers;
    this.#guid = newGuid(random);
  }

  async write(pages: readonly DirtyPage[]): Promise<void> {
    for (let first = 0; first < pages.length; first += MAX_PAGES)
      await this.#writeEntry(pages.slice(first, first + MAX_PAGES));
  }

  /** The log has nothing left to say: readers need not look. */
  async finish(): Promise<void> {
    if (!isZeroGuid(this.#headers.current.logGuid))
      await this.#headers.update({ logGuid: new Uint8Array(16) });
  }

  async #writeEntry(pages: readonly DirtyPage[]): Promise<void> {
    const { logPosition, logLength, logGuid } = this.#headers.current;
    const length = entryLength(pages.length);
    if (this.#offset + length > logLength) this.#offset = 0;
    const entry = this.#buildEntry(pages, length);
    await this.#store.writeAt(logPosition + this.#offset, entry);
    await this.#store.flush();
    if (isZeroGuid(logGuid)) await this.#headers.update({ logGuid: this.#guid });
    for (const page of pages) await this.#store.writeAt(page.position, page.bytes);
    await this.#store.flush();
    this.#offset += length;
    this.#sequence++;
  }

  #buildEntry(pages: readonly DirtyPage[], length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const fileLength = this.#store.length;
    writeU32(bytes, 0, ENTRY_SIGNATURE);
    writeU32(bytes, 8, length);
    writeU32(bytes, 12, this.#offset);
    writeU64(bytes, 16, this.#sequence);
    writeU32(bytes, 24, pages.length);
    bytes.set(this.#guid, 32);
    writeU64(bytes, 48, fileLength - (fileLength % MEBI));
    writeU64(bytes, 56, roundUp(fileLength, MEBI));
    const data = length - pages.length * LOG_SECTOR;
    pages.forEach((page, i) => this.#putPage(bytes, 64 + i * 32, data + i * LOG_SECTOR, page));
    writeU32(bytes, 4, crc32cWithout(bytes, 4));
    return bytes;
  }

  #putPage(entry: Uint8Array, at: number, data: number, { position, bytes }: DirtyPage): void {
    writeU32(entry, at, DESCRIPTOR_SIGNATURE);
    entry.set(bytes.subarray(LOG_SECTOR - 4), at + 4);
    entry.set(bytes.subarray(0, 8), at + 8);
    writeU64(entry, at + 16, position);
    writeU64(entry, at + 24, this.#sequence);
    entry.set(bytes, data);
    writeU32(entry, data, DATA_SIGNATURE);
    writeU32(entry, data + 4, Math.floor(this.#sequence / 2 ** 32));
    writeU32(entry, data + LOG_SECTOR - 4, this.#sequence % 2 ** 32);
  }
}

const entryLength = (pages: number): number =>
  (Math.ceil((64 + pages * 32) / LOG_SECTOR) + pages) * LOG_SECTOR;
