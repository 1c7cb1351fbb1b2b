// One address space: the 64 Ki I/O ports, or physical memory outside RAM. This file keeps the list of who
// wants which range and decides conflicts; `port-space.ts` and `memory-space.ts` add the look-up.

import type { BusTarget, Width } from './region.ts';

/**
 * Overlap rule: of the regions that cover an address, the one with the highest priority answers; among
 * equals the one attached first. Attaching a region over another of equal priority is a wiring error and
 * throws; a guest that moves a BAR over something only ends up behind it.
 *
 * The owner of an access's first byte gets the whole access when its region covers it; otherwise the
 * access is split into bytes, lowest address first.
 */
export interface Bus {
  /** Maps every region of this space; throws `BusConflict` naming both owners. */
  attach(target: BusTarget): void;
  detach(target: BusTarget): void;
  /** Moves one region; `undefined` hides it (decoding disabled). */
  move(target: BusTarget, region: number, base: number | undefined): void;
  /** Unclaimed: all ones, counted. */
  read(address: number, width: Width): number;
  /** Unclaimed: dropped, counted. */
  write(address: number, width: Width, value: number): void;
}

export class BusConflict extends Error {
  override readonly name = 'BusConflict';
  readonly owners: readonly [string, string];

  constructor(space: string, present: Mapping, wanted: Mapping) {
    const range = (m: Mapping) => `${m.target.id} (${m.base.toString(16)}h to ${(m.end - 1).toString(16)}h)`;
    super(`${space} space: ${range(wanted)} overlaps ${range(present)}`);
    this.owners = [present.target.id, wanted.target.id];
  }
}

/** One region of one device at its present place. */
export interface Mapping {
  readonly target: BusTarget;
  readonly region: number;
  readonly length: number;
  readonly maxWidth: Width;
  readonly priority: number;
  base: number;
  /** First address behind the region; equal to `base` while hidden. */
  end: number;
}

export class MappingList {
  /** In order of precedence: higher priority first, then in order of attachment. */
  readonly ordered: Mapping[] = [];
  private readonly space: 'port' | 'memory';

  constructor(space: 'port' | 'memory') {
    this.space = space;
  }

  /** Returns the new mappings; nothing has changed when it throws. */
  add(target: BusTarget): Mapping[] {
    const added: Mapping[] = [];
    target.regions.forEach((wanted, region) => {
      if (wanted.space !== this.space) return;
      const { base, length, maxWidth = 4, priority = 0 } = wanted;
      const end = wanted.unmapped ? base : base + length;
      added.push({ target, region, length, maxWidth, priority, base, end });
    });
    for (const mapping of added) this.refuseConflict(mapping);
    for (const mapping of added) {
      const behind = this.ordered.findIndex((other) => other.priority < mapping.priority);
      this.ordered.splice(behind < 0 ? this.ordered.length : behind, 0, mapping);
    }
    return added;
  }

  remove(target: BusTarget): Mapping[] {
    const removed = this.ordered.filter((mapping) => mapping.target === target);
    for (const mapping of removed) this.ordered.splice(this.ordered.indexOf(mapping), 1);
    return removed;
  }

  find(target: BusTarget, region: number): Mapping | undefined {
    return this.ordered.find((mapping) => mapping.target === target && mapping.region === region);
  }

  private refuseConflict(wanted: Mapping): void {
    const present = this.ordered.find(
      (other) => other.priority === wanted.priority && other.base < wanted.end && wanted.base < other.end,
    );
    if (present !== undefined) throw new BusConflict(this.space, present, wanted);
  }
}
