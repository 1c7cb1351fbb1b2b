// Regions that earlier runs of a machine have had compiled, found again by the code that they were made from: neither translated nor
// compiled anew. What a region is depends on its code and mode only, and on what its request rules out; on which blocks have run
// depends only how much of the code it takes in. DECISIONS.md: compiled code is kept with a machine.

import { GUEST_PAGE, pageOf } from '../layout.ts';
import { codeKey } from '../interpreter/code-key.ts';
import { isCodeAt } from './decoded-code.ts';
import type { RegionFacts, RegionRequest, RequestPage, SiteOffsets } from './region-request.ts';

/** Plain data, all of it. */
export interface KeptRegion {
  /** See `codeKey`. */
  readonly key: number;
  readonly mode: number;
  /** Offset in its page. */
  readonly entry: number;
  /** Its index in the module. */
  readonly function: number;
  /** The x87 control word that it was compiled for; undefined: for any. */
  readonly fcw: number | undefined;
  readonly facts: RegionFacts;
}

export interface KeptModule {
  readonly regions: readonly KeptRegion[];
  /** Sizes of its functions' bodies, by index. */
  readonly bytes: readonly number[];
}

/** As it was made. */
export interface MadeModule {
  readonly module: WebAssembly.Module;
  readonly wasm: Uint8Array;
}

/** One that was read. */
export interface FoundModule extends KeptModule {
  /** Its own. */
  readonly number: number;
  /** Undefined where it cannot be had any more. */
  load(): WebAssembly.Module | undefined;
}

/** What the host keeps for a machine. */
export interface CodeArchive {
  /** Of earlier runs, the latest last. */
  readonly found: readonly FoundModule[];
  /** Never throws. */
  keep(kept: KeptModule, made: MadeModule): void;
}

export interface KeptMatch {
  readonly module: FoundModule;
  readonly region: KeptRegion;
}

/** Of regions with the same key; the latest are tried. */
const MOST_ALIKE = 8;

export class KeptRegions {
  readonly #memory: Uint8Array;
  /** The latest first. */
  readonly #byKey = new Map<number, KeptMatch[]>();
  readonly #lost = new Set<FoundModule>();

  /** `memory`: the engine's whole memory. */
  constructor(found: readonly FoundModule[], memory: Uint8Array) {
    this.#memory = memory;
    for (const module of found) for (const region of module.regions) this.#add({ module, region });
  }

  #add(match: KeptMatch): void {
    const alike = this.#byKey.get(match.region.key) ?? [];
    if (alike.unshift(match) > MOST_ALIKE) alike.pop();
    this.#byKey.set(match.region.key, alike);
  }

  get keys(): Int32Array {
    return Int32Array.from(this.#byKey.keys());
  }

  /** A region that is right for a request, or the numbers of pages to be asked for first; undefined: none is known. */
  find(request: RegionRequest): KeptMatch | { readonly wanted: readonly number[] } | undefined {
    const pages = new Map(request.pages.map((page) => [page.index, page]));
    const host = (pages.get(0)?.host as number) + request.entry;
    for (const match of this.#byKey.get(codeKey(this.#memory, host, request.mode)) ?? []) {
      if (this.#lost.has(match.module) || !this.#suits(match.region, request, pages)) continue;
      const wanted = match.region.facts.pages.filter((index) => !pages.has(index));
      return wanted.length === 0 ? match : { wanted };
    }
    return undefined;
  }

  /** It cannot be loaded. */
  lose(module: FoundModule): void {
    this.#lost.add(module);
  }

  #suits({ mode, entry, fcw, facts }: KeptRegion, request: RegionRequest, pages: ReadonlyMap<number, RequestPage>): boolean {
    if (mode !== request.mode || entry !== request.entry || (fcw !== undefined && fcw !== request.fcw)) return false;
    const canBeThere = facts.pages.every((index) => (pages.has(index) ? pages.get(index)?.host !== undefined : request.mayAsk));
    const placeOf = (offset: number): number | undefined => {
      const host = pages.get(pageOf(offset))?.host;
      return host === undefined ? undefined : host + offset - pageOf(offset) * GUEST_PAGE;
    };
    return canBeThere && isCodeAt(facts.code, this.#memory, placeOf) && request.pages.every((page) => hasLearned(facts, page));
  }
}

/** Whether nothing that has become clear of instructions in a page would make another region of the same code. */
function hasLearned({ wide, supposing, deviceCalls, code }: RegionFacts, page: RequestPage): boolean {
  const among = (offsets: readonly number[], sites: SiteOffsets): boolean =>
    offsets.some((offset) => pageOf(offset) === page.index && (sites === 'all' || sites.includes(offset - page.index * GUEST_PAGE)));
  const isDeviceKnown = (site: number): boolean => {
    const offset = site + page.index * GUEST_PAGE;
    return deviceCalls.includes(offset) || !isIn(code.places, offset);
  };
  return !among(wide, page.narrow) && !among(supposing, page.cautious) && page.devices.every(isDeviceKnown);
}

/** Whether a byte is part of the code at these places. */
function isIn(places: readonly number[], offset: number): boolean {
  for (let at = 0; at < places.length; at += 2) {
    const from = places[at] as number;
    if (offset >= from && offset < from + (places[at + 1] as number)) return true;
  }
  return false;
}
