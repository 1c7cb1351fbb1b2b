// Instructions by host address and how often each was noted, of which those of a page are found together.

import { GUEST_PAGE, pageOf } from '../layout.ts';

export class Sites {
  readonly #limit: number;
  /** Counts by offset, by page. */
  readonly #byPage = new Map<number, Map<number, number>>();
  #size = 0;

  /** Forgets all of them when there would be more than `limit`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How often the instruction at a host address has now been noted. */
  note(host: number): number {
    const offset = host % GUEST_PAGE;
    const count = (this.#byPage.get(pageOf(host))?.get(offset) ?? 0) + 1;
    if (count === 1) {
      if (this.#size >= this.#limit) this.clear();
      this.#size++;
    }
    this.#page(pageOf(host)).set(offset, count);
    return count;
  }

  #page(page: number): Map<number, number> {
    const known = this.#byPage.get(page);
    if (known !== undefined) return known;
    const counts = new Map<number, number>();
    this.#byPage.set(page, counts);
    return counts;
  }

  has(host: number): boolean {
    return this.#byPage.get(pageOf(host))?.has(host % GUEST_PAGE) === true;
  }

  /** Offsets in the page at a host address. */
  in(host: number): number[] {
    return [...(this.#byPage.get(pageOf(host))?.keys() ?? [])];
  }

  clear(): void {
    this.#byPage.clear();
    this.#size = 0;
  }
}
