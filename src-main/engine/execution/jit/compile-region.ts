// From a request to a region's function in a module: forming and translating, with nothing but the request, the bytes of guest memory and
// what never changes. Any thread may do it; that memory is written meanwhile does no harm, since what was read is kept
// and compared when the region is installed.

import type { Instruction } from '../../x86/decode/instruction.ts';
import type { CpuFeature } from '../../x86/models/cpu-model.ts';
import { GUEST_PAGE, type MemoryLayout, pageOf } from '../layout.ts';
import { formRegion, placeInRegion, type Region } from './region.ts';
import type { RegionModule } from './region-module.ts';
import type { DecodedCode } from './decoded-code.ts';
import type { RegionFacts, RegionOutcome, RegionRequest, RequestPage, SiteOffsets } from './region-request.ts';
import { type TranslateOptions, translateRegion } from './translate.ts';

/** By the linear address of its entry. */
const regionName = (linear: number): string => `region ${(linear < 0 ? BigInt.asUintN(64, BigInt(linear)) : linear).toString(16)}`;

export interface CompilerParts {
  /** The engine's whole memory. */
  readonly memory: Uint8Array;
  readonly layout: MemoryLayout;
  readonly features: ReadonlySet<CpuFeature>;
  /** Whether regions go on in one another, see `next-region.ts`. */
  readonly isChained: boolean;
  /** Instructions that go back to the run loop by nature. */
  leavesBlock(instruction: Instruction, mode: number): boolean;
}

/** Adds a region's function to a module; the outcome has its index there. */
export function compileRegion(request: RegionRequest, parts: CompilerParts, module: RegionModule): RegionOutcome<number> {
  try {
    const pages = new PageCopies(request, parts.memory);
    const formed = form(request, parts, pages);
    if (pages.wanted.size > 0) return { kind: 'pages', wanted: [...pages.wanted] };
    if (formed === undefined) return { kind: 'refused', failure: undefined };
    return translate(formed, request, { ...parts, module }, decodedCode(formed, pages.bytes));
  } catch (error) {
    return { kind: 'refused', failure: describeFailure(error) };
  }
}

export const describeFailure = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function form({ mode, entry }: RegionRequest, parts: CompilerParts, pages: PageCopies): Region | undefined {
  const source = {
    bytes: pages.bytes,
    mode,
    features: parts.features,
    leavesBlock: (instruction: Instruction) => parts.leavesBlock(instruction, mode),
    pageAt: (index: number) => pages.at(index),
    wasEntered: (at: number) => pages.page(at).entered.includes(at % GUEST_PAGE),
    enteredIn: (at: number) => pages.page(at).entered,
  };
  return formRegion(source, entry);
}

function translate(
  region: Region,
  request: RegionRequest,
  { layout, module, isChained }: CompilerParts & { readonly module: RegionModule },
  code: DecodedCode,
): RegionOutcome<number> {
  const pages = new Map(request.pages.map((page) => [page.index, page]));
  const pageAt = (offset: number): RequestPage => pages.get(pageOf(offset)) as RequestPage;
  const [wide, supposing, deviceCalls] = [new Set<number>(), new Set<number>(), new Set<number>()];
  let supposesControl = false;
  const options: TranslateOptions = {
    layout,
    isChained,
    isNarrow: (offset) => isAmong(pageAt(offset).narrow, offset),
    widened: (offset) => void wide.add(offset),
    isCautious: (offset) => isAmong(pageAt(offset).cautious, offset),
    supposes: (offset) => void supposing.add(offset),
    ...(request.fcw === undefined ? {} : { fcw: request.fcw }),
    supposesControl: () => { supposesControl = true; },
    reachesDevice: (offset) => {
      const reaches = isAmong(pageAt(offset).devices, offset);
      if (reaches) deviceCalls.add(offset);
      return reaches;
    },
  };
  const index = module.add(regionName(request.linear), (f, imports) => translateRegion(f, region, options, imports));
  const facts: RegionFacts = {
    instructions: region.instructionCount, pages: [...region.pages.keys()], code,
    wide: [...wide], supposing: [...supposing], deviceCalls: [...deviceCalls], supposesControl,
  };
  return { kind: 'compiled', facts, function: index };
}

/** `offset`: from the entry's page, on whichever side. */
function isAmong(sites: SiteOffsets, offset: number): boolean {
  return sites === 'all' || sites.includes(offset - pageOf(offset) * GUEST_PAGE);
}

function decodedCode(region: Region, copies: Uint8Array): DecodedCode {
  const places: number[] = [];
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const [from, to] of stretches(region)) {
    for (let at = from; at < to; ) {
      const end = Math.min(to, (pageOf(at) + 1) * GUEST_PAGE);
      const copy = placeInRegion(region, at);
      places.push(at, end - at);
      parts.push(copies.subarray(copy, copy + end - at));
      length += end - at;
      at = end;
    }
  }
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (const part of parts) {
    bytes.set(part, filled);
    filled += part.length;
  }
  return { places, bytes };
}

/** Where a region's instructions stand: from and to which offset, in ascending order. */
function stretches({ blocks }: Region): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (const { offset, next } of [...blocks.values()].sort((a, b) => a.offset - b.offset)) {
    const last = found.at(-1);
    if (last !== undefined && offset <= last[1]) last[1] = Math.max(last[1], next);
    else found.push([offset, next]);
  }
  return found;
}

type PlacedPage = RequestPage & { readonly host: number };

/** The pages of a request as they are now, one behind the other; each is copied when it is first asked for. */
class PageCopies {
  readonly bytes: Uint8Array;
  /** Pages that were asked for and are not in the request. */
  readonly wanted = new Set<number>();
  readonly #request: RegionRequest;
  readonly #memory: Uint8Array;
  readonly #places: readonly PlacedPage[];
  readonly #isCopied: boolean[] = [];

  constructor(request: RegionRequest, memory: Uint8Array) {
    this.#request = request;
    this.#memory = memory;
    this.#places = request.pages.filter((page): page is PlacedPage => page.host !== undefined);
    this.bytes = new Uint8Array(this.#places.length * GUEST_PAGE);
  }

  /** Where the copy of a page stands. */
  at(index: number): number | undefined {
    const place = this.#places.findIndex((page) => page.index === index);
    if (place < 0) {
      if (this.#request.mayAsk && !this.#request.pages.some((page) => page.index === index)) this.wanted.add(index);
      return undefined;
    }
    const { host } = this.#places[place] as PlacedPage;
    const at = place * GUEST_PAGE;
    if (this.#isCopied[place] !== true) {
      this.bytes.set(this.#memory.subarray(host, host + GUEST_PAGE), at);
      this.#isCopied[place] = true;
    }
    return at;
  }

  /** The page that a copied byte belongs to. */
  page(copy: number): PlacedPage {
    return this.#places[pageOf(copy)] as PlacedPage;
  }
}
