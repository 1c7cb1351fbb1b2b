// Regions that are wanted: of hot blocks that wait, and of those that are being compiled for. Headers go on counting entries
// below zero meanwhile, which says who has become the hottest. Those that have a region, which is to be another one, come first.

import type { CodeCache, DecodedBlock } from '../interpreter/code-cache.ts';

/** With the linear address of its first byte. */
export interface HotBlock extends DecodedBlock {
  readonly linear: number;
}

/** What is settled when a block becomes hot, and found out as its region is asked for. */
export interface WantedRegion {
  readonly block: HotBlock;
  /** Host addresses of pages counted from the block's; undefined: the region may not go on there. */
  readonly pages: Map<number, number | undefined>;
  /** How often more pages may still be asked for. */
  asks: number;
}

/** One more is turned away: it counts its entries again. */
const MAX_WAITING = 4096;

export class WaitingRegions {
  readonly #code: CodeCache;
  /** By header. */
  readonly #waiting = new Map<number, WantedRegion>();
  /** By ticket; undefined: nobody wants the answer any more. */
  readonly #sent = new Map<number, WantedRegion | undefined>();
  readonly #sentHeaders = new Set<number>();
  #lastTicket = 0;

  constructor(code: CodeCache) {
    this.#code = code;
  }

  /** Those that answers are to come for. */
  get sent(): number {
    return this.#sent.size;
  }

  /** Of blocks that wait and of those that answers are wanted for. */
  get size(): number {
    return this.#waiting.size + this.#sentHeaders.size;
  }

  has(header: number): boolean {
    return this.#waiting.has(header) || this.#sentHeaders.has(header);
  }

  add(wanted: WantedRegion): void {
    const { header } = wanted.block;
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(header, wanted);
    else if (this.#code.countdownOf(header) !== undefined) this.#code.countAnew(header);
  }

  /** Takes the hottest out, of those whose blocks are still there. */
  next(): WantedRegion | undefined {
    let hottest: WantedRegion | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [header, wanted] of this.#waiting) {
      const left = this.#code.countdownOf(header) ?? Number.NEGATIVE_INFINITY;
      if (this.#code.isStale(header)) this.#waiting.delete(header);
      else if (left < least) [hottest, least] = [wanted, left];
    }
    if (hottest !== undefined) this.#waiting.delete(hottest.block.header);
    return hottest;
  }

  /** The ticket under which the answer is to come. */
  send(wanted: WantedRegion): number {
    this.#sentHeaders.add(wanted.block.header);
    this.#sent.set(++this.#lastTicket, wanted);
    return this.#lastTicket;
  }

  /** What an answer is for. */
  answered(ticket: number): WantedRegion | undefined {
    const wanted = this.#sent.get(ticket);
    this.#sent.delete(ticket);
    if (wanted !== undefined) this.#sentHeaders.delete(wanted.block.header);
    return wanted;
  }

  /** All blocks are gone. */
  clear(): void {
    this.#waiting.clear();
    this.#sentHeaders.clear();
    for (const ticket of this.#sent.keys()) this.#sent.set(ticket, undefined);
  }

  /** No answers will come any more: takes everything out, also what was sent. */
  takeAll(): WantedRegion[] {
    const wanted = [...this.#waiting.values(), ...this.#sent.values()].filter((one) => one !== undefined);
    this.clear();
    this.#sent.clear();
    return wanted;
  }
}
