// Where guest physical memory is in the engine's linear memory. Everything else belongs to devices.
// Addresses are JavaScript numbers below 2^40.

import type { PhysicalRegion } from './cpu-engine.ts';

/** A region with its place in linear memory. */
export interface MappedRegion {
  readonly kind: PhysicalRegion['kind'];
  readonly base: number;
  readonly bytes: number;
  /** Byte address in linear memory of the region's first byte. */
  readonly host: number;
}

/** Result of a look-up that finds no memory there. */
export const NO_MEMORY = -1;

/** Regions are page-aligned and do not overlap; they may be replaced while the machine runs (PAM, BARs). */
export class PhysicalMap {
  readonly #guestBase: number;
  #regions: readonly MappedRegion[] = [];
  #last: MappedRegion | undefined;

  /** `guestBase`: where the guest part of the linear memory begins. */
  constructor(guestBase: number, regions: readonly PhysicalRegion[]) {
    this.#guestBase = guestBase;
    this.replace(regions);
  }

  get regions(): readonly MappedRegion[] {
    return this.#regions;
  }

  replace(regions: readonly PhysicalRegion[]): void {
    this.#regions = regions.map(({ kind, base, bytes, offset }) => ({
      kind,
      base,
      bytes,
      host: this.#guestBase + offset,
    }));
    this.#last = undefined;
  }

  /** The region holding a physical address, if it is memory. */
  find(address: number): MappedRegion | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.base && address - last.base < last.bytes) return last;
    for (const region of this.#regions) {
      if (address >= region.base && address - region.base < region.bytes) {
        this.#last = region;
        return region;
      }
    }
    return undefined;
  }

  /** Byte address in linear memory, or `NO_MEMORY`. */
  host(address: number): number {
    const region = this.find(address);
    return region === undefined ? NO_MEMORY : region.host + (address - region.base);
  }
}
