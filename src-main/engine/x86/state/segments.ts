// Segment caches: filling the hidden parts and the derived limits that generated code compares with.
// Not here: descriptor tables and permission checks (`helpers/descriptor.ts`, `helpers/segment-load.ts`).
// Reference: Intel SDM vol. 3A 3.4.3 (hidden part), 3.4.5 (descriptors), 20.1.1 (real-address mode).

import { CPU_FIELDS as F } from './cpu-state.ts';
import type { CpuContext } from '../helpers/cpu-context.ts';
import { fromHalves, highHalf, lowHalf } from './address.ts';

/** Access rights word: bytes 5 and 6 of a descriptor without the limit bits. */
export const ACCESS_ACCESSED = 1 << 0;
/** Data: writable. Code: readable. */
export const ACCESS_RW = 1 << 1;
/** Data: expand-down. Code: conforming. */
export const ACCESS_DC = 1 << 2;
export const ACCESS_CODE = 1 << 3;
export const ACCESS_S = 1 << 4;
export const ACCESS_DPL_SHIFT = 5;
export const ACCESS_P = 1 << 7;
export const ACCESS_L = 1 << 13;
export const ACCESS_DB = 1 << 14;
export const ACCESS_G = 1 << 15;

/** Present, read/write data, accessed: what real mode works with. */
export const ACCESS_REAL = 0x93;
/** The same at DPL 3, for virtual-8086 mode. */
export const ACCESS_VIRTUAL = 0xf3;

export const segmentBase = (cpu: CpuContext, index: number): number =>
  fromHalves(cpu.low(F.segmentBase, index), cpu.high(F.segmentBase, index));

const FIRST = F.segmentSelector.offset >> 2;
const WORDS = F.segmentSelector.stride >> 2;
const ACCESS = (F.segmentAccess.offset >> 2) - FIRST;
const BASE = (F.segmentBase.offset >> 2) - FIRST;
const READ_TOP = (F.segmentReadTop.offset >> 2) - FIRST;
const WRITE_TOP = (F.segmentWriteTop.offset >> 2) - FIRST;
const LIMIT = F.segmentLimit.offset >> 2;

/**
 * Fills all of a segment register, and derives `readTop` and `writeTop`. `base`: 0 to 2^32-1, or signed canonical for
 * FS, GS, TR and LDTR. By word: it runs at each change of privilege, and looking names up would cost more than the rest.
 */
export function setSegment(
  cpu: CpuContext,
  index: number,
  selector: number,
  access: number,
  base: number,
  limit: number,
): void {
  const { words, firstWord } = cpu;
  const at = firstWord + FIRST + index * WORDS;
  words[at] = selector & 0xffff;
  words[at + ACCESS] = access;
  words[at + BASE] = lowHalf(base);
  words[at + BASE + 1] = highHalf(base);
  words[firstWord + LIMIT + index] = limit;
  const isUsable = (access & (ACCESS_P | ACCESS_S)) === (ACCESS_P | ACCESS_S);
  const isCode = (access & ACCESS_CODE) !== 0;
  const reads = isUsable && (isCode ? (access & ACCESS_RW) !== 0 : (access & ACCESS_DC) === 0);
  const writes = reads && !isCode && (access & ACCESS_RW) !== 0;
  const low = limit + 1;
  const high = limit === 0xffffffff ? 1 : 0;
  words[at + READ_TOP] = reads ? low : 0;
  words[at + READ_TOP + 1] = reads ? high : 0;
  words[at + WRITE_TOP] = writes ? low : 0;
  words[at + WRITE_TOP + 1] = writes ? high : 0;
}

/** Whether a segment register is filled with just this. */
export function isSegmentSet(
  { words, firstWord }: CpuContext, index: number, selector: number, access: number, base: number, limit: number,
): boolean {
  const at = firstWord + FIRST + index * WORDS;
  return (
    words[at] === selector && words[at + ACCESS] === access && words[at + BASE] === base && words[at + BASE + 1] === 0 &&
    words[firstWord + LIMIT + index] === limit
  );
}

/** A null selector: unusable outside 64-bit code, flat inside. */
export function setNullSegment(cpu: CpuContext, index: number, selector: number): void {
  setSegment(cpu, index, selector, 0, 0, 0);
}

/**
 * Real mode: base from the selector. The limit and the D/B bit stay what they were ("unreal mode"); the type
 * becomes read/write data, also for CS.
 */
export function setRealSegment(cpu: CpuContext, index: number, selector: number): void {
  const kept = cpu.get32(F.segmentAccess, index) & (ACCESS_DB | ACCESS_G);
  setSegment(cpu, index, selector, ACCESS_REAL | kept, (selector & 0xffff) << 4, cpu.get32(F.segmentLimit, index));
}

/** Virtual-8086 mode: everything follows from the selector. */
export function setVirtualSegment(cpu: CpuContext, index: number, selector: number): void {
  setSegment(cpu, index, selector, ACCESS_VIRTUAL, (selector & 0xffff) << 4, 0xffff);
}
