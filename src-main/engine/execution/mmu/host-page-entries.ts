// Which entries of the TLB lead to a host page: doubly linked lists, so that a page's entries are found without looking at
// all tables. An entry that was flushed stays in its list until it leads elsewhere. Numbers only; the entries are in `tlb.ts`.

export class HostPageEntries {
  /** By page: its first entry. All links are numbers plus one, so that zero is none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** By entry: the page in whose list it is. */
  readonly #page: Int32Array;

  constructor(pages: number, entries: number) {
    this.#first = new Int32Array(pages);
    this.#next = new Int32Array(entries);
    this.#previous = new Int32Array(entries);
    this.#page = new Int32Array(entries);
  }

  /** An entry leads to a page from now on. */
  move(entry: number, page: number): void {
    if (this.#page[entry] === page + 1) return;
    this.#unlink(entry);
    const next = this.#first[page] as number;
    this.#page[entry] = page + 1;
    this.#next[entry] = next;
    this.#previous[entry] = 0;
    if (next !== 0) this.#previous[next - 1] = entry + 1;
    this.#first[page] = entry + 1;
  }

  /** Empties a page's list. */
  takeAll(page: number, take: (entry: number) => void): void {
    for (let link = this.#first[page] as number; link !== 0; link = this.#next[link - 1] as number) {
      this.#page[link - 1] = 0;
      take(link - 1);
    }
    this.#first[page] = 0;
  }

  #unlink(entry: number): void {
    const page = this.#page[entry] as number;
    if (page === 0) return;
    const next = this.#next[entry] as number;
    const previous = this.#previous[entry] as number;
    if (previous === 0) this.#first[page - 1] = next;
    else this.#next[previous - 1] = next;
    if (next !== 0) this.#previous[next - 1] = previous;
  }
}
