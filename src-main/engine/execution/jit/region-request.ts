// What compiling a region depends on and what comes of it: plain data, so that another thread can do it. The request says
// what the machine's thread knows; the answer says what the region supposes, to be checked when it is installed. Lists are
// flat where they are long: passing an object to another thread costs a microsecond.

import type { DecodedCode } from './decoded-code.ts';

/** Of instructions in a page, or that all of them are meant. */
export type SiteOffsets = readonly number[] | 'all';

/** A page around a hot block as it was when the request was made. */
export interface RequestPage {
  /** Counted from the page of the region's entry. */
  readonly index: number;
  /** Where it stands; undefined where a region may not go on. */
  readonly host: number | undefined;
  /** Offsets in the page of blocks that have run often enough to count. */
  readonly entered: readonly number[];
  /** Of instructions whose checks are to cover their own access only. */
  readonly narrow: SiteOffsets;
  /** Of those that may suppose nothing. */
  readonly cautious: SiteOffsets;
  /** Of those that are known to reach devices. */
  readonly devices: readonly number[];
}

export interface RegionRequest {
  /** Comes back with the answer. */
  readonly ticket: number;
  /** The block that the region begins with: linear address, mode, and offset in its page. */
  readonly linear: number;
  readonly mode: number;
  readonly entry: number;
  readonly pages: readonly RequestPage[];
  /** Whether the answer may be that more pages are wanted. */
  readonly mayAsk: boolean;
  /** The x87 control word to compile for; undefined: none. */
  readonly fcw: number | undefined;
}

/** What a compiled region is, besides its module; offsets count from the entry's page, so that it is the same wherever that is. */
export interface RegionFacts {
  readonly instructions: number;
  /** Numbers of the pages that it has instructions in, counted from the entry's. */
  readonly pages: readonly number[];
  /** What it was made from. */
  readonly code: DecodedCode;
  /** Offsets of instructions with checks for more than themselves, with suppositions, and with calls for devices. */
  readonly wide: readonly number[];
  readonly supposing: readonly number[];
  readonly deviceCalls: readonly number[];
  /** Whether it was compiled for the x87 control word. */
  readonly supposesControl: boolean;
}

/** `F`: the function, in the form that the thread makes of it. */
export type RegionOutcome<F> =
  | { readonly kind: 'compiled'; readonly facts: RegionFacts; readonly function: F }
  /** To be asked again with these pages, by number counted from the entry's. */
  | { readonly kind: 'pages'; readonly wanted: readonly number[] }
  /** `failure`: what went wrong; undefined where the entry is an instruction that regions leave out. */
  | { readonly kind: 'refused'; readonly failure: string | undefined };
