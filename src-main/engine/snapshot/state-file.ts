// The layout of a state file: header, chunks, and the index that says where they are. Memory is kept in pages; a page
// is zero, the parent's, held by this file, or equal to another one that is.
// Not here: what sections mean (`StateSpec`), and how a file is written or read (`state-writer.ts`, `state-reader.ts`).

import { crc32c } from '../base/crc32.ts';
import { damaged, StateFileError } from './state-error.ts';

export const STATE_FORMAT = 1;
export const STATE_PAGE = 0x1000;
/** Pages that are compressed together. */
export const CHUNK_PAGES = 64;
export const DIGEST_BYTES = 16;
export const HEADER_BYTES = 64;
/** Bounds of what a reader believes. */
export const MAX_PAGES = 0x10_0000;
export const MAX_SECTION_BYTES = 0x400_0000;
export const MAX_INDEX_BYTES = 0x100_0000;
const MAX_SECTIONS = 1000;

export const PAGE_ZERO = 0;
export const PAGE_PARENT = 1;
/** The next of those that the file holds. */
export const PAGE_OWN = 2;
/** Equal to one that the file holds, named in the list of equal pages. */
export const PAGE_SAME = 3;

/** Whole pages of RAM, which a state takes while the guest goes on; what is behind them is taken at once. */
export function guardedBytes({ memoryBytes }: { readonly memoryBytes: number }): number {
  return memoryBytes - (memoryBytes % STATE_PAGE);
}

const MAGIC = 'BXWSTATE';
const ID = /^[0-9a-f]{32}$/;
const MAX_NAME = 4096;

/** Raw deflate or as it is, with the checksum of the stored bytes. */
export interface ChunkRef {
  readonly offset: number;
  readonly length: number;
  readonly plainLength: number;
  readonly crc32c: number;
  readonly codec: 'none' | 'deflate';
}

/** What must be alike in the machine that takes the state. */
export interface StateMachine {
  readonly cpuModel: string;
  readonly memoryBytes: number;
  /** ROM and video memory behind it. */
  readonly tailBytes: number;
}

export interface StateSectionRef {
  readonly id: string;
  readonly version: number;
  readonly chunk: ChunkRef;
}

export interface StateIndex {
  readonly format: typeof STATE_FORMAT;
  /** 32 hexadecimal digits that no other state has. */
  readonly id: string;
  /** A file in the same folder. */
  readonly parent: { readonly file: string; readonly id: string } | null;
  readonly savedMs: number;
  readonly machine: StateMachine;
  readonly sections: readonly StateSectionRef[];
  readonly pages: {
    readonly count: number;
    readonly own: number;
    /** `PAGE_*`, a byte for each page. */
    readonly map: ChunkRef;
    /** For each `PAGE_SAME`, which of the own pages: 32-bit words. */
    readonly same: ChunkRef;
    /** Digests of the own pages. */
    readonly digests: ChunkRef;
    /** A record for each chunk of own pages: see `chunkRecord`. */
    readonly chunks: ChunkRef;
  };
}

export const CHUNK_RECORD_BYTES = 24;

export function writeChunkRecord(view: DataView, at: number, ref: ChunkRef): void {
  view.setFloat64(at, ref.offset, true);
  view.setUint32(at + 8, ref.length, true);
  view.setUint32(at + 12, ref.plainLength, true);
  view.setUint32(at + 16, ref.crc32c, true);
  view.setUint32(at + 20, ref.codec === 'deflate' ? 1 : 0, true);
}

export function readChunkRecord(view: DataView, at: number): ChunkRef {
  return {
    offset: view.getFloat64(at, true),
    length: view.getUint32(at + 8, true),
    plainLength: view.getUint32(at + 12, true),
    crc32c: view.getUint32(at + 16, true),
    codec: view.getUint32(at + 20, true) === 1 ? 'deflate' : 'none',
  };
}

/** Written last: a file whose writing was broken off has none. */
export function encodeHeader(index: ChunkRef): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  view.setUint32(8, STATE_FORMAT, true);
  writeChunkRecord(view, 16, index);
  view.setUint32(HEADER_BYTES - 4, crc32c(bytes.subarray(0, HEADER_BYTES - 4)), true);
  return bytes;
}

export function parseHeader(file: string, bytes: Uint8Array): ChunkRef {
  const place = { file, structure: 'header', offset: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || [...MAGIC].some((letter, i) => bytes[i] !== letter.charCodeAt(0)))
    throw new StateFileError('damaged', `“${file}” is no state file, or its writing was broken off.`, place);
  const format = view.getUint32(8, true);
  if (view.getUint32(HEADER_BYTES - 4, true) !== crc32c(bytes.subarray(0, HEADER_BYTES - 4))) throw damaged(place, 'has a wrong checksum');
  if (format !== STATE_FORMAT)
    throw new StateFileError('too-new', `“${file}” was written by a newer Boxwright (format ${format}).`, place);
  return readChunkRecord(view, 16);
}

/** Checks everything that readers rely on; `size`: of the file. */
export function parseIndex(file: string, json: unknown, size: number): StateIndex {
  const place = { file, structure: 'index' };
  const need = (fine: boolean, what: string): void => {
    if (!fine) throw damaged(place, `says something impossible (${what})`);
  };
  const record = (value: unknown, what: string): Record<string, unknown> => {
    need(typeof value === 'object' && value !== null, what);
    return value as Record<string, unknown>;
  };
  const whole = (value: unknown, limit: number, what: string): number => {
    need(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= limit, what);
    return value as number;
  };
  const text = (value: unknown, what: string, form?: RegExp): string => {
    need(typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME && (form?.test(value) ?? true), what);
    return value as string;
  };
  const chunk = (value: unknown, limit: number, what: string): ChunkRef => {
    const from = record(value, what);
    need(from['codec'] === 'none' || from['codec'] === 'deflate', what);
    const ref = {
      offset: whole(from['offset'], size, what), length: whole(from['length'], size, what),
      plainLength: whole(from['plainLength'], limit, what), crc32c: whole(from['crc32c'], 0xffff_ffff, what),
      codec: from['codec'] as ChunkRef['codec'],
    };
    checkChunk(file, what, ref, size);
    return ref;
  };
  const root = record(json, 'index');
  need(root['format'] === STATE_FORMAT, 'format');
  const machine = record(root['machine'], 'machine');
  const pages = record(root['pages'], 'pages');
  const count = whole(pages['count'], MAX_PAGES, 'number of pages');
  const own = whole(pages['own'], count, 'number of own pages');
  const sections = root['sections'];
  need(Array.isArray(sections) && sections.length <= MAX_SECTIONS, 'sections');
  const parent = root['parent'] === null ? null : record(root['parent'], 'parent');
  const result: StateIndex = {
    format: STATE_FORMAT,
    id: text(root['id'], 'id', ID),
    parent: parent && { file: text(parent['file'], 'parent', /^[^/\\\0]+$/), id: text(parent['id'], 'parent', ID) },
    savedMs: whole(root['savedMs'], Number.MAX_SAFE_INTEGER, 'time'),
    machine: {
      cpuModel: text(machine['cpuModel'], 'processor'),
      memoryBytes: whole(machine['memoryBytes'], MAX_PAGES * STATE_PAGE, 'memory'),
      tailBytes: whole(machine['tailBytes'], MAX_PAGES * STATE_PAGE, 'memory'),
    },
    sections: (sections as unknown[]).map((value) => {
      const section = record(value, 'section');
      const id = text(section['id'], 'section');
      return { id, version: whole(section['version'], 0xffff, 'section'), chunk: chunk(section['chunk'], MAX_SECTION_BYTES, `section ${id}`) };
    }),
    pages: {
      count, own,
      map: chunk(pages['map'], count, 'map of pages'),
      same: chunk(pages['same'], 4 * count, 'list of equal pages'),
      digests: chunk(pages['digests'], DIGEST_BYTES * own, 'digests'),
      chunks: chunk(pages['chunks'], CHUNK_RECORD_BYTES * Math.ceil(own / CHUNK_PAGES), 'list of chunks'),
    },
  };
  need(result.machine.memoryBytes + result.machine.tailBytes === count * STATE_PAGE, 'number of pages');
  need(new Set(result.sections.map(({ id }) => id)).size === result.sections.length, 'sections');
  return result;
}

/** A chunk must lie within the file. */
export function checkChunk(file: string, structure: string, ref: ChunkRef, size: number): void {
  const fine = Number.isSafeInteger(ref.offset) && ref.offset >= HEADER_BYTES && ref.offset + ref.length <= size;
  if (fine && (ref.codec === 'deflate' || ref.length === ref.plainLength)) return;
  throw damaged({ file, structure, offset: ref.offset }, 'does not lie in the file');
}
