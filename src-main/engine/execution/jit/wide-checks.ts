// Instructions of regions whose memory check covers what comes after them as well, and how often they were left to the
// interpreter: a frame or structure that lies in two pages would leave its region for ever. Only a hint, as device sites are.

/** Misses of the TLB leave too, so that a few are no sign. */
const OFTEN = 100;
const MAX_SITES = 0x1_0000;

export class WideChecks {
  /** By host address. */
  readonly #failures = new Map<number, number>();
  readonly #narrow = new Set<number>();

  widened(host: number): void {
    if (this.#failures.has(host)) return;
    if (this.#failures.size >= MAX_SITES) this.#failures.clear();
    this.#failures.set(host, 0);
  }

  /** True once a site is to be translated anew. */
  failed(host: number): boolean {
    const count = this.#failures.get(host);
    if (count === undefined) return false;
    if (count < OFTEN) {
      this.#failures.set(host, count + 1);
      return false;
    }
    this.#failures.delete(host);
    if (this.#narrow.size >= MAX_SITES) this.#narrow.clear();
    this.#narrow.add(host);
    return true;
  }

  isNarrow(host: number): boolean {
    return this.#narrow.has(host);
  }

  clear(): void {
    this.#failures.clear();
    this.#narrow.clear();
  }
}
