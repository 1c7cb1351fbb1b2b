// Translations of pages that belong to devices: what the TLB proper cannot hold, since it leads to memory. TypeScript
// only; generated code comes here by the MMU. Reference for what it caches: Intel SDM vol. 3A, 4.10.

import { GUEST_PAGE, pageOf } from '../layout.ts';

const ENTRIES = 64;
const NO_TAG = Number.NaN;

export class DeviceTlb {
  /** Linear page times four, plus two for user mode and one for writing. */
  readonly #tags = new Float64Array(ENTRIES).fill(NO_TAG);
  readonly #pages = new Float64Array(ENTRIES);
  #empty = true;

  /** Physical address of a byte, or -1. */
  lookup(address: number, user: boolean, write: boolean): number {
    const slot = slotOf(address, write);
    if (this.#tags[slot] !== tagOf(address, user, write)) return -1;
    return (this.#pages[slot] as number) + (address & (GUEST_PAGE - 1));
  }

  insert(address: number, physical: number, user: boolean, write: boolean): void {
    const slot = slotOf(address, write);
    this.#tags[slot] = tagOf(address, user, write);
    this.#pages[slot] = physical - (physical % GUEST_PAGE);
    this.#empty = false;
  }

  flush(): void {
    if (this.#empty) return;
    this.#tags.fill(NO_TAG);
    this.#empty = true;
  }

  flushPage(address: number): void {
    this.#tags[slotOf(address, false)] = NO_TAG;
    this.#tags[slotOf(address, true)] = NO_TAG;
  }
}

/** Reads and writes stand beside each other: devices are copied to and from. */
function slotOf(address: number, write: boolean): number {
  return (((address | 0) >>> 11) & (ENTRIES - 2)) | (write ? 1 : 0);
}

function tagOf(address: number, user: boolean, write: boolean): number {
  return pageOf(address) * 4 + (user ? 2 : 0) + (write ? 1 : 0);
}
