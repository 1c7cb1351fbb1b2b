// Names, signatures and effects of all helpers: what generated code must know to call one.
// Each family contributes a table; implementations live beside them and are found by the same names.
// Reference for the idea: declared effects let registers stay cached across a call (engine README).

/** How a helper is called and what it may do to the CPU. */
export interface HelperDeclaration {
  /** Arguments in order; `i64` ones travel through `scratch[position]`. */
  readonly parameters: readonly ('i32' | 'i64')[];
  /** `none` helpers that may fault return only a status. `i64` results come back in `scratch[0]`. */
  readonly result: 'none' | 'i32' | 'i64';
  /** Returns non-zero after `cpu.raise`; with a result, the value is in `scratch[0]` in either width. */
  readonly mayFault: boolean;
  /** Reads general registers or flags from the CPU block: cached ones must be stored before the call. */
  readonly readsRegisters: boolean;
  /** Writes general registers or flags: cached ones must be loaded again. */
  readonly writesRegisters: boolean;
  /** Asks for the time, which may be counted in instructions: those retired must be counted up to this one. */
  readonly readsTime?: true;
  /**
   * May change mode, paging, privilege or code bytes. `next`: execution goes on at the next instruction after
   * a look at the state; `rip`: the helper has set rip itself.
   */
  readonly endsBlock?: 'next' | 'rip';
}

export const helper = (declaration: HelperDeclaration): HelperDeclaration => declaration;

import { SYSTEM_HELPERS } from './system.table.ts';
import { FLOAT_HELPERS } from './float.table.ts';

export const HELPERS = { ...SYSTEM_HELPERS, ...FLOAT_HELPERS } as const;
export type HelperName = keyof typeof HELPERS;
