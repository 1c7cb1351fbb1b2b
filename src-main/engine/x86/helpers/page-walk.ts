// The page walk: linear to physical address through the guest's paging structures, with accessed and dirty
// bits. Pure over `readPhysical32`; filling and tagging TLBs is the MMU's part (`execution/mmu`).
// Reference: Intel SDM vol. 3A 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level), 4.6 (access rights), 4.7 (#PF), 4.8.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import {
  CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LMA, EFER_NXE, EFLAGS_AC,
} from '../state/control-bits.ts';
import { highHalf } from '../state/address.ts';
import type { AccessKind, CpuContext } from './cpu-context.ts';

const ENTRY_P = 1 << 0;
const ENTRY_W = 1 << 1;
const ENTRY_U = 1 << 2;
export const ENTRY_A = 1 << 5;
const ENTRY_D = 1 << 6;
const ENTRY_PS = 1 << 7;
const ENTRY_G = 1 << 8;
/** XD, in the upper half of a 64-bit entry. */
const ENTRY_XD = 1 << 31;

export const PF_PRESENT = 1 << 0;
export const PF_WRITE = 1 << 1;
export const PF_USER = 1 << 2;
export const PF_RESERVED = 1 << 3;
export const PF_FETCH = 1 << 4;

/** Reused by the caller for every walk. */
export interface WalkResult {
  /** Physical address of the byte asked for. */
  physical: number;
  /** Page size as a power of two: 12, 21, 22 or 30. */
  pageShift: number;
  /** R/W, U/S and XD of all levels taken together. CR0.WP, SMEP and SMAP are not in them: see `isPermitted`. */
  writable: boolean;
  user: boolean;
  noExecute: boolean;
  /** Kept by TLB flushes that spare global pages. */
  global: boolean;
  /** The leaf's dirty bit after this walk: only a dirty page may be entered in a write TLB. */
  dirty: boolean;
  /** Of the page fault, when the walk failed. */
  errorCode: number;
  /** Physical addresses of the entries that were read, from the top; and how many and how large these are. */
  readonly entries: Float64Array;
  entryCount: number;
  entryBytes: 4 | 8;
  /** The PDPTE that the walk began with, which is a register; -1 where there are none. */
  pdpte: number;
}

export const createWalkResult = (): WalkResult => ({
  physical: 0,
  pageShift: 12,
  writable: true,
  user: true,
  noExecute: false,
  global: false,
  dirty: true,
  errorCode: 0,
  entries: new Float64Array(4),
  entryCount: 0,
  entryBytes: 4,
  pdpte: -1,
});

/** Whether a translated page may be accessed so; `user` false is a supervisor access. */
export function isPermitted(cpu: CpuContext, page: WalkResult, access: AccessKind, user: boolean): boolean {
  if (access === 'execute' && page.noExecute) return false;
  if (user) return page.user && (access !== 'write' || page.writable);
  if (access === 'write' && !page.writable && cpu.low(F.cr0) & CR0_WP) return false;
  if (!page.user) return true;
  const cr4 = cpu.low(F.cr4);
  if (access === 'execute') return (cr4 & CR4_SMEP) === 0;
  if ((cr4 & CR4_SMAP) === 0) return true;
  // AC opens user pages to explicit accesses only; at CPL 3 a supervisor access is an implicit one.
  return cpu.get32(F.cpl) < 3 && (cpu.get32(F.flagRest) & EFLAGS_AC) !== 0;
}

function fail(cpu: CpuContext, result: WalkResult, access: AccessKind, user: boolean, cause: number): boolean {
  let code = cause;
  if (access === 'write') code |= PF_WRITE;
  if (user) code |= PF_USER;
  if (access === 'execute') {
    const cr4 = cpu.low(F.cr4);
    const hasNx = (cr4 & CR4_PAE) !== 0 && (cpu.low(F.efer) & EFER_NXE) !== 0;
    if (hasNx || cr4 & CR4_SMEP) code |= PF_FETCH;
  }
  result.errorCode = code;
  return false;
}

const markAccessed = (cpu: CpuContext, address: number, entry: number): void => {
  if ((entry & ENTRY_A) === 0) cpu.writePhysical32(address, (entry | ENTRY_A) >>> 0);
};

/** Sets A, and D for a write, in the entry that maps the page; says whether it is dirty then. */
function markLeaf(cpu: CpuContext, address: number, entry: number, access: AccessKind): boolean {
  const wanted = access === 'write' ? entry | ENTRY_A | ENTRY_D : entry | ENTRY_A;
  if (wanted !== entry) cpu.writePhysical32(address, wanted >>> 0);
  return (wanted & ENTRY_D) !== 0;
}

function walk32(cpu: CpuContext, linear: number, access: AccessKind, user: boolean, result: WalkResult): boolean {
  const cr4 = cpu.low(F.cr4);
  const pdeAddress = ((cpu.low(F.cr3) & 0xfffff000) >>> 0) + ((linear >>> 22) << 2);
  const pde = cpu.readPhysical32(pdeAddress);
  result.pdpte = -1;
  result.entryBytes = 4;
  result.entryCount = 1;
  result.entries[0] = pdeAddress;
  if ((pde & ENTRY_P) === 0) return fail(cpu, result, access, user, 0);
  const isLarge = (pde & ENTRY_PS) !== 0 && (cr4 & CR4_PSE) !== 0;
  let leafAddress = pdeAddress;
  let leaf = pde;
  let rights = pde;
  if (isLarge) {
    // Bits 13 up hold physical address bits 32 up (PSE-36), as many as there are; the rest are reserved.
    const extraBits = cpu.model.features.has('pse36') ? Math.min(cpu.model.physicalAddressBits - 32, 8) : 0;
    const reserved = 0x3fe000 & ~(((1 << extraBits) - 1) << 13);
    if (pde & reserved) return fail(cpu, result, access, user, PF_PRESENT | PF_RESERVED);
    result.physical = ((pde >>> 13) & 0xff) * 0x1_0000_0000 + (((pde & 0xffc00000) | (linear & 0x3fffff)) >>> 0);
    result.pageShift = 22;
  } else {
    leafAddress = ((pde & 0xfffff000) >>> 0) + (((linear >>> 12) & 0x3ff) << 2);
    leaf = cpu.readPhysical32(leafAddress);
    if ((leaf & ENTRY_P) === 0) return fail(cpu, result, access, user, 0);
    result.entries[result.entryCount++] = leafAddress;
    rights &= leaf;
    result.physical = ((leaf & 0xfffff000) | (linear & 0xfff)) >>> 0;
    result.pageShift = 12;
  }
  result.writable = (rights & ENTRY_W) !== 0;
  result.user = (rights & ENTRY_U) !== 0;
  result.noExecute = false;
  result.global = (leaf & ENTRY_G) !== 0 && (cr4 & CR4_PGE) !== 0;
  if (!isPermitted(cpu, result, access, user)) return fail(cpu, result, access, user, PF_PRESENT);
  if (!isLarge) markAccessed(cpu, pdeAddress, pde);
  result.dirty = markLeaf(cpu, leafAddress, leaf, access);
  return true;
}

/** Physical address in a 64-bit entry; the model has at most 40 bits of it. */
const entryAddress = (low: number, high: number): number =>
  (high & 0xff) * 0x1_0000_0000 + ((low & 0xfffff000) >>> 0);

/** Bits of the upper half that must be zero: above MAXPHYADDR, and XD without NXE. Bits 52-62 only with PAE. */
function reservedHigh(cpu: CpuContext, isLong: boolean): number {
  const addressBits = (1 << (cpu.model.physicalAddressBits - 32)) - 1;
  const xd = cpu.low(F.efer) & EFER_NXE ? 0 : ENTRY_XD;
  return ((isLong ? 0x000fffff : 0x7fffffff) & ~addressBits) | xd;
}

/**
 * PAE and 4-level paging share all but the top. The levels are walked from `shift` (39, or 21 below the PAE
 * directory pointers) down to 12; `table` is the physical address of the first.
 */
function walk64(cpu: CpuContext, linear: number, access: AccessKind, user: boolean, result: WalkResult): boolean {
  const isLong = (cpu.low(F.efer) & EFER_LMA) !== 0;
  const reserved = reservedHigh(cpu, isLong);
  const low = linear >>> 0;
  const high = highHalf(linear);
  let shift = 39;
  let table = 0;
  if (isLong) {
    table = entryAddress(cpu.low(F.cr3), cpu.high(F.cr3));
  } else {
    const index = low >>> 30;
    const pdpte = cpu.low(F.pdpte, index);
    if ((pdpte & ENTRY_P) === 0) return fail(cpu, result, access, user, 0);
    table = entryAddress(pdpte, cpu.high(F.pdpte, index));
    shift = 21;
  }
  let rights = ENTRY_W | ENTRY_U;
  let xd = 0;
  // Entries above the leaf whose accessed bit is still clear; written once the access is known to be allowed.
  let clear0 = -1;
  let clear1 = -1;
  let clear2 = -1;
  result.entryBytes = 8;
  result.entryCount = 0;
  result.pdpte = isLong ? -1 : low >>> 30;
  for (;;) {
    const index =
      shift === 39 ? (high >>> 7) & 0x1ff
      : shift === 30 ? ((high << 2) & 0x1fc) | (low >>> 30)
      : (low >>> shift) & 0x1ff;
    const address = table + index * 8;
    const entry = cpu.readPhysical32(address);
    result.entries[result.entryCount++] = address;
    if ((entry & ENTRY_P) === 0) return fail(cpu, result, access, user, 0);
    const upper = cpu.readPhysical32(address + 4);
    if (upper & reserved) return fail(cpu, result, access, user, PF_PRESENT | PF_RESERVED);
    rights &= entry;
    xd |= upper & ENTRY_XD;
    const isLarge = shift !== 12 && (entry & ENTRY_PS) !== 0;
    if (isLarge && hasReservedLarge(cpu, entry, shift)) {
      return fail(cpu, result, access, user, PF_PRESENT | PF_RESERVED);
    }
    if (shift === 12 || isLarge) {
      const mask = shift === 12 ? 0xfff : shift === 21 ? 0x1fffff : 0x3fffffff;
      result.physical = (upper & 0xff) * 0x1_0000_0000 + (((entry & ~mask) | (low & mask)) >>> 0);
      result.pageShift = shift;
      result.writable = (rights & ENTRY_W) !== 0;
      result.user = (rights & ENTRY_U) !== 0;
      result.noExecute = xd !== 0;
      result.global = (entry & ENTRY_G) !== 0 && (cpu.low(F.cr4) & CR4_PGE) !== 0;
      if (!isPermitted(cpu, result, access, user)) return fail(cpu, result, access, user, PF_PRESENT);
      if (clear0 >= 0) markAccessed(cpu, clear0, cpu.readPhysical32(clear0));
      if (clear1 >= 0) markAccessed(cpu, clear1, cpu.readPhysical32(clear1));
      if (clear2 >= 0) markAccessed(cpu, clear2, cpu.readPhysical32(clear2));
      result.dirty = markLeaf(cpu, address, entry, access);
      return true;
    }
    if ((entry & ENTRY_A) === 0) {
      if (shift === 39) clear0 = address;
      else if (shift === 30) clear1 = address;
      else clear2 = address;
    }
    table = entryAddress(entry, upper);
    shift -= 9;
  }
}

/** Reserved bits of an entry with PS set: the low address bits of the large page, or PS itself. */
function hasReservedLarge(cpu: CpuContext, entry: number, shift: number): boolean {
  if (shift === 21) return (entry & 0x1fe000) !== 0;
  if (shift === 30 && cpu.model.features.has('pdpe1gb')) return (entry & 0x3fffe000) !== 0;
  return true;
}

/**
 * Translates a linear address for an access and updates accessed and dirty bits. False: `errorCode` is that
 * of the page fault and nothing was changed. Without paging every address maps to itself.
 */
export function walk(
  cpu: CpuContext,
  linear: number,
  access: AccessKind,
  user: boolean,
  result: WalkResult,
): boolean {
  if ((cpu.low(F.cr0) & CR0_PG) === 0) {
    result.physical = linear >>> 0;
    result.pageShift = 12;
    result.writable = true;
    result.user = true;
    result.noExecute = false;
    result.global = false;
    result.dirty = true;
    result.entryCount = 0;
    result.pdpte = -1;
    return true;
  }
  if (cpu.low(F.cr4) & CR4_PAE) return walk64(cpu, linear, access, user, result);
  return walk32(cpu, linear, access, user, result);
}

const PDPTE_RESERVED_LOW = 0x1e6;

/**
 * Loads the four PAE directory pointers that CR3 points to; false (and nothing loaded) when a present one has
 * a reserved bit set, which is #GP(0) for MOV to CR.
 */
export function loadPdptes(cpu: CpuContext, cr3: number): boolean {
  const table = (cr3 & 0xffffffe0) >>> 0;
  const reserved = ~((1 << (cpu.model.physicalAddressBits - 32)) - 1);
  for (let index = 0; index < 4; index++) {
    const low = cpu.readPhysical32(table + index * 8);
    const high = cpu.readPhysical32(table + index * 8 + 4);
    if (low & ENTRY_P && (low & PDPTE_RESERVED_LOW || high & reserved)) return false;
  }
  for (let index = 0; index < 4; index++) {
    const low = cpu.readPhysical32(table + index * 8);
    const high = cpu.readPhysical32(table + index * 8 + 4);
    cpu.setHalves(F.pdpte, low, high, index);
  }
  return true;
}
