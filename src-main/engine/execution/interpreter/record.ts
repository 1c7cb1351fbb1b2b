// Decoded records: the interpreter's code. One record an instruction, grouped in blocks that begin with a header
// record; both 32 bytes, in the record arena of linear memory. What a record means is its handler's number.

import type { IrType } from '../../ir/types.ts';

export const RECORD_SIZE = 32;

/** What the main loop does itself; numbers of instruction handlers follow, those that it has inside before slots of the handler table. */
export const HANDLER = {
  /** Block header: polls attention and budget, counts entries. */
  enter: 0,
  /** Block header with a compiled region: `REGION_SLOT` is its slot in the region table. */
  region: 1,
  /** The block goes on in another one, at `PAGE_OFFSET` (4096: next page); `LINK` when known. */
  proceed: 2,
  /** Raises vector `IMMEDIATE` with error code `IMMEDIATE_HIGH`. */
  fault: 3,
  /** The bytes behind this record have changed: leaves for the run loop with rip at `PAGE_OFFSET`. */
  stale: 4,
  /** Block header with a region that reaches into other pages: as `region`, once it is known to be mapped as then. */
  spanning: 5,
  /** First of the instruction handlers: of the usual shapes, then of others as they are met. */
  first: 6,
} as const;

/** Field offsets of an instruction record. */
export const FIELD = {
  /** u16 */
  handler: 0,
  /** u8: bits 0-3 length of the instruction, bits 4-5 log2 of the index scale. */
  lengthScale: 2,
  /** u8: instructions of the block before this one. */
  count: 3,
  /** u16: place of the instruction's first byte in its page. */
  pageOffset: 4,
  /** u16: offset in the CPU block of the segment cache of the memory operand. */
  segment: 6,
  /** u16 each: register operands. CPU block offset of a GPR, XMM or MMX register; else the register's number. */
  registerA: 8,
  registerB: 10,
  /** u16 each: CPU block offsets of base and index register. */
  base: 12,
  index: 14,
  /** i32 */
  displacement: 16,
  immediate: 20,
  /** i32: upper half of a 64-bit immediate or displacement, selector, or a second immediate. */
  immediateHigh: 24,
  /** Header record to jump to; 0 when not known. */
  link: 28,
} as const;

/** Where the register operands stand. An instruction with a third one (SHLD with CL) has no immediate. */
const REGISTER_SLOTS = [FIELD.registerA, FIELD.registerB, FIELD.immediate] as const;

export function registerSlot(slot: number): number {
  const field = REGISTER_SLOTS[slot];
  if (field === undefined) throw new Error(`a record has no room for register operand ${slot}`);
  return field;
}

/** Field offsets of a header record, besides `handler` and `pageOffset`. */
export const HEADER = {
  /** u8: 1 for an instruction that ends on the next page. */
  crosses: 2,
  /** i32: entries left until the block is hot. */
  countdown: 8,
  /** i32, `spanning`: address of the epoch that `checkedEpoch` is of. */
  epoch: 8,
  /** i32: slot in the region table. */
  regionSlot: 12,
  /** i64 each, `spanning`: the code base and the epoch for which the region's pages have been checked. */
  checkedBase: 16,
  checkedEpoch: 24,
} as const;

/** What a handler function returns when it is not the next record. */
export const LEAVE = 0;
export const LOOKUP = 1;
/** From regions only: the instruction at rip, of which nothing was carried out, is the interpreter's. */
export const STEP = 2;
/** As `STEP`; what the region had taken for granted of that instruction was not the case. Bit 0 is `LOOKUP`'s alone. */
export const FAILED = 4;

/**
 * A way out of a region is a word. From the lowest bits: instructions to count, one of the above, and where it leads, counted
 * from where the region was entered.
 */
export const WAY_OUT = { resultShift: 12, resultBits: 3, distanceShift: 12 + 3 } as const;

/**
 * Of a region's function. It takes how many instructions may retire until `retireLimit`, more than none, and gives the lower half of the
 * word of the way out that was taken; `rip` and `regionRemaining` are stored.
 */
export const REGION_TYPE: { readonly parameters: readonly IrType[]; readonly results: readonly IrType[] } = { parameters: ['i32'], results: ['i32'] };
