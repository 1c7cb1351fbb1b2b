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

/** Derives `readTop` and `writeTop` from access rights and limit. */
export function updateSegmentTops(cpu: CpuContext, index: number): void {
  const access = cpu.get32(F.segmentAccess, index);
  const limit = cpu.get32(F.segmentLimit, index);
  const usable = (access & (ACCESS_P | ACCESS_S)) === (ACCESS_P | ACCESS_S);
  const isCode = (access & ACCESS_CODE) !== 0;
  const isExpandDown = !isCode && (access & ACCESS_DC) !== 0;
  const reads = usable && (isCode ? (access & ACCESS_RW) !== 0 : !isExpandDown);
  const writes = reads && !isCode && (access & ACCESS_RW) !== 0;
  const low = (limit + 1) >>> 0;
  const high = limit === 0xffffffff ? 1 : 0;
  cpu.setHalves(F.segmentReadTop, reads ? low : 0, reads ? high : 0, index);
  cpu.setHalves(F.segmentWriteTop, writes ? low : 0, writes ? high : 0, index);
}

/** Fills all of a segment register. `base`: 0 to 2^32-1, or signed canonical for FS, GS, TR and LDTR. */
export function setSegment(
  cpu: CpuContext,
  index: number,
  selector: number,
  access: number,
  base: number,
  limit: number,
): void {
  cpu.set32(F.segmentSelector, selector & 0xffff, index);
  cpu.set32(F.segmentAccess, access, index);
  cpu.setHalves(F.segmentBase, lowHalf(base), highHalf(base), index);
  cpu.set32(F.segmentLimit, limit, index);
  updateSegmentTops(cpu, index);
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
