// What runs guest code, as the board sees it. Interpreter and JIT satisfy the same contract and tests.
// Not here: how code is run, and anything about devices; the two meet in `CpuEnvironment` and `CpuEngine`.

import type { CpuContext, CpuEnvironment } from '../x86/helpers/cpu-context.ts';
import type { CpuModel } from '../x86/models/cpu-model.ts';
import type { ModuleLoader } from './module-loader.ts';
import type { ArrivingPages } from '../snapshot/page-arrival.ts';
import type { RegionChannel } from './jit/region-compiler.ts';
import type { RegionThreadTask } from './region-thread.ts';
import type { CompileWaits } from './tier-times.ts';
import type { PageCopies } from '../snapshot/page-guard.ts';

/** `budget`: the instruction limit was reached. `attention`: the attention word was set. */
export type CpuStop = 'budget' | 'attention' | 'halt' | 'shutdown';

/**
 * A range of physical addresses that is memory. Everything else goes to `CpuEnvironment.memoryRead` and
 * `memoryWrite`. Writes to `rom` are dropped; `video` counts as RAM whose written pages are recorded.
 */
export interface PhysicalRegion {
  readonly kind: 'ram' | 'rom' | 'video';
  /** Physical address and length, multiples of 4096. */
  readonly base: number;
  readonly bytes: number;
  /** Where it stands in the guest part of the linear memory: bytes after `CpuEngine.ram.base`. */
  readonly offset: number;
}

export interface CpuStats {
  /** Instructions retired since power-on. */
  readonly instructions: number;
  readonly regionsCompiled: number;
  /** Hot blocks whose regions are still to come. */
  readonly regionsAwaited: number;
  readonly tlbMisses: number;
  /** Nanoseconds spent in each tier as far as the engine measures it; keys are tier names. */
  readonly tierNs: Readonly<Record<string, number>>;
  readonly compileWaits: CompileWaits;
  /** How often what costs time outside generated code has happened, by name; for `--stats`. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface CpuEngine {
  /** Registers, for boot set-up, snapshots and debuggers. */
  readonly context: CpuContext;
  readonly memory: WebAssembly.Memory;
  /** The guest part of the linear memory: byte offset and length (RAM, ROM and video memory). */
  readonly ram: { readonly base: number; readonly bytes: number };
  /** Byte address of the attention word (`CPU_FIELDS.attention`) in `memory`. */
  readonly attentionAddress: number;
  readonly stats: CpuStats;
  /** Runs until `maxInstructions`, less than 2^31, have retired or something else stops it. Throws a RangeError for more. */
  run(maxInstructions: number): { readonly stop: CpuStop };
  /** What a thread that compiles regions is told, which then speaks through `regionChannel`. */
  readonly regionThread: RegionThreadTask;
  /** That thread has ended. */
  loseRegionThread(): void;
  /** Whether the guest has entered user code (CPL 3) since the last call. */
  takeUserCode(): boolean;
  /**
   * The guest is going to sleep for so many nanoseconds, or goes on sleeping after the attention word was notified of; `isTicking`: it does
   * nothing but serve its own ticks. What it runs is compiled meanwhile.
   */
  rest(isTicking: boolean, ns: number): void;
  /** The guest has ended, and the same one may come again: code that was run often is compiled for that, where compiled code is kept. */
  keepWarmCode(): void;
  /** Level of the INTR pin; may be called from inside a port or memory access of the running guest. */
  setInterrupt(pending: boolean): void;
  nmi(): void;
  /** Address line 20; off, bit 20 of every physical address is 0. On at power-on. */
  setA20(enabled: boolean): void;
  /** RESET# (`power-on`: all state) or INIT# (`init`: keeps x87, SSE, caches and MTRRs). RAM is not touched. */
  reset(kind: 'power-on' | 'init'): void;
  /** A device wrote guest RAM or video memory: translated code in the range is dropped, video pages count as written. */
  invalidate(physical: number, length: number): void;
  /** Replaces the physical map, for BARs and ROM shadowing. Translations are dropped. */
  setRegions(regions: readonly PhysicalRegion[]): void;
  /** The registers and what else the processor remembers, for the section `cpu0`. */
  saveState(): Uint8Array;
  /**
   * Takes registers over once guest memory is in place or awaited, before anything has run; the levels of INTR and A20 are the
   * board's to set. Throws `StateError` and changes nothing when the section is of another form.
   */
  restoreState(version: number, bytes: Uint8Array): void;
  /** Drops decoded and translated code; what follows depends on registers and memory alone. */
  forgetCode(): void;
  /** From now on each of the first pages of guest memory is copied before it is written; undefined: no longer. */
  guardPages(copies: PageCopies | undefined): void;
  /** From now on whoever reaches a page that is still to come waits for it; undefined: all are there. */
  awaitPages(pages: ArrivingPages | undefined): void;
  /** The board is about to read guest memory by itself: `offset` counts in the guest part. */
  beforeRead(offset: number, length: number): void;
  /** The same for writing. */
  beforeWrite(offset: number, length: number): void;
  /** Pages of video memory written since the last call, as one byte per page set to 1 in `pages`. False when there are none. */
  takeDirtyPages(pages: Uint8Array): boolean;
}

export interface CpuEngineOptions {
  /** Bytes of guest RAM and, behind it, of video memory: the guest part of the linear memory. */
  readonly ramBytes: number;
  readonly videoMemoryBytes: number;
  readonly regions: readonly PhysicalRegion[];
  readonly model: CpuModel;
  /** Not called before `run`. */
  readonly environment: CpuEnvironment;
  readonly accelerator: 'jit' | 'interp';
  /** Makes generated functions callable; default: as WebAssembly. */
  readonly load?: ModuleLoader;
  /** The way to a thread that compiles regions, once it is ready; absent: regions are compiled between two runs. */
  readonly regionChannel?: RegionChannel;
  /** Whether each module that imports a table has a copy of it, as with V8 up to 11: regions do not go on in one another then. */
  readonly copiesTables?: boolean;
  /** Entries of a block before its region is compiled. */
  readonly hotThreshold?: number;
  /** Memory that regions may take, as far as it can be estimated; those used least recently make room for new ones. */
  readonly codeCacheBytes?: number;
  /** The host's time in nanoseconds, for statistics; default: the environment's, which hides what kept the guest waiting. */
  readonly stopwatchNs?: () => number;
}

export type CreateCpuEngine = (options: CpuEngineOptions) => CpuEngine;
