// Finds the active sequence of a VHDX log and gives what it says: pages and where they belong.
// Reference: [MS-VHDX] 2.3.

import { readU32, readU64 } from '../../../base/bytes.ts';
import { crc32cWithout } from '../../../base/crc32.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, MAX_POSITION, unsupported } from '../../sparse/fields.ts';
import { isZeroGuid, sameGuid } from './guid.ts';
import type { VhdxHeader } from './headers.ts';

export const LOG_SECTOR = 4096;
export const ENTRY_SIGNATURE = 0x65676f6c;
export const ZERO_SIGNATURE = 0x6f72657a;
export const DESCRIPTOR_SIGNATURE = 0x63736564;
export const DATA_SIGNATURE = 0x61746164;
const ENTRY_HEADER = 64;
const DESCRIPTOR = 32;
/** Pages a log may change; far beyond what fits, but zero descriptors can stand for much. */
const MAX_PAGES = 1 << 16;
const STRUCTURE = 'VHDX log';
const ZERO_PAGE = new Uint8Array(LOG_SECTOR);

export interface LogChanges {
  /** In the order in which they were made, by position. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
  /** The file is at least that long afterwards. */
  readonly fileLength: number;
}

interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly tail: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** Undefined: the log is empty. Throws where it must be replayed and cannot be. */
export const readLog = async (store: ByteStore, header: VhdxHeader): Promise<LogChanges | undefined> => {
  if (isZeroGuid(header.logGuid)) return undefined;
  const log = new Uint8Array(header.logLength);
  await store.readAt(header.logPosition, log);
  const entries = new LogScanner(log, header.logGuid).activeSequence();
  const head = entries.at(-1);
  if (!head)
    throw corrupt(store.name, STRUCTURE, header.logPosition, 'it has to be replayed, but has no whole entry');
  const flushed = readU64(head.bytes, 48);
  if (store.length < flushed)
    throw corrupt(
      store.name,
      STRUCTURE,
      header.logPosition,
      `the file was cut: it had at least ${flushed} bytes`,
    );
  const pages = new Map<number, Uint8Array>();
  for (const entry of entries) collectPages(entry, pages, store, header);
  return { pages, fileLength: Math.min(readU64(head.bytes, 56), store.length + 2 ** 36) };
};

const descriptorSectors = (count: number): number =>
  Math.ceil((ENTRY_HEADER + count * DESCRIPTOR) / LOG_SECTOR);

const collectPages = (
  { bytes, offset }: Entry,
  pages: Map<number, Uint8Array>,
  store: ByteStore,
  header: VhdxHeader,
): void => {
  const count = readU32(bytes, 24);
  let data = descriptorSectors(count) * LOG_SECTOR;
  const put = (position: number, page: Uint8Array): void => {
    if (position % LOG_SECTOR !== 0 || position > Math.min(MAX_POSITION, store.length + 2 ** 36))
      throw corrupt(store.name, STRUCTURE, header.logPosition + offset, `it writes to offset ${position}`);
    if (pages.size >= MAX_PAGES) throw unsupported(store.name, 'a VHDX log with that many changes');
    pages.delete(position);
    pages.set(position, page);
  };
  for (let i = 0; i < count; i++) {
    const at = ENTRY_HEADER + i * DESCRIPTOR;
    const position = readU64(bytes, at + 16);
    if (readU32(bytes, at) === ZERO_SIGNATURE) {
      const length = readU64(bytes, at + 8);
      if (length > MAX_PAGES * LOG_SECTOR) throw unsupported(store.name, 'a VHDX log that clears that much');
      for (let done = 0; done < length; done += LOG_SECTOR) put(position + done, ZERO_PAGE);
      continue;
    }
    const page = bytes.slice(data, data + LOG_SECTOR);
    page.set(bytes.subarray(at + 8, at + 16), 0);
    page.set(bytes.subarray(at + 4, at + 8), LOG_SECTOR - 4);
    put(position, page);
    data += LOG_SECTOR;
  }
};

class LogScanner {
  readonly #log: Uint8Array;
  readonly #guid: Uint8Array;
  /** Entries may claim to overlap; summing all of them again and again would take for ever. */
  #budget: number;

  constructor(log: Uint8Array, guid: Uint8Array) {
    this.#log = log;
    this.#guid = guid;
    this.#budget = log.length * 8;
  }

  activeSequence(): readonly Entry[] {
    let best: readonly Entry[] = [];
    for (let start = 0; start < this.#log.length; ) {
      const sequence = this.#sequenceFrom(start);
      const head = sequence.at(-1);
      if (!head) {
        start += LOG_SECTOR;
        continue;
      }
      const tail = sequence.findIndex(({ offset }) => offset === head.tail);
      if (tail >= 0 && head.sequence > (best.at(-1)?.sequence ?? 0)) best = sequence.slice(tail);
      // Later entries of a broken sequence may still be whole ones of their own.
      const next = tail >= 0 ? head.offset + head.length : start + sequence[0]!.length;
      if (next <= start || sequence.some(({ offset }) => offset < start)) break;
      start = next;
    }
    return best;
  }

  #sequenceFrom(start: number): readonly Entry[] {
    const entries: Entry[] = [];
    let offset = start;
    let total = 0;
    while (total < this.#log.length) {
      const entry = this.#entryAt(offset);
      const last = entries.at(-1);
      if (!entry || (last && entry.sequence !== last.sequence + 1)) break;
      entries.push(entry);
      total += entry.length;
      offset = (offset + entry.length) % this.#log.length;
    }
    return entries;
  }

  /** The entry as one piece, though it may wrap around the end of the log. */
  #entryAt(offset: number): Entry | undefined {
    const log = this.#log;
    if (readU32(log, offset) !== ENTRY_SIGNATURE) return undefined;
    const length = readU32(log, offset + 8);
    const tail = readU32(log, offset + 12);
    const sequence = readU64(log, offset + 16);
    const count = readU32(log, offset + 24);
    if (length === 0 || length % LOG_SECTOR !== 0 || length > log.length) return undefined;
    if (tail % LOG_SECTOR !== 0 || tail >= log.length || sequence === 0 || sequence > MAX_POSITION)
      return undefined;
    if (!sameGuid(log.subarray(offset + 32, offset + 48), this.#guid)) return undefined;
    if (descriptorSectors(count) * LOG_SECTOR > length) return undefined;
    this.#budget -= length;
    if (this.#budget < 0) return undefined;
    const bytes = new Uint8Array(length);
    const first = log.subarray(offset, offset + length);
    bytes.set(first);
    bytes.set(log.subarray(0, length - first.length), first.length);
    if (readU32(bytes, 4) !== crc32cWithout(bytes, 4)) return undefined;
    return descriptorsHold(bytes, count) ? { offset, length, tail, sequence, bytes } : undefined;
  }
}

/** Each descriptor and each data sector repeats the entry's sequence number. */
const descriptorsHold = (bytes: Uint8Array, count: number): boolean => {
  const low = readU32(bytes, 16);
  const high = readU32(bytes, 20);
  let data = descriptorSectors(count) * LOG_SECTOR;
  for (let i = 0; i < count; i++) {
    const at = ENTRY_HEADER + i * DESCRIPTOR;
    if (readU32(bytes, at + 24) !== low || readU32(bytes, at + 28) !== high) return false;
    if (readU32(bytes, at) === ZERO_SIGNATURE) continue;
    if (readU32(bytes, at) !== DESCRIPTOR_SIGNATURE || data + LOG_SECTOR > bytes.length) return false;
    const whole =
      readU32(bytes, data) === DATA_SIGNATURE &&
      readU32(bytes, data + 4) === high &&
      readU32(bytes, data + LOG_SECTOR - 4) === low;
    if (!whole) return false;
    data += LOG_SECTOR;
  }
  return true;
};
