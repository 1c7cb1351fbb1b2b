// A short name for the code at a block's first byte: what says whether a region for it may be known. Two pieces of code may share one.

import { GUEST_PAGE } from '../layout.ts';

/** Enough to tell most functions apart that begin alike, at the same offset in their pages. */
const KEY_BYTES = 24;
const FNV_PRIME = 0x0100_0193;
const FNV_BASIS = 0x811c_9dc5;

/** Of the mode, the offset in the page and the first bytes there, in the same page: FNV-1a, 32 bits, signed. */
export function codeKey(memory: Uint8Array, host: number, mode: number): number {
  const offset = host % GUEST_PAGE;
  const end = Math.min(host + KEY_BYTES, host - offset + GUEST_PAGE);
  let key = Math.imul(Math.imul(FNV_BASIS ^ mode, FNV_PRIME) ^ offset, FNV_PRIME);
  for (let at = host; at < end; at++) key = Math.imul(key ^ (memory[at] as number), FNV_PRIME);
  return key;
}
