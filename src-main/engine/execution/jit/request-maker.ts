// Puts together what compiling a region depends on: what is known of the pages around a hot block.

import { CPU_FIELDS } from '../../x86/state/cpu-state.ts';
import type { CodeCache } from '../interpreter/code-cache.ts';
import { GUEST_PAGE, type MemoryLayout } from '../layout.ts';
import type { MemoryViews } from '../views.ts';
import { type CodeMapping, pageNear } from './code-mapping.ts';
import type { DeviceSites } from './device-sites.ts';
import type { FailingSites } from './failing-sites.ts';
import type { RegionRequest, RequestPage } from './region-request.ts';
import type { HotBlock, WantedRegion } from './waiting-regions.ts';

/** Each time one page more may come into reach. */
const MAX_ASKS = 3;

/** What has become clear of instructions that regions were left at. */
export interface LearnedSites {
  readonly wideChecks: FailingSites;
  readonly suppositions: FailingSites;
  /** Entries of regions that were compiled for an x87 control word. */
  readonly x87Entries: FailingSites;
  readonly devices: DeviceSites;
}

export interface RequestMakerParts {
  readonly code: CodeCache;
  readonly mapping: CodeMapping;
  readonly sites: LearnedSites;
  readonly views: MemoryViews;
  readonly layout: MemoryLayout;
}

export class RequestMaker {
  readonly #parts: RequestMakerParts;

  constructor(parts: RequestMakerParts) {
    this.#parts = parts;
  }

  /** `isConfined`: to its page. Other pages are looked up only when they are asked for, as that marks them as accessed. */
  want(block: HotBlock, isConfined: boolean): WantedRegion {
    const pages = new Map<number, number | undefined>([[0, block.host - (block.host % GUEST_PAGE)]]);
    return { block, pages, asks: isConfined ? 0 : MAX_ASKS };
  }

  /** Only pages with code that has run are worth reaching into; and none while the guest is in another address space. */
  addPages({ block, pages }: WantedRegion, indices: readonly number[]): void {
    const { mapping, code } = this.#parts;
    const isThere = pageNear(mapping, block, 0)?.host === pages.get(0);
    for (const index of indices) {
      const host = isThere ? pageNear(mapping, block, index)?.host : undefined;
      pages.set(index, host !== undefined && code.isCode(host / GUEST_PAGE) ? host : undefined);
    }
  }

  request(ticket: number, wanted: WantedRegion): RegionRequest {
    const { block, pages, asks } = wanted;
    const { sites, views, layout } = this.#parts;
    return {
      ticket,
      linear: block.linear,
      mode: block.mode,
      entry: block.host % GUEST_PAGE,
      pages: [...pages].map(([index, host]) => this.#page(index, host, block.mode)),
      mayAsk: asks > 0,
      fcw: sites.x87Entries.isFailing(block.host) ? undefined : (views.i32[(layout.cpuBlock + CPU_FIELDS.fcw.offset) >> 2] as number),
    };
  }

  #page(index: number, host: number | undefined, mode: number): RequestPage {
    if (host === undefined) return { index, host, entered: [], narrow: [], cautious: [], devices: [] };
    const { code, sites } = this.#parts;
    return {
      index,
      host,
      entered: code.usedBlocksIn(host, mode),
      narrow: sites.wideChecks.in(host),
      cautious: sites.suppositions.in(host),
      devices: sites.devices.in(host),
    };
  }
}
