// Reads a state file and the ones it builds on. Nothing in them is believed: every chunk is checked before use, sizes
// are bounded by what the index was allowed to say, and what is wrong is said with its place.

import { crc32c } from '../base/crc32.ts';
import { fromUtf8 } from '../base/utf8.ts';
import type { PageGroup } from './page-arrival.ts';
import { damaged, StateFileError } from './state-error.ts';
import {
  checkChunk, CHUNK_PAGES, CHUNK_RECORD_BYTES, type ChunkRef, DIGEST_BYTES, HEADER_BYTES, MAX_INDEX_BYTES, PAGE_OWN, PAGE_PARENT, PAGE_SAME,
  PAGE_ZERO, parseHeader, parseIndex, readChunkRecord, STATE_PAGE, type StateIndex,
} from './state-file.ts';
import type { StateCodec, StateSection, StateSource } from './state-host.ts';

/** A longer chain of parents is taken for damage. */
const MAX_DEPTH = 1000;

export interface StateFiles {
  /** Throws what the host has to say about a file that cannot be opened. */
  open(path: string): StateSource;
  /** Undefined: there is none. */
  openBeside(path: string, file: string): StateSource | undefined;
}

/** Pages of one chunk. `load` puts them in their places; it and `check` throw when the chunk is damaged. */
export interface StatePageGroup extends PageGroup {
  /** Compares the checksum of what is stored; `load` does so if this was not done before. */
  check(): void;
}

const NO_PAGE = 0xffff_ffff;

export class StateReader {
  readonly index: StateIndex;
  readonly parent: StateReader | undefined;
  readonly #source: StateSource;
  readonly #codec: StateCodec;
  /** `PAGE_*` by page. */
  readonly #map: Uint8Array;
  /** For each page the own page that has its content, or `NO_PAGE`. */
  readonly #own: Uint32Array;
  readonly #chunks: readonly ChunkRef[];
  #digests: Uint8Array | undefined;

  private constructor(source: StateSource, codec: StateCodec, files: StateFiles, above: readonly string[]) {
    this.#source = source;
    this.#codec = codec;
    this.index = this.#readIndex();
    const { pages, parent } = this.index;
    this.#map = this.#chunk(pages.map, 'map of pages');
    this.#chunks = this.#readChunks();
    this.#own = this.#readPlaces();
    this.parent = parent === null ? undefined : this.#openParent(parent, files, above);
  }

  /** Throws `StateFileError`; nothing stays open then. */
  static open(files: StateFiles, codec: StateCodec, path: string): StateReader {
    return StateReader.#open(files.open(path), codec, files, []);
  }

  static #open(source: StateSource, codec: StateCodec, files: StateFiles, above: readonly string[]): StateReader {
    try {
      return new StateReader(source, codec, files, above);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  get file(): string {
    return this.#source.name;
  }

  /** Also the ones it builds on. */
  close(): void {
    this.#source.close();
    this.parent?.close();
  }

  sections(): StateSection[] {
    return this.index.sections.map(({ id, version, chunk }) => ({ id, version, bytes: this.#chunk(chunk, `section ${id}`) }));
  }

  /** Digest of a page; undefined: it is zero. */
  digest(page: number): string | undefined {
    const kind = this.#map[page];
    if (kind === PAGE_PARENT) return this.parent!.digest(page);
    const own = this.#own[page]!;
    if (kind === PAGE_ZERO || own === NO_PAGE) return undefined;
    this.#digests ??= this.#chunk(this.index.pages.digests, 'digests');
    return String.fromCharCode(...this.#digests.subarray(own * DIGEST_BYTES, (own + 1) * DIGEST_BYTES));
  }

  /** Every page that is not zero, also of the files that this one builds on, by the chunk it stands in. */
  groups(): StatePageGroup[] {
    const all = new Uint32Array(this.index.pages.count);
    for (let page = 0; page < all.length; page++) all[page] = page;
    return this.#groups(all);
  }

  /** Reads every chunk, one each time it is asked, and says how many there are; throws at the first that is damaged. */
  *verify(): Generator<number> {
    this.sections();
    this.#chunk(this.index.pages.digests, 'digests');
    for (const [n, ref] of this.#chunks.entries()) {
      this.#chunk(ref, `memory chunk ${n}`);
      yield this.#chunks.length;
    }
  }

  #groups(wanted: Uint32Array): StatePageGroup[] {
    const byChunk: number[][] = this.#chunks.map(() => []);
    const inherited = new Uint32Array(wanted.length);
    let heirs = 0;
    for (const page of wanted) {
      if (this.#map[page] === PAGE_PARENT) inherited[heirs++] = page;
      const own = this.#own[page]!;
      if (own !== NO_PAGE) byChunk[Math.floor(own / CHUNK_PAGES)]!.push(page);
    }
    const groups = byChunk.flatMap((pages, chunk) => (pages.length === 0 ? [] : [this.#group(chunk, Uint32Array.from(pages))]));
    return heirs === 0 ? groups : [...groups, ...this.parent!.#groups(inherited.subarray(0, heirs))];
  }

  #group(chunk: number, pages: Uint32Array): StatePageGroup {
    const ref = this.#chunks[chunk]!;
    const structure = `memory chunk ${chunk}`;
    let isChecked = false;
    return {
      pages,
      check: () => {
        this.#stored(ref, structure);
        isChecked = true;
      },
      load: async (memory) => {
        const bytes = await this.#chunkLater(ref, structure, isChecked);
        for (const page of pages) {
          const at = (this.#own[page]! % CHUNK_PAGES) * STATE_PAGE;
          memory.set(bytes.subarray(at, at + STATE_PAGE), page * STATE_PAGE);
        }
      },
    };
  }

  #readIndex(): StateIndex {
    const { name, bytes } = this.#source;
    const ref = parseHeader(name, this.#source.read(0, Math.min(HEADER_BYTES, bytes)));
    if (ref.plainLength > MAX_INDEX_BYTES) throw damaged({ file: name, structure: 'header', offset: 0 }, 'gives the index an impossible length');
    checkChunk(name, 'index', ref, bytes);
    const text = fromUtf8(this.#chunk(ref, 'index'));
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw damaged({ file: name, structure: 'index', offset: ref.offset }, 'is no JSON');
    }
    return parseIndex(name, json, bytes);
  }

  #readChunks(): ChunkRef[] {
    const { own, chunks } = this.index.pages;
    const bytes = this.#chunk(chunks, 'list of chunks');
    const count = Math.ceil(own / CHUNK_PAGES);
    if (bytes.length !== count * CHUNK_RECORD_BYTES) throw this.#damaged('list of chunks', chunks, 'has a wrong length');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, n) => {
      const ref = readChunkRecord(view, n * CHUNK_RECORD_BYTES);
      checkChunk(this.file, `memory chunk ${n}`, ref, this.#source.bytes);
      const pages = Math.min(CHUNK_PAGES, own - n * CHUNK_PAGES);
      if (ref.plainLength !== pages * STATE_PAGE) throw this.#damaged(`memory chunk ${n}`, ref, 'has a wrong length');
      return ref;
    });
  }

  #readPlaces(): Uint32Array {
    const { count, own, map, same, digests } = this.index.pages;
    const equal = this.#chunk(same, 'list of equal pages');
    const view = new DataView(equal.buffer, equal.byteOffset, equal.byteLength);
    const places = new Uint32Array(count).fill(NO_PAGE);
    let ownSeen = 0;
    let sameSeen = 0;
    if (this.#map.length !== count || digests.plainLength !== own * DIGEST_BYTES) throw this.#damaged('map of pages', map, 'has a wrong length');
    for (let page = 0; page < count; page++) {
      const kind = this.#map[page]!;
      if (kind === PAGE_OWN) places[page] = ownSeen++;
      else if (kind === PAGE_SAME) {
        const to = sameSeen * 4 < equal.length ? view.getUint32(4 * sameSeen, true) : NO_PAGE;
        if (to >= own) throw this.#damaged('list of equal pages', same, 'names a page that is not there');
        places[page] = to;
        sameSeen += 1;
      } else if (kind !== PAGE_ZERO && (kind !== PAGE_PARENT || this.index.parent === null)) {
        throw this.#damaged('map of pages', map, `says something impossible of page ${page}`);
      }
    }
    if (ownSeen !== own || sameSeen * 4 !== equal.length) throw this.#damaged('map of pages', map, 'does not count its pages right');
    return places;
  }

  #openParent({ file, id }: { file: string; id: string }, files: StateFiles, above: readonly string[]): StateReader {
    const place = { file: this.file, structure: 'parent' };
    const missing = (why: string): StateFileError =>
      new StateFileError('parent-missing', `“${this.file}” builds on the state “${file}”, ${why}.`, place);
    const chain = [...above, this.index.id];
    if (chain.length >= MAX_DEPTH) throw missing('which is one of too many');
    if (chain.includes(id)) throw missing('which builds on it in turn');
    const source = files.openBeside(this.file, file);
    if (source === undefined) throw missing('which is not there');
    const parent = StateReader.#open(source, this.#codec, files, chain);
    if (parent.index.id === id && parent.index.pages.count === this.index.pages.count) return parent;
    parent.close();
    throw missing('which is another one now');
  }

  #damaged(structure: string, { offset }: ChunkRef, what: string): StateFileError {
    return damaged({ file: this.file, structure, offset }, what);
  }

  #stored(ref: ChunkRef, structure: string, isChecked = false): Uint8Array {
    const bytes = this.#source.read(ref.offset, ref.length);
    if (bytes.length !== ref.length) throw this.#damaged(structure, ref, 'is cut short');
    if (!isChecked && crc32c(bytes) !== ref.crc32c) throw this.#damaged(structure, ref, 'has a wrong checksum');
    return bytes;
  }

  #chunk(ref: ChunkRef, structure: string): Uint8Array {
    const stored = this.#stored(ref, structure);
    if (ref.codec === 'none') return stored;
    return this.#whole(ref, structure, () => this.#codec.inflate(stored, ref.plainLength));
  }

  async #chunkLater(ref: ChunkRef, structure: string, isChecked: boolean): Promise<Uint8Array> {
    const stored = this.#stored(ref, structure, isChecked);
    if (ref.codec === 'none') return stored;
    let plain: Uint8Array | undefined;
    try {
      plain = await this.#codec.inflateLater(stored, ref.plainLength);
    } catch {
      plain = undefined;
    }
    return this.#whole(ref, structure, () => plain);
  }

  #whole(ref: ChunkRef, structure: string, inflate: () => Uint8Array | undefined): Uint8Array {
    let plain: Uint8Array | undefined;
    try {
      plain = inflate();
    } catch {
      plain = undefined;
    }
    if (plain?.length !== ref.plainLength) throw this.#damaged(structure, ref, 'cannot be unpacked');
    return plain;
  }
}
