// What a machine is made of and how it ends: plain data that crosses threads, no host handles.

import type { CpuStats } from '../execution/cpu-engine.ts';
import type { CpuModelName } from '../x86/models/cpu-model.ts';

/** A file for the boot loader, already read. `name` is for messages. */
export interface BootFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A Multiboot module: a file and the text it is announced with. */
export interface BootModule extends BootFile {
  readonly arguments: string;
}

/**
 * Direct kernel start. What kind of kernel it is (Linux bzImage, Multiboot ELF), the loader finds out.
 * Linux takes the modules, concatenated, as its initial RAM disk.
 */
export interface BootOptions {
  readonly kernel: BootFile;
  readonly modules: readonly BootModule[];
  readonly commandLine: string;
}

export type CpuAccelerator = 'jit' | 'interp';

export interface MachineOptions {
  readonly memoryBytes: number;
  readonly cpuModel: CpuModelName;
  readonly accelerator: CpuAccelerator;
  readonly boot: BootOptions | undefined;
  /** Number of 16550 UARTs, COM1 first; 0 to 4. */
  readonly serialPorts: number;
  /** Port E9h: written bytes come out as `debug` events. */
  readonly debugConsole: boolean;
  /** A write of V ends the machine with `debug-exit` and status 2V+1. */
  readonly debugExit: { readonly base: number; readonly length: number } | undefined;
  /** Video memory; 0 builds a machine without a display adapter. */
  readonly videoMemoryBytes: number;
  /** What a guest reset or triple fault does. */
  readonly onReset: 'restart' | 'stop';
  /** Guest time: the host's, or one nanosecond per retired instruction (deterministic, for tests). */
  readonly time: 'host' | 'instructions';
}

/** Why a machine ended. */
export type StopReason =
  | { readonly kind: 'power-off' }
  /** Guest reset with `onReset: 'stop'`. */
  | { readonly kind: 'reset' }
  /** Triple fault with `onReset: 'stop'`. */
  | { readonly kind: 'triple-fault' }
  | { readonly kind: 'debug-exit'; readonly value: number }
  /** Asked for from outside. */
  | { readonly kind: 'stopped' };

export interface MachineStats extends CpuStats {
  /** Host nanoseconds since power-on, and the part of them spent waiting in HLT. */
  readonly hostNs: number;
  readonly idleNs: number;
  /** Accesses nobody answered. */
  readonly unclaimedPorts: number;
  readonly unclaimedMemory: number;
}

export type { FrameUpdate, Rectangle, TextScreen } from '../display/frame.ts';
