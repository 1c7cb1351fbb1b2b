// The parts of an Apple disk image: a trailer leads to a property list, which holds tables of chunks.
// Reference: J. Levin, "Demystifying the DMG File Format" (2013).

import { fromUtf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, Fields, unsupported, wrongFormat } from '../../sparse/fields.ts';

export const TRAILER_BYTES = 512;
const SECTOR = 512;
const MAX_LIST = 16 << 20;
const MAX_CHUNKS = 1 << 20;
/** Of a packed chunk, unpacked. */
export const MAX_UNPACKED = 64 << 20;
const TABLE_HEADER = 204;
const ENTRY = 40;

export type ChunkKind = 'zero' | 'raw' | 'zlib' | 'bzip2' | 'lzfse';

/** Bytes. */
export interface Chunk {
  readonly kind: ChunkKind;
  readonly start: number;
  readonly length: number;
  readonly position: number;
  readonly stored: number;
}

export interface DmgParts {
  readonly length: number;
  /** Ascending; what lies between is zero. */
  readonly chunks: readonly Chunk[];
}

const KINDS = new Map<number, ChunkKind>([
  [0, 'zero'],
  [1, 'raw'],
  [2, 'zero'],
  [0x8000_0005, 'zlib'],
  [0x8000_0006, 'bzip2'],
  [0x8000_0007, 'lzfse'],
]);
const COMMENT = 0x7fff_fffe;
const END = 0xffff_ffff;

export const isTrailer = (tail: Uint8Array): boolean => {
  const at = tail.length - TRAILER_BYTES;
  return at >= 0 && String.fromCharCode(...tail.subarray(at, at + 4)) === 'koly';
};

export const readDmg = async (store: ByteStore): Promise<DmgParts> => {
  const position = store.length - TRAILER_BYTES;
  const bytes = new Uint8Array(TRAILER_BYTES);
  if (position >= 0) await store.readAt(position, bytes);
  if (!isTrailer(bytes)) throw wrongFormat(store.name, 'DMG');
  const f = new Fields(bytes, { file: store.name, structure: 'DMG trailer', position, endian: 'big' });
  const dataFork = f.u64(24);
  const listAt = f.u64(216);
  const listLength = f.u64(224);
  if (listLength === 0) throw unsupported(store.name, 'a DMG without a property list');
  if (listLength > MAX_LIST) throw unsupported(store.name, `a property list of ${listLength} bytes`);
  if (listAt + listLength > store.length) f.fail(216, 'the property list reaches behind the end of the file');
  const list = new Uint8Array(listLength);
  await store.readAt(listAt, list);
  const chunks: Chunk[] = [];
  for (const table of tablesOf(fromUtf8(list))) readTable(table, store, listAt, dataFork, chunks);
  if (chunks.length === 0) throw corrupt(store.name, 'DMG property list', listAt, 'it has no chunks');
  chunks.sort((a, b) => a.start - b.start);
  let end = 0;
  for (const chunk of chunks) {
    if (chunk.start < end)
      throw corrupt(store.name, 'DMG chunk table', listAt, `two chunks hold offset ${chunk.start}`);
    end = chunk.start + chunk.length;
  }
  return { length: Math.max(end, f.u64(492) * SECTOR), chunks };
};

/** What the key `blkx` holds, base64. */
const tablesOf = (list: string): readonly Uint8Array[] => {
  const key = list.indexOf('<key>blkx</key>');
  const end = list.indexOf('</array>', key);
  if (key < 0 || end < 0) return [];
  const tables: Uint8Array[] = [];
  for (let at = key; ; ) {
    const from = list.indexOf('<data>', at);
    const to = list.indexOf('</data>', from);
    if (from < 0 || to < 0 || from > end) return tables;
    tables.push(fromBase64(list.slice(from + '<data>'.length, to)));
    at = to;
  }
};

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map([...DIGITS].map((digit, value) => [digit.charCodeAt(0), value]));

/** What is no digit (line ends, padding) is passed over. Reference: RFC 4648, section 4. */
const fromBase64 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let made = 0;
  let hold = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text.charCodeAt(i));
    if (value === undefined) continue;
    hold = ((hold << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[made++] = hold >> held;
  }
  return bytes.subarray(0, made);
};

const readTable = (
  bytes: Uint8Array,
  store: ByteStore,
  listAt: number,
  dataFork: number,
  chunks: Chunk[],
): void => {
  const structure = 'DMG chunk table';
  const f = new Fields(bytes, { file: store.name, structure, position: listAt, endian: 'big' });
  if (bytes.length < TABLE_HEADER || f.text(0, 4) !== 'mish') f.fail(0, 'it does not start with “mish”');
  const first = f.u64(8);
  const count = f.u32(200);
  if (TABLE_HEADER + count * ENTRY > bytes.length) f.fail(0, `it is too short for ${count} chunks`);
  if (chunks.length + count > MAX_CHUNKS) throw unsupported(store.name, 'a DMG of that many chunks');
  for (let at = TABLE_HEADER; at < TABLE_HEADER + count * ENTRY; at += ENTRY) {
    const type = f.u32(at);
    if (type === COMMENT || type === END) continue;
    const kind = KINDS.get(type);
    if (!kind) throw unsupported(store.name, `a DMG chunk of type 0x${type.toString(16)}`);
    const length = f.u64(at + 16) * SECTOR;
    const position = dataFork + f.u64(at + 24);
    const stored = f.u64(at + 32);
    if (length === 0) continue;
    if (kind !== 'zero' && position + stored > store.length)
      f.fail(0, 'a chunk reaches behind the end of the file');
    if (kind === 'raw' && stored < length) f.fail(0, 'a plain chunk is shorter than what it stands for');
    if (kind !== 'zero' && kind !== 'raw' && length > MAX_UNPACKED)
      throw unsupported(store.name, `a packed DMG chunk of ${length} bytes`);
    chunks.push({ kind, start: (first + f.u64(at + 8)) * SECTOR, length, position, stored });
  }
};
