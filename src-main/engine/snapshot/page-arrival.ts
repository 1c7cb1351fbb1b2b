// Lets a guest run before its memory is in place: pages are brought one group after the other, by another thread, and
// whoever needs one that is not there yet says so and waits. Everything that reaches guest memory asks here first; what
// is once there is asked for no more, as translations of it are kept. Not the files they come from (`state-reader.ts`).

import { isZero } from '../base/bytes.ts';
import { STATE_PAGE } from './state-file.ts';

const PAGE_HERE = 0;
const PAGE_AWAITED = 1;

/** Words of the bell: the page that somebody waits for, plus one, and a count of the groups that have arrived. */
const WANTED = 0;
const ARRIVED = 1;
const BELL_BYTES = 8;

/** Groups on their way at a time: as many as Node's pool has threads. */
const AT_ONCE = 4;

/** Memory that both threads share. */
export interface ArrivingPages {
  /** `PAGE_*`, a word for each page of guest RAM. */
  readonly marks: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
}

/** Pages that can only be had together. */
export interface PageGroup {
  readonly pages: Uint32Array;
  /** Puts them in their places. */
  load(memory: Uint8Array): Promise<void>;
}

/** Whole pages. What is zero stays untouched: the host gives memory when it is first written to. */
export function clearPages(memory: Uint8Array): void {
  for (let at = 0; at < memory.length; at += STATE_PAGE) {
    const page = memory.subarray(at, at + STATE_PAGE);
    if (!isZero(page)) page.fill(0);
  }
}

/** The side of the guest. */
export class PageArrival {
  readonly #first: number;
  readonly #marks: Int32Array;
  readonly #bell: Int32Array;

  /** `base`: where guest memory begins in the linear memory. */
  constructor(base: number, { marks, bell }: ArrivingPages) {
    this.#first = base / STATE_PAGE;
    this.#marks = new Int32Array(marks);
    this.#bell = new Int32Array(bell);
  }

  /** Comes back when the page of this byte is there. */
  wait(host: number): void {
    const page = Math.floor(host / STATE_PAGE) - this.#first;
    if (page < 0 || page >= this.#marks.length) return;
    while (Atomics.load(this.#marks, page) !== PAGE_HERE) {
      const arrived = Atomics.load(this.#bell, ARRIVED);
      // What came between the two looks has changed the count.
      if (Atomics.load(this.#marks, page) === PAGE_HERE) return;
      Atomics.store(this.#bell, WANTED, page + 1);
      Atomics.wait(this.#bell, ARRIVED, arrived);
    }
  }

  waitAll(host: number, length: number): void {
    for (let at = host; at < host + length; at += STATE_PAGE - (at % STATE_PAGE)) this.wait(at);
  }
}

/** The side that brings them. */
export class PageBringer {
  readonly pages: ArrivingPages;
  readonly #groups: readonly PageGroup[];
  readonly #memory: Uint8Array;
  readonly #marks: Int32Array;
  readonly #bell: Int32Array;
  /** For each page its group, plus one. */
  readonly #groupOf: Uint32Array;
  readonly #begun: Uint8Array;
  #next = 0;

  /** `memory` is all zero; only its first `ramPages` pages may be waited for. */
  constructor(memory: Uint8Array, ramPages: number, groups: readonly PageGroup[]) {
    this.#memory = memory;
    this.#groups = groups;
    this.pages = { marks: new SharedArrayBuffer(4 * ramPages), bell: new SharedArrayBuffer(BELL_BYTES) };
    this.#marks = new Int32Array(this.pages.marks);
    this.#bell = new Int32Array(this.pages.bell);
    this.#groupOf = new Uint32Array(memory.length / STATE_PAGE);
    this.#begun = new Uint8Array(groups.length);
    groups.forEach(({ pages }, n) => {
      for (const page of pages) {
        this.#groupOf[page] = n + 1;
        if (page < ramPages) this.#marks[page] = PAGE_AWAITED;
      }
    });
  }

  /** Those that nobody can wait for: to be there before the guest runs. */
  async beforehand(): Promise<void> {
    for (let page = this.#marks.length; page < this.#groupOf.length; page++) await this.#bring(this.#groupOf[page]! - 1);
  }

  /** All others; ends early where `isOver` says so. */
  async rest(isOver: () => boolean): Promise<void> {
    const one = async (): Promise<void> => {
      for (let group = this.#choose(); group !== undefined && !isOver(); group = this.#choose()) await this.#bring(group);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  /** What is waited for goes first. */
  #choose(): number | undefined {
    const wanted = Atomics.exchange(this.#bell, WANTED, 0);
    const group = wanted === 0 ? -1 : this.#groupOf[wanted - 1]! - 1;
    if (this.#begun[group] === 0) return group;
    while (this.#begun[this.#next] === 1) this.#next += 1;
    return this.#next < this.#groups.length ? this.#next : undefined;
  }

  async #bring(group: number): Promise<void> {
    if (this.#begun[group] !== 0) return;
    this.#begun[group] = 1;
    const { pages, load } = this.#groups[group]!;
    await load(this.#memory);
    for (const page of pages) if (page < this.#marks.length) Atomics.store(this.#marks, page, PAGE_HERE);
    Atomics.add(this.#bell, ARRIVED, 1);
    Atomics.notify(this.#bell, ARRIVED);
  }
}
