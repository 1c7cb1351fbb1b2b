// Which regions are kept: all of them by module, modules in the order in which they are known to have been used, their slots, and
// what makes room. A module's memory is there until the last of its regions has gone, so that they are kept and go together. Entries are
// not recorded, as that would cost a store each. Near the limit modules at the head of the order are put to the proof
// instead: their blocks come by the run loop once more, which moves them to its end, or they go first.

import { FIRST_REGION_SLOT } from '../interpreter/handler-numbers.ts';
import type { WatchedSites } from './failing-sites.ts';
import type { Region } from './region.ts';
import type { LoadedModule } from './region-compiler.ts';
import type { HotBlock } from './waiting-regions.ts';

/** With the block that it is the region of. */
export interface LiveRegion extends HotBlock {
  readonly slot: number;
  readonly module: LoadedModule;
  readonly pages: Region['pages'];
  readonly watched: WatchedSites;
  /** Host addresses of its instructions that call the MMU for devices. */
  readonly deviceCalls: ReadonlySet<number>;
}

interface KeptModule {
  readonly regions: Set<LiveRegion>;
  /** Estimated memory with its machine code. */
  readonly memory: number;
}

/** 10,000 live modules of 3 KB were measured to take 270 to 300 MB. */
const MODULE_OVERHEAD = 12 * 1024;
const MACHINE_CODE_FACTOR = 6;

const memoryOf = ({ bytes }: LoadedModule): number => MODULE_OVERHEAD + MACHINE_CODE_FACTOR * bytes.reduce((sum, one) => sum + one, 0);

/** Part of the limit that is made free at once when it is reached, and parts that are put to the proof before. */
const EVICTED_PART = 1 / 16;
const PROOF_PART = 1 / 8;

export class LiveRegions {
  /** Used least recently, as far as is known, first. */
  readonly #modules = new Map<LoadedModule, KeptModule>();
  /** Regions whose blocks have not come by since they were put to the proof, by header; and modules of which none has. */
  readonly #onProof = new Map<number, LiveRegion>();
  readonly #modulesOnProof = new Set<LoadedModule>();
  readonly #freeSlots: number[] = [];
  readonly #limit: number;
  readonly #endSlot: number;
  #nextSlot = FIRST_REGION_SLOT;
  #size = 0;
  #bytes = 0;
  #bytesOnProof = 0;

  /** `slots`: size of the handler table. */
  constructor(limit: number, slots: number) {
    this.#limit = limit;
    this.#endSlot = slots;
  }

  get size(): number {
    return this.#size;
  }
  get bytes(): number {
    return this.#bytes;
  }

  get #freeSlotCount(): number {
    return this.#freeSlots.length + this.#endSlot - this.#nextSlot;
  }

  /** Whether so much is free that nothing has to go for a long time. */
  get hasMuchRoom(): boolean {
    return this.#bytes < this.#limit / 2 && this.#freeSlotCount > (this.#endSlot - FIRST_REGION_SLOT) / 2;
  }

  /** What has to go, and then be removed, before a region of a module is added; in batches. */
  surplus(module: LoadedModule): LiveRegion[] {
    const free = this.#freeSlotCount;
    const needed = this.#modules.has(module) ? 0 : memoryOf(module);
    if (this.#bytes + needed <= this.#limit && free > 0) return [];
    const bytes = this.#bytes + needed - this.#limit * (1 - EVICTED_PART);
    const slots = this.#size * EVICTED_PART - free;
    const chosen: LiveRegion[] = [];
    let found = 0;
    for (const { regions, memory } of this.#modules.values()) {
      if (found >= bytes && chosen.length >= slots) break;
      chosen.push(...regions);
      found += memory;
    }
    return chosen;
  }

  /** A region in a slot of its own; its module counts as the one used last. */
  add(region: Omit<LiveRegion, 'slot'>): LiveRegion {
    const { module } = region;
    const added = { ...region, slot: this.#freeSlots.pop() ?? this.#nextSlot++ };
    const kept = this.#modules.get(module) ?? { regions: new Set(), memory: memoryOf(module) };
    if (kept.regions.size === 0) this.#bytes += kept.memory;
    kept.regions.add(added);
    this.#size++;
    this.#moveToEnd(module, kept);
    return added;
  }

  #moveToEnd(module: LoadedModule, kept: KeptModule): void {
    this.#modules.delete(module);
    this.#modules.set(module, kept);
  }

  remove(region: LiveRegion): void {
    const { module, header, slot } = region;
    const kept = this.#modules.get(module);
    if (kept?.regions.delete(region) !== true) return;
    this.#size--;
    this.#freeSlots.push(slot);
    if (this.#onProof.get(header) === region) this.#onProof.delete(header);
    if (kept.regions.size > 0) return;
    this.#endProof(module, kept);
    this.#modules.delete(module);
    this.#bytes -= kept.memory;
  }

  /** Regions whose blocks are to come by the run loop at their next entry: none while there is much room. */
  dueForProof(): LiveRegion[] {
    const isShort = this.#bytes > this.#limit * (1 - PROOF_PART) || this.#freeSlotCount < (this.#endSlot - FIRST_REGION_SLOT) * PROOF_PART;
    if (!isShort || this.#bytesOnProof > (this.#limit * PROOF_PART) / 2) return [];
    const due: LiveRegion[] = [];
    for (const [module, { regions, memory }] of this.#modules) {
      if (this.#bytesOnProof >= this.#limit * PROOF_PART) break;
      if (this.#modulesOnProof.has(module)) continue;
      this.#modulesOnProof.add(module);
      this.#bytesOnProof += memory;
      for (const region of regions) if (!this.#onProof.has(region.header)) due.push(region);
    }
    for (const region of due) this.#onProof.set(region.header, region);
    return due;
  }

  isOnProof(header: number): boolean {
    return this.#onProof.has(header);
  }

  /** The block of a header has come by: the region that has passed its proof thereby, if it was put to it. */
  entered(header: number): LiveRegion | undefined {
    const region = this.#onProof.get(header);
    if (region === undefined) return undefined;
    this.#onProof.delete(header);
    const kept = this.#modules.get(region.module) as KeptModule;
    this.#endProof(region.module, kept);
    this.#moveToEnd(region.module, kept);
    return region;
  }

  #endProof(module: LoadedModule, { memory }: KeptModule): void {
    if (this.#modulesOnProof.delete(module)) this.#bytesOnProof -= memory;
  }
}
