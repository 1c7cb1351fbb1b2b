// Blocks that run often without being hot, which are worth a region once that costs the guest nothing: while it sleeps.

import type { CodeCache, DecodedBlock } from '../interpreter/code-cache.ts';
import { GUEST_PAGE, pageOf } from '../layout.ts';
import type { HotBlock } from './waiting-regions.ts';

/** To search for them takes milliseconds: not before so many instructions more have retired. */
const SEARCH_AFTER = 25_000_000;

/** `isMapped`: whether its linear address is known; if not, that is only its place in its page. */
export interface WarmBlock extends HotBlock {
  readonly isMapped: boolean;
}

export class WarmBlocks {
  readonly #code: CodeCache;
  /** The hottest last. */
  #found: DecodedBlock[] = [];
  /** From headers to linear addresses. */
  #addresses: ReadonlyMap<number, number> = new Map();
  #searchedAt = 0;

  constructor(code: CodeCache) {
    this.#code = code;
  }

  /** Finds those with so many entries, if enough has been run since the last search. `retired`: lower 32 bits of the number of instructions. */
  search(entries: number, retired: number): void {
    if ((retired - this.#searchedAt) >>> 0 < SEARCH_AFTER) return;
    this.#searchedAt = retired;
    this.#found = this.#code.warmBlocks(entries).reverse();
    this.#addresses = this.#found.length === 0 ? new Map() : this.#code.jumps.addresses();
  }

  /** Takes the hottest that is still there and not hot yet. */
  next(): WarmBlock | undefined {
    for (let block = this.#found.pop(); block !== undefined; block = this.#found.pop()) {
      if (this.#code.isStale(block.header) || (this.#code.countdownOf(block.header) ?? 0) <= 0) continue;
      const page = this.#pageOf(block);
      return { ...block, linear: (page ?? 0) + (block.host % GUEST_PAGE), isMapped: page !== undefined };
    }
    return undefined;
  }

  /** The linear address of a block's page: by any block of it that is jumped to by its address. */
  #pageOf({ host, mode }: DecodedBlock): number | undefined {
    for (const header of this.#code.headersIn(host, mode)) {
      const linear = this.#addresses.get(header);
      if (linear !== undefined) return pageOf(linear) * GUEST_PAGE;
    }
    return undefined;
  }

  /** All blocks are gone. */
  clear(): void {
    this.#found = [];
  }
}
