// Keeps guest memory as it was at one moment while the guest goes on: a page is copied before it is first written.
// Another thread takes the pages away meanwhile, without locks: it reads a page where it stands and then marks it; if
// the page was marked as copied in between, what it read is worthless and the copy counts.

import { STATE_PAGE } from './state-file.ts';

/** In place, as it was. */
export const PAGE_LIVE = 0;
/** The copy counts. */
export const PAGE_COPIED = 1;
/** Not wanted any more. */
export const PAGE_TAKEN = 2;

/** Memory that both threads share, for the guarded pages. */
export interface PageCopies {
  /** `PAGE_*`, a word for each page. */
  readonly marks: SharedArrayBuffer;
  /** As long as the guarded memory; only what is written costs memory. */
  readonly copies: SharedArrayBuffer;
  /** For what stands behind the guarded memory, which is copied at once. */
  readonly tail: SharedArrayBuffer;
}

export class PageGuard {
  readonly #memory: Float64Array;
  readonly #first: number;
  readonly #marks: Int32Array;
  readonly #copies: Float64Array;

  /** Guards what begins at byte `base` of a memory and is as long as the copies. */
  constructor(memory: ArrayBufferLike, base: number, { marks, copies }: PageCopies) {
    this.#memory = new Float64Array(memory, base, copies.byteLength / 8);
    this.#first = base / STATE_PAGE;
    this.#marks = new Int32Array(marks);
    this.#copies = new Float64Array(copies);
  }

  /** The page of this byte is about to change; nothing happens for memory that is not guarded. */
  beforeWrite(host: number): void {
    const page = Math.floor(host / STATE_PAGE) - this.#first;
    if (page < 0 || page >= this.#marks.length || Atomics.load(this.#marks, page) !== PAGE_LIVE) return;
    const at = page * (STATE_PAGE / 8);
    this.#copies.set(this.#memory.subarray(at, at + STATE_PAGE / 8), at);
    Atomics.compareExchange(this.#marks, page, PAGE_LIVE, PAGE_COPIED);
  }

  beforeWrites(host: number, length: number): void {
    for (let at = host; at < host + length; at += STATE_PAGE - (at % STATE_PAGE)) this.beforeWrite(at);
  }
}

/** Takes pages in order; `into` gets each as it was when guarding began. */
export class PageTaker {
  readonly #memory: Uint8Array;
  readonly #marks: Int32Array;
  readonly #copies: Uint8Array;

  constructor(memory: ArrayBufferLike, base: number, { marks, copies }: PageCopies) {
    this.#memory = new Uint8Array(memory, base, copies.byteLength);
    this.#marks = new Int32Array(marks);
    this.#copies = new Uint8Array(copies);
  }

  take(page: number, into: Uint8Array): void {
    const at = page * STATE_PAGE;
    into.set(this.#memory.subarray(at, at + STATE_PAGE));
    if (Atomics.compareExchange(this.#marks, page, PAGE_LIVE, PAGE_TAKEN) !== PAGE_COPIED) return;
    into.set(this.#copies.subarray(at, at + STATE_PAGE));
  }
}
