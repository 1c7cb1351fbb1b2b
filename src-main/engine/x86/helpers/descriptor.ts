// Descriptors: fetching them from the GDT or LDT and reading their fields. Checks that belong to one
// instruction are with that instruction.
// Reference: Intel SDM vol. 3A 3.4.5 (segment), 3.5 and 7.2.3 (system, 16 bytes in long mode), 5.8.3 (gates).

import { fromHalves } from '../state/address.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { isLongMode } from '../state/modes.ts';
import { ACCESS_P, segmentBase } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';

export const VECTOR_DE = 0;
export const VECTOR_DB = 1;
export const VECTOR_BR = 5;
export const VECTOR_UD = 6;
export const VECTOR_DF = 8;
export const VECTOR_TS = 10;
export const VECTOR_NP = 11;
export const VECTOR_SS = 12;
export const VECTOR_GP = 13;
export const VECTOR_PF = 14;

/** A descriptor as read; reused by its owner. `upper` holds bits 64-95 of a 16-byte one. */
export interface Descriptor {
  low: number;
  high: number;
  upper: number;
  /** Linear address it was read from. */
  address: number;
}

export const createDescriptor = (): Descriptor => ({ low: 0, high: 0, upper: 0, address: 0 });

/** Bits of the second doubleword. */
export const DESCRIPTOR_ACCESSED = 1 << 8;
/** Data: writable. Code: readable. */
export const DESCRIPTOR_RW = 1 << 9;
/** TSS types only. */
export const DESCRIPTOR_BUSY = 1 << 9;
export const DESCRIPTOR_CONFORMING = 1 << 10;
export const DESCRIPTOR_CODE = 1 << 11;
export const DESCRIPTOR_S = 1 << 12;
export const DESCRIPTOR_P = 1 << 15;
export const DESCRIPTOR_L = 1 << 21;
export const DESCRIPTOR_D = 1 << 22;
export const DESCRIPTOR_G = 1 << 23;

/** Types of system descriptors. */
export const TYPE_TSS16 = 1;
export const TYPE_LDT = 2;
export const TYPE_CALL_GATE16 = 4;
export const TYPE_TASK_GATE = 5;
export const TYPE_INTERRUPT_GATE16 = 6;
export const TYPE_TRAP_GATE16 = 7;
/** In long mode the only TSS type. */
export const TYPE_TSS32 = 9;
export const TYPE_CALL_GATE32 = 12;
export const TYPE_INTERRUPT_GATE32 = 14;
export const TYPE_TRAP_GATE32 = 15;

export const isNullSelector = (selector: number): boolean => (selector & 0xfffc) === 0;

/** Error code that names a selector; `ext` is 1 while an event from outside the program is delivered. */
export const selectorError = (selector: number, ext: number): number => (selector & 0xfffc) | ext;

export const descriptorType = (d: Descriptor): number => (d.high >>> 8) & 15;
export const descriptorDpl = (d: Descriptor): number => (d.high >>> 13) & 3;
export const isPresent = (d: Descriptor): boolean => (d.high & DESCRIPTOR_P) !== 0;
export const isSystem = (d: Descriptor): boolean => (d.high & DESCRIPTOR_S) === 0;
export const isCode = (d: Descriptor): boolean =>
  (d.high & (DESCRIPTOR_S | DESCRIPTOR_CODE)) === (DESCRIPTOR_S | DESCRIPTOR_CODE);
export const isConforming = (d: Descriptor): boolean => (d.high & DESCRIPTOR_CONFORMING) !== 0;
export const isWritableData = (d: Descriptor): boolean =>
  (d.high & (DESCRIPTOR_S | DESCRIPTOR_CODE | DESCRIPTOR_RW)) === (DESCRIPTOR_S | DESCRIPTOR_RW);
export const isReadable = (d: Descriptor): boolean =>
  (d.high & DESCRIPTOR_S) !== 0 && (d.high & (DESCRIPTOR_CODE | DESCRIPTOR_RW)) !== DESCRIPTOR_CODE;
/** L and D together are reserved in long mode. */
export const hasReservedCodeSize = (d: Descriptor): boolean =>
  (d.high & (DESCRIPTOR_L | DESCRIPTOR_D)) === (DESCRIPTOR_L | DESCRIPTOR_D);
export const is64BitCode = (d: Descriptor): boolean =>
  (d.high & (DESCRIPTOR_L | DESCRIPTOR_D)) === DESCRIPTOR_L;

export const descriptorBase = (d: Descriptor): number =>
  ((d.low >>> 16) | ((d.high & 0xff) << 16) | (d.high & 0xff000000)) >>> 0;
/** Base of an LDT or TSS, whose descriptor has 16 bytes in long mode. */
export const systemBase = (cpu: CpuContext, d: Descriptor): number =>
  isLongMode(cpu) ? fromHalves(descriptorBase(d), d.upper) : descriptorBase(d);
/** Byte-granular limit. */
export function descriptorLimit(d: Descriptor): number {
  const limit = (d.low & 0xffff) | (d.high & 0xf0000);
  return d.high & DESCRIPTOR_G ? ((limit << 12) | 0xfff) >>> 0 : limit;
}
/** Access rights as the segment cache holds them. */
export const descriptorAccess = (d: Descriptor): number => (d.high >>> 8) & 0xf0ff;

export const gateSelector = (d: Descriptor): number => d.low >>> 16;
export const gateOffset16 = (d: Descriptor): number => d.low & 0xffff;
export const gateOffset32 = (d: Descriptor): number => ((d.low & 0xffff) | (d.high & 0xffff0000)) >>> 0;
export const gateOffset64 = (d: Descriptor): number => fromHalves(gateOffset32(d), d.upper);

export const FETCH_OK = 0;
/** #PF has been raised. */
export const FETCH_FAULT = 1;
/** Beyond the table's limit, or in an LDT that is not loaded. */
export const FETCH_OUTSIDE = 2;
export type FetchStatus = 0 | 1 | 2;

/** Linear address of a supervisor structure: it wraps at 4 GiB outside long mode. */
export const wrapSystem = (cpu: CpuContext, address: number): number =>
  isLongMode(cpu) ? address : address >>> 0;

/** Reads the eight bytes that a selector names. Raises nothing but #PF. */
export function fetchDescriptor(cpu: CpuContext, selector: number, d: Descriptor): FetchStatus {
  let base: number;
  let limit: number;
  if (selector & 4) {
    if ((cpu.get32(F.segmentAccess, SEGMENT_INDEX.ldtr) & ACCESS_P) === 0) return FETCH_OUTSIDE;
    base = segmentBase(cpu, SEGMENT_INDEX.ldtr);
    limit = cpu.get32(F.segmentLimit, SEGMENT_INDEX.ldtr);
  } else {
    base = fromHalves(cpu.low(F.gdtrBase), cpu.high(F.gdtrBase));
    limit = cpu.get32(F.gdtrLimit);
  }
  if ((selector | 7) > limit) return FETCH_OUTSIDE;
  d.address = wrapSystem(cpu, base + (selector & 0xfff8));
  d.upper = 0;
  return readDescriptorAt(cpu, d) ? FETCH_OK : FETCH_FAULT;
}

/** Reads the eight bytes at `d.address`; false when #PF was raised. */
export function readDescriptorAt(cpu: CpuContext, d: Descriptor): boolean {
  const at = cpu.wordOf(d.address, 8, false);
  if (at >= 0) {
    d.low = cpu.words[at] as number;
    d.high = cpu.words[at + 1] as number;
    return true;
  }
  const low = cpu.readLinear(d.address, 4, false);
  if (low < 0) return false;
  const high = cpu.readLinear(wrapSystem(cpu, d.address + 4), 4, false);
  if (high < 0) return false;
  d.low = low;
  d.high = high;
  return true;
}

/**
 * Reads the second half of a system descriptor in long mode. FETCH_OUTSIDE also where its type field, which
 * must be zero, is not.
 */
export function fetchUpper(cpu: CpuContext, selector: number, d: Descriptor): FetchStatus {
  const inLdt = (selector & 4) !== 0;
  const limit = inLdt ? cpu.get32(F.segmentLimit, SEGMENT_INDEX.ldtr) : cpu.get32(F.gdtrLimit);
  if ((selector | 7) + 8 > limit) return FETCH_OUTSIDE;
  const upper = cpu.readLinear(d.address + 8, 4, false);
  if (upper < 0) return FETCH_FAULT;
  const last = cpu.readLinear(d.address + 12, 4, false);
  if (last < 0) return FETCH_FAULT;
  d.upper = upper;
  return last & 0x1f00 ? FETCH_OUTSIDE : FETCH_OK;
}

/** `fetchDescriptor` that raises `vector` with the selector where there is no such descriptor. */
export function fetchOrRaise(
  cpu: CpuContext,
  selector: number,
  d: Descriptor,
  vector: number,
  ext: number,
): boolean {
  const status = fetchDescriptor(cpu, selector, d);
  if (status === FETCH_OUTSIDE) cpu.raise(vector, selectorError(selector, ext));
  return status === FETCH_OK;
}

/** The same for `fetchUpper`. */
export function fetchUpperOrRaise(
  cpu: CpuContext,
  selector: number,
  d: Descriptor,
  vector: number,
  ext: number,
): boolean {
  const status = fetchUpper(cpu, selector, d);
  if (status === FETCH_OUTSIDE) cpu.raise(vector, selectorError(selector, ext));
  return status === FETCH_OK;
}

/** Sets the accessed bit in memory where it is clear; false when #PF was raised. */
export function markAccessed(cpu: CpuContext, d: Descriptor): boolean {
  if (d.high & DESCRIPTOR_ACCESSED) return true;
  d.high |= DESCRIPTOR_ACCESSED;
  return cpu.writeLinear(wrapSystem(cpu, d.address + 5), 1, (d.high >>> 8) & 0xff, false);
}

/** Writes the busy bit of a TSS descriptor in memory. */
export function setBusy(cpu: CpuContext, d: Descriptor, busy: boolean): boolean {
  d.high = busy ? d.high | DESCRIPTOR_BUSY : d.high & ~DESCRIPTOR_BUSY;
  return cpu.writeLinear(wrapSystem(cpu, d.address + 5), 1, (d.high >>> 8) & 0xff, false);
}
