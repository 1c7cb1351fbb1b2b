// Translations of instruction fetches, and which linear pages anything decoded depends on: what tells an INVLPG that
// concerns code from the many that do not. TypeScript only; generated code finds blocks in the jump cache.
// Reference for what it caches: Intel SDM vol. 3A, 4.10.

import { GUEST_PAGE, pageOf } from '../layout.ts';
import type { AddressSpace } from './address-spaces.ts';
import { WALKED_FOR_USER } from './walked-pages.ts';

const ENTRIES = 1024;
const PAGE_MASK = GUEST_PAGE - 1;
/** As a signed number, so that no page has it. */
const NO_TAG = Number.NaN;

export class FetchTlb {
  /** Linear page times two, plus one for user mode. */
  readonly #tags = new Float64Array(ENTRIES).fill(NO_TAG);
  /** Host addresses of the pages. */
  readonly #hosts = new Float64Array(ENTRIES);
  /** Slots of pages that are not global, in use since these were flushed. */
  readonly #isLocal = new Uint8Array(ENTRIES);
  readonly #localSlots = new Int32Array(ENTRIES);
  #localCount = 0;
  /** Linear pages that were looked at since the last flush; those that are not global apart. */
  readonly #globalPages = new Set<number>();
  readonly #localPages = new Set<number>();

  /** Host address of an instruction byte, or -1. */
  lookup(linear: number, user: boolean): number {
    const slot = slotOf(linear);
    if (this.#tags[slot] !== tagOf(linear, user)) return -1;
    return (this.#hosts[slot] as number) + (linear & PAGE_MASK);
  }

  insert(linear: number, host: number, user: boolean, isGlobal: boolean): void {
    const slot = slotOf(linear);
    this.#tags[slot] = tagOf(linear, user);
    this.#hosts[slot] = host - (linear & PAGE_MASK);
    this.note(linear, isGlobal);
    if (isGlobal || this.#isLocal[slot] === 1) return;
    this.#isLocal[slot] = 1;
    this.#localSlots[this.#localCount++] = slot;
  }

  /** Something that was decoded depends on where this page is. */
  note(linear: number, isGlobal: boolean): void {
    (isGlobal ? this.#globalPages : this.#localPages).add(pageOf(linear));
  }

  isGlobal(linear: number): boolean {
    return !this.#localPages.has(pageOf(linear));
  }

  /** Whether anything may depend on where this page is. */
  knows(linear: number): boolean {
    const page = pageOf(linear);
    return this.#localPages.has(page) || this.#globalPages.has(page);
  }

  flush(): void {
    this.#tags.fill(NO_TAG);
    this.#globalPages.clear();
    this.#forgetLocal();
  }

  /** Whether all pages that code of an address space depends on are still where they were; else there are none any more. */
  enterSpace(space: AddressSpace): boolean {
    this.#flushLocal();
    if (space.isCodeKnown && space.code.keepCurrent(this.#revive)) return true;
    this.#flushLocal();
    space.beginCode();
    return false;
  }

  readonly #revive = (page: number, host: number, rights: number): void =>
    this.insert(page, host, (rights & WALKED_FOR_USER) !== 0, false);

  /** Global pages stay, unless they have taken the place of others. */
  #flushLocal(): void {
    for (let i = 0; i < this.#localCount; i++) this.#tags[this.#localSlots[i] as number] = NO_TAG;
    this.#forgetLocal();
  }

  #forgetLocal(): void {
    for (let i = 0; i < this.#localCount; i++) this.#isLocal[this.#localSlots[i] as number] = 0;
    this.#localCount = 0;
    this.#localPages.clear();
  }
}

const slotOf = (linear: number): number => (linear >>> 12) & (ENTRIES - 1);
const tagOf = (linear: number, user: boolean): number => pageOf(linear) * 2 + (user ? 1 : 0);
