// The map of the engine's linear memory, computed once and used by generated code, TypeScript and tests.
// Guest RAM comes last and is contiguous; where it appears in guest physical space is `physical-map.ts`.

import { CPU_BLOCK_SIZE } from '../x86/state/cpu-state.ts';

export const WASM_PAGE = 0x1_0000;
export const GUEST_PAGE = 0x1000;

/** The number of the page that an address is in. */
export const pageOf = (address: number): number => Math.floor(address / GUEST_PAGE);

/**
 * Entries of each TLB table; a power of two. All of 256 MiB have places of their own: of the few dozen pages that a kernel
 * lives on, no two may share one.
 */
export const TLB_ENTRIES = 0x1_0000;
/** {tag i64: page address or -1; addend i32: host minus linear address; nothing}. */
export const TLB_ENTRY_SIZE = 16;
/** Reads and writes, each for supervisor and user. */
export const TLB_TABLES = 4;
/** Direct-mapped cache from linear address and mode to a decoded block's header. */
export const JUMP_CACHE_ENTRIES = 16384;
/** {linear address, mode and slot of its region i64 (see `jump-cache.ts`), key i32, record i32}. */
export const JUMP_CACHE_ENTRY_SIZE = 16;
/** 32-bit WebAssembly addresses, less what the engine itself needs. */
export const MAX_RAM_BYTES = 0xe000_0000;

const MAPPING_EPOCH = 0x100;
const GLOBAL_EPOCH = 0x108;
const REGION_FAILURES = 0x110;
const CPU_BLOCK = 0x1_0000;
const JUMP_CACHE = 0x4_0000;
const TLB = 0x8_0000;
const RECORDS = 0x48_0000;

export interface MemoryLayout {
  /** i64, counted up whenever linear addresses may translate differently; see `HEADER.checkedEpoch`. */
  readonly mappingEpoch: number;
  /** As `mappingEpoch`, for addresses whose pages are global: writes to CR3 do not count. */
  readonly globalEpoch: number;
  /** i32: how often something that a region had taken for granted was not the case. */
  readonly regionFailures: number;
  readonly cpuBlock: number;
  readonly jumpCache: number;
  /** Tables in the order supervisor read, supervisor write, user read, user write. */
  readonly tlb: number;
  readonly records: number;
  readonly recordsEnd: number;
  readonly ramBase: number;
  readonly ramBytes: number;
  /** Video memory: RAM-like, behind guest RAM. */
  readonly vramBase: number;
  readonly vramBytes: number;
  /** Size of the whole memory in WebAssembly pages. */
  readonly pages: number;
}

export interface LayoutOptions {
  readonly ramBytes: number;
  readonly vramBytes?: number;
  /** Bytes for decoded records; the code cache starts anew when they are used up. */
  readonly recordBytes?: number;
}

/** Throws a RangeError when the guest memory does not fit a 32-bit WebAssembly memory. */
export function computeLayout(options: LayoutOptions): MemoryLayout {
  const ramBytes = roundUp(options.ramBytes, GUEST_PAGE);
  const vramBytes = roundUp(options.vramBytes ?? 0, GUEST_PAGE);
  if (ramBytes + vramBytes > MAX_RAM_BYTES) {
    throw new RangeError(`guest memory of ${options.ramBytes} bytes exceeds the limit of ${MAX_RAM_BYTES}`);
  }
  const recordsEnd = RECORDS + roundUp(options.recordBytes ?? 0x200_0000, WASM_PAGE);
  const ramBase = recordsEnd;
  const vramBase = ramBase + ramBytes;
  return {
    mappingEpoch: MAPPING_EPOCH,
    globalEpoch: GLOBAL_EPOCH,
    regionFailures: REGION_FAILURES,
    cpuBlock: CPU_BLOCK,
    jumpCache: JUMP_CACHE,
    tlb: TLB,
    records: RECORDS,
    recordsEnd,
    ramBase,
    ramBytes,
    vramBase,
    vramBytes,
    pages: roundUp(vramBase + vramBytes, WASM_PAGE) / WASM_PAGE,
  };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Bytes of all four TLB tables. */
export const TLB_BYTES = TLB_TABLES * TLB_ENTRIES * TLB_ENTRY_SIZE;
export const JUMP_CACHE_BYTES = JUMP_CACHE_ENTRIES * JUMP_CACHE_ENTRY_SIZE;

// The fixed areas must not run into each other.
if (
  CPU_BLOCK + CPU_BLOCK_SIZE > JUMP_CACHE ||
  JUMP_CACHE + JUMP_CACHE_BYTES > TLB ||
  TLB + TLB_BYTES > RECORDS
) {
  throw new Error('engine memory areas overlap');
}
