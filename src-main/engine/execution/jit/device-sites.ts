// Instructions of regions that reach devices time and again: their regions are translated anew, with a call to the MMU
// in place of leaving. Only a hint: an instruction wrongly listed or forgotten costs time, nothing else.

import { Sites } from './sites.ts';

/** Leaving a region and coming back costs about a microsecond, translating it again about a thousand. */
const OFTEN = 200;
const MAX_SITES = 4096;

export class DeviceSites {
  readonly #sites = new Sites(MAX_SITES);

  /** True where an instruction, by host address, has become one that reaches devices often. */
  note(host: number): boolean {
    return this.#sites.note(host) >= OFTEN;
  }

  clear(): void {
    this.#sites.clear();
  }

  /** Offsets in the page at a host address; also those seen only a few times, which the next translation may as well include. */
  in(host: number): number[] {
    return this.#sites.in(host);
  }
}
