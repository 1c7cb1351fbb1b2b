// Pages of one address space as they were walked to, each with the words of the paging structures that the walk has read:
// as long as these are what they were, walking again would find the same and change nothing, not even an accessed bit.
// Numbers only; what is done with the pages is up to others. Reference: Intel SDM vol. 3A, 4.10.2.3 (speculative walks).

/** Four levels of two words. */
const MAX_WORDS = 8;
const PAGE_LOW = 0;
const PAGE_HIGH = 1;
const HOST = 2;
const RIGHTS = 3;
const TRAIL = 4;
const FIRST_WORD = 5;
const STRIDE = FIRST_WORD + 2 * MAX_WORDS;

/** Bits of a page's rights: whose accesses it was walked for, and whether these may write without anybody having to learn of it. */
export const WALKED_FOR_USER = 1;
export const WALKED_TO_WRITE = 2;

export interface WalkedPage {
  /** Linear address of the page. */
  readonly page: number;
  /** Host address of its first byte. */
  readonly host: number;
  readonly rights: number;
}

/** Words of linear memory, by their index, with what they held: index and value by turns, so many numbers. */
export interface WalkTrail {
  readonly words: Int32Array;
  count: number;
}

export const createTrail = (): WalkTrail => ({ words: new Int32Array(2 * MAX_WORDS), count: 0 });

export class WalkedPages {
  readonly #memory: Int32Array;
  readonly #capacity: number;
  readonly #numbers: Int32Array;
  #count = 0;
  /** Which page makes room for the next once all are taken. */
  #oldest = 0;

  constructor(memory: Int32Array, capacity: number) {
    this.#memory = memory;
    this.#capacity = capacity;
    this.#numbers = new Int32Array(capacity * STRIDE);
  }

  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  add({ page, host, rights }: WalkedPage, trail: WalkTrail): void {
    const numbers = this.#numbers;
    const at = this.#placeOfNext() * STRIDE;
    numbers[at + PAGE_LOW] = page | 0;
    numbers[at + PAGE_HIGH] = Math.floor(page / 0x1_0000_0000);
    numbers[at + HOST] = host;
    numbers[at + RIGHTS] = rights;
    numbers[at + TRAIL] = trail.count;
    for (let i = 0; i < trail.count; i++) numbers[at + FIRST_WORD + i] = trail.words[i] as number;
  }

  #placeOfNext(): number {
    if (!this.isFull) return this.#count++;
    const place = this.#oldest;
    this.#oldest = (place + 1) % this.#capacity;
    return place;
  }

  /** Visits the pages that a walk would still find so, and forgets the others; whether there were none. */
  keepCurrent(visit: (page: number, host: number, rights: number) => void): boolean {
    const numbers = this.#numbers;
    const end = this.#count * STRIDE;
    let kept = 0;
    for (let at = 0; at < end; at += STRIDE) {
      if (!this.#isCurrent(at)) continue;
      if (kept !== at) numbers.copyWithin(kept, at, at + STRIDE);
      kept += STRIDE;
      const page = (numbers[at + PAGE_HIGH] as number) * 0x1_0000_0000 + ((numbers[at + PAGE_LOW] as number) >>> 0);
      visit(page, (numbers[at + HOST] as number) >>> 0, numbers[at + RIGHTS] as number);
    }
    this.#count = kept / STRIDE;
    return kept === end;
  }

  #isCurrent(at: number): boolean {
    const numbers = this.#numbers;
    const first = at + FIRST_WORD;
    const end = first + (numbers[at + TRAIL] as number);
    for (let i = first; i < end; i += 2) {
      if (this.#memory[numbers[i] as number] !== numbers[i + 1]) return false;
    }
    return true;
  }

  clear(): void {
    this.#count = 0;
    this.#oldest = 0;
  }
}
