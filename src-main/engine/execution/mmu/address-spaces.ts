// The address spaces that the guest goes to and fro between, by CR3, and what was walked to in each: a write to CR3 flushes
// all that is not global, and what the guest comes back to is entered in the caches again as a processor may that walks
// speculatively. Numbers a few spaces; the jump cache keeps its entries by these. Reference: Intel SDM vol. 3A, 4.10.

import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { WalkedPages } from './walked-pages.ts';

/** Those left longest ago are forgotten. */
export const ADDRESS_SPACES = 8;
const DATA_PAGES = 64;
const CODE_PAGES = 128;

export class AddressSpace {
  /** Below `ADDRESS_SPACES`. */
  readonly number: number;
  /** CR3. */
  low = 0;
  high = 0;
  readonly data: WalkedPages;
  readonly code: WalkedPages;
  /** So many more pages of data are noted before the space is entered again: who goes through many would only drive out others. */
  dataToNote = DATA_PAGES;
  /** Whether `code` has all pages that what was decoded in this space depends on. */
  isCodeKnown = true;

  constructor(number: number, memory: Int32Array) {
    this.number = number;
    this.data = new WalkedPages(memory, DATA_PAGES);
    this.code = new WalkedPages(memory, CODE_PAGES);
  }

  isOf(cpu: CpuContext): boolean {
    return this.low === cpu.low('cr3') && this.high === cpu.high('cr3');
  }

  /** It is the present one from now on, and nothing is known of it. */
  forget(cpu: CpuContext): void {
    this.low = cpu.low('cr3');
    this.high = cpu.high('cr3');
    this.data.clear();
    this.isCodeKnown = false;
  }

  /** Nothing decoded depends on this space any more. */
  beginCode(): void {
    this.code.clear();
    this.isCodeKnown = true;
  }
}

export class AddressSpaces {
  /** Those entered last come first. */
  readonly #spaces: AddressSpace[];

  constructor(memory: Int32Array) {
    this.#spaces = Array.from({ length: ADDRESS_SPACES }, (_, number) => new AddressSpace(number, memory));
  }

  get current(): AddressSpace {
    return this.#spaces[0] as AddressSpace;
  }

  /** CR3 was written. */
  enter(cpu: CpuContext): void {
    const spaces = this.#spaces;
    let at = 0;
    while (at < spaces.length - 1 && !(spaces[at] as AddressSpace).isOf(cpu)) at++;
    const space = spaces[at] as AddressSpace;
    if (!space.isOf(cpu)) space.forget(cpu);
    space.dataToNote = DATA_PAGES;
    for (; at > 0; at--) spaces[at] = spaces[at - 1] as AddressSpace;
    spaces[0] = space;
  }

  /** Paging itself, or where memory is, has changed: walks would read other words. */
  forget(cpu: CpuContext): void {
    for (const space of this.#spaces) space.forget(cpu);
  }
}
