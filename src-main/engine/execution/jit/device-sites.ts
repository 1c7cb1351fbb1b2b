// Instructions of regions that reach devices time and again: their regions are translated anew, with a call to the MMU
// in place of leaving. Only a hint: an instruction wrongly listed or forgotten costs time, nothing else.

/** Leaving a region and coming back costs about a microsecond, translating it again about a thousand. */
const OFTEN = 200;
const MAX_SITES = 4096;

export class DeviceSites {
  readonly #counts = new Map<number, number>();

  /** True where an instruction, by host address, has become one that reaches devices often. */
  note(host: number): boolean {
    const count = (this.#counts.get(host) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= MAX_SITES) this.#counts.clear();
    this.#counts.set(host, count);
    return count >= OFTEN;
  }

  clear(): void {
    this.#counts.clear();
  }

  /** Also those seen only a few times, which the next translation may as well include. */
  has(host: number): boolean {
    return this.#counts.has(host);
  }
}
