// Instructions of regions that reach devices time and again: their regions are translated anew, with a call to the MMU
// in place of leaving. Only a hint: an instruction wrongly listed or forgotten costs time, nothing else.

import { Sites } from './sites.ts';

/** Leaving a region and coming back costs about a microsecond, translating it again about a thousand. */
const OFTEN = 200;
const MAX_SITES = 4096;

export class DeviceSites {
  readonly #counts = new Map<number, number>();
  readonly #sites = new Sites(MAX_SITES);

  /** True where an instruction, by host address, has become one that reaches devices often. */
  note(host: number): boolean {
    const count = (this.#counts.get(host) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= MAX_SITES) this.clear();
    this.#counts.set(host, count);
    this.#sites.add(host);
    return count >= OFTEN;
  }

  clear(): void {
    this.#counts.clear();
    this.#sites.clear();
  }

  /** Offsets in the page at a host address; also those seen only a few times, which the next translation may as well include. */
  in(host: number): number[] {
    return this.#sites.in(host);
  }
}
