// A set of instructions by host address, of which those of a page are found together.

import { GUEST_PAGE } from '../layout.ts';

const pageOf = (host: number): number => Math.floor(host / GUEST_PAGE);

export class Sites {
  readonly #limit: number;
  /** Offsets in their pages. */
  readonly #byPage = new Map<number, Set<number>>();
  #size = 0;

  /** Forgets all of them when there would be more than `limit`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(host: number): void {
    if (this.has(host)) return;
    if (this.#size >= this.#limit) this.clear();
    this.#size++;
    const page = pageOf(host);
    const offsets = this.#byPage.get(page);
    if (offsets === undefined) this.#byPage.set(page, new Set([host % GUEST_PAGE]));
    else offsets.add(host % GUEST_PAGE);
  }

  has(host: number): boolean {
    return this.#byPage.get(pageOf(host))?.has(host % GUEST_PAGE) === true;
  }

  /** Offsets in the page at a host address. */
  in(host: number): number[] {
    return [...(this.#byPage.get(pageOf(host)) ?? [])];
  }

  clear(): void {
    this.#byPage.clear();
    this.#size = 0;
  }
}
