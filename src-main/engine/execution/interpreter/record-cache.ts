// Headers of blocks by host address and mode, where they are asked for again and again: TypeScript's way to them; the dispatch
// loop has the jump cache. Each address has one entry, which the last one that is for it takes.

export class RecordCache {
  /** Host address, mode and header. */
  readonly #entries: Uint32Array;
  readonly #mask: number;

  /** `entries`: a power of two. */
  constructor(entries: number) {
    this.#entries = new Uint32Array(entries * 3);
    this.#mask = entries - 1;
  }

  /** Header record, which may be stale, or 0. */
  find(host: number, mode: number): number {
    const at = this.#entryOf(host);
    return this.#entries[at] === host && this.#entries[at + 1] === mode ? (this.#entries[at + 2] as number) : 0;
  }

  add(host: number, mode: number, header: number): void {
    const at = this.#entryOf(host);
    this.#entries[at] = host;
    this.#entries[at + 1] = mode;
    this.#entries[at + 2] = header;
  }

  clear(): void {
    this.#entries.fill(0);
  }

  /** Index of an entry's first word. */
  #entryOf(host: number): number {
    return ((host ^ (host >>> 12)) & this.#mask) * 3;
  }
}
