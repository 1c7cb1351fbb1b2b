// Which regions are kept: all of them in the order in which they are known to have been used, their slots, and what makes
// room. Entries are not recorded, as that would cost a store each. Near the limit those at the head of the order are put
// to the proof instead: their blocks come by the run loop once more, which moves them to its end, or they go first.

import { FIRST_REGION_SLOT } from '../interpreter/handler-numbers.ts';
import type { WatchedSites } from './failing-sites.ts';
import type { Region } from './region.ts';
import type { HotBlock } from './waiting-regions.ts';

/** With the block that it is the region of. */
export interface LiveRegion extends HotBlock {
  readonly slot: number;
  /** Estimated memory of its module and machine code. */
  readonly memory: number;
  readonly pages: Region['pages'];
  readonly watched: WatchedSites;
  /** Host addresses of its instructions that call the MMU for devices. */
  readonly deviceCalls: ReadonlySet<number>;
}

/** Part of the limit that is made free at once when it is reached, and parts that are put to the proof before. */
const EVICTED_PART = 1 / 16;
const PROOF_PART = 1 / 8;

export class LiveRegions {
  /** Used least recently, as far as is known, first. */
  readonly #regions = new Set<LiveRegion>();
  /** Those put to the proof, by header. */
  readonly #onProof = new Map<number, LiveRegion>();
  readonly #freeSlots: number[] = [];
  readonly #limit: number;
  readonly #endSlot: number;
  #nextSlot = FIRST_REGION_SLOT;
  #bytes = 0;
  #bytesOnProof = 0;

  /** `slots`: size of the handler table. */
  constructor(limit: number, slots: number) {
    this.#limit = limit;
    this.#endSlot = slots;
  }

  get size(): number {
    return this.#regions.size;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** What has to go, and then be removed, before a region of so many bytes is added; in batches. */
  surplus(needed: number): LiveRegion[] {
    const free = this.#freeSlots.length + this.#endSlot - this.#nextSlot;
    if (this.#bytes + needed <= this.#limit && free > 0) return [];
    const bytes = this.#bytes + needed - this.#limit * (1 - EVICTED_PART);
    const slots = this.#regions.size * EVICTED_PART - free;
    const chosen: LiveRegion[] = [];
    let found = 0;
    for (const region of this.#regions) {
      if (found >= bytes && chosen.length >= slots) break;
      chosen.push(region);
      found += region.memory;
    }
    return chosen;
  }

  /** A region in a slot of its own, as the one used last. */
  add(region: Omit<LiveRegion, 'slot'>): LiveRegion {
    const added = { ...region, slot: this.#freeSlots.pop() ?? this.#nextSlot++ };
    this.#regions.add(added);
    this.#bytes += added.memory;
    return added;
  }

  remove(region: LiveRegion): void {
    if (!this.#regions.delete(region)) return;
    this.#bytes -= region.memory;
    this.#freeSlots.push(region.slot);
    this.#endProof(region);
  }

  /** Regions whose blocks are to come by the run loop at their next entry: none while there is much room. */
  dueForProof(): LiveRegion[] {
    const free = this.#freeSlots.length + this.#endSlot - this.#nextSlot;
    const isShort = this.#bytes > this.#limit * (1 - PROOF_PART) || free < (this.#endSlot - FIRST_REGION_SLOT) * PROOF_PART;
    if (!isShort || this.#bytesOnProof > (this.#limit * PROOF_PART) / 2) return [];
    const due: LiveRegion[] = [];
    for (const region of this.#regions) {
      if (this.#bytesOnProof >= this.#limit * PROOF_PART) break;
      if (this.#onProof.has(region.header)) continue;
      this.#onProof.set(region.header, region);
      this.#bytesOnProof += region.memory;
      due.push(region);
    }
    return due;
  }

  isOnProof(header: number): boolean {
    return this.#onProof.has(header);
  }

  /** The block of a header has come by: the region that has passed its proof thereby, if it was put to it. */
  entered(header: number): LiveRegion | undefined {
    const region = this.#onProof.get(header);
    if (region === undefined) return undefined;
    this.#endProof(region);
    this.#regions.delete(region);
    this.#regions.add(region);
    return region;
  }

  #endProof(region: LiveRegion): void {
    if (this.#onProof.get(region.header) !== region) return;
    this.#onProof.delete(region.header);
    this.#bytesOnProof -= region.memory;
  }
}
