// Writes a state file: sections, then pages one after the other, then the index. Everything goes to the end of the file
// but the header, which makes it a state file and comes last.

import { isZero } from '../base/bytes.ts';
import { crc32c } from '../base/crc32.ts';
import { utf8 } from '../base/utf8.ts';
import {
  CHUNK_PAGES, CHUNK_RECORD_BYTES, type ChunkRef, DIGEST_BYTES, encodeHeader, HEADER_BYTES, PAGE_OWN, PAGE_PARENT, PAGE_SAME, PAGE_ZERO,
  STATE_FORMAT, STATE_PAGE, type StateIndex, type StateMachine, type StateSectionRef, writeChunkRecord,
} from './state-file.ts';
import type { StateCodec, StateSection, StateSink } from './state-host.ts';

/** What an incremental state refers to. */
export interface ParentState {
  readonly file: string;
  readonly id: string;
  /** Digest of a page as it was then; undefined: it was zero. */
  digest(page: number): string | undefined;
}

export interface StateWriterOptions {
  readonly sink: StateSink;
  readonly codec: StateCodec;
  readonly id: string;
  readonly machine: StateMachine;
  readonly savedMs: number;
  readonly parent: ParentState | undefined;
}

export interface WrittenState {
  readonly bytes: number;
  /** Pages that are not zero, and those that the file holds itself. */
  readonly pages: number;
  readonly ownPages: number;
  /** Whether any page is the parent's; the file names none otherwise. */
  readonly usesParent: boolean;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #sections: StateSectionRef[] = [];
  readonly #map: Uint8Array;
  readonly #same: number[] = [];
  readonly #digests: string[] = [];
  readonly #known = new Map<string, number>();
  readonly #chunks: ChunkRef[] = [];
  readonly #chunk = new Uint8Array(CHUNK_PAGES * STATE_PAGE);
  #filled = 0;
  #page = 0;
  #present = 0;
  #inherited = 0;
  #end = HEADER_BYTES;

  constructor(options: StateWriterOptions) {
    this.#options = options;
    const { memoryBytes, tailBytes } = options.machine;
    this.#map = new Uint8Array((memoryBytes + tailBytes) / STATE_PAGE);
    options.sink.append(new Uint8Array(HEADER_BYTES));
  }

  section({ id, version, bytes }: StateSection): void {
    this.#sections.push({ id, version, chunk: this.#append(bytes) });
  }

  /** The next page, from the first on. */
  page(bytes: Uint8Array): void {
    const page = this.#page++;
    this.#map[page] = isZero(bytes) ? PAGE_ZERO : this.#place(page, bytes);
  }

  finish(): WrittenState {
    this.#closeChunk();
    const { sink, id, machine, savedMs, parent } = this.#options;
    const own = this.#digests.length;
    const digests = new Uint8Array(own * DIGEST_BYTES);
    this.#digests.forEach((digest, n) => {
      for (let i = 0; i < DIGEST_BYTES; i++) digests[n * DIGEST_BYTES + i] = digest.charCodeAt(i);
    });
    const records = new Uint8Array(this.#chunks.length * CHUNK_RECORD_BYTES);
    const view = new DataView(records.buffer);
    this.#chunks.forEach((ref, n) => writeChunkRecord(view, n * CHUNK_RECORD_BYTES, ref));
    const index: StateIndex = {
      format: STATE_FORMAT, id, savedMs, machine,
      parent: parent === undefined || this.#inherited === 0 ? null : { file: parent.file, id: parent.id },
      sections: this.#sections,
      pages: {
        count: this.#map.length, own,
        map: this.#append(this.#map), same: this.#append(littleEndian(this.#same)), digests: this.#append(digests), chunks: this.#append(records),
      },
    };
    sink.writeHeader(encodeHeader(this.#append(utf8(JSON.stringify(index)))));
    return { bytes: this.#end, pages: this.#present, ownPages: own, usesParent: this.#inherited > 0 };
  }

  #place(page: number, bytes: Uint8Array): number {
    const { codec, parent } = this.#options;
    this.#present += 1;
    const digest = codec.digest(bytes);
    if (parent?.digest(page) === digest) {
      this.#inherited += 1;
      return PAGE_PARENT;
    }
    const same = this.#known.get(digest);
    if (same !== undefined) {
      this.#same.push(same);
      return PAGE_SAME;
    }
    this.#known.set(digest, this.#digests.length);
    this.#digests.push(digest);
    this.#chunk.set(bytes, this.#filled);
    this.#filled += STATE_PAGE;
    if (this.#filled === this.#chunk.length) this.#closeChunk();
    return PAGE_OWN;
  }

  #closeChunk(): void {
    if (this.#filled === 0) return;
    this.#chunks.push(this.#append(this.#chunk.subarray(0, this.#filled)));
    this.#filled = 0;
  }

  #append(plain: Uint8Array): ChunkRef {
    const packed = plain.length < 64 ? plain : this.#options.codec.deflate(plain);
    const isSmaller = packed.length < plain.length;
    const bytes = isSmaller ? packed : plain;
    const offset = this.#end;
    this.#options.sink.append(bytes);
    this.#end += bytes.length;
    return { offset, length: bytes.length, plainLength: plain.length, crc32c: crc32c(bytes), codec: isSmaller ? 'deflate' : 'none' };
  }
}

function littleEndian(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, n) => view.setUint32(4 * n, value, true));
  return bytes;
}
