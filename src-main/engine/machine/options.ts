// What a machine is made of and how it ends: plain data that crosses threads, no host handles.

import type { Drive, DriveMedium } from '../block/drive.ts';
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

/** Which controller a drive is connected to, and where. */
export type DriveAttachment =
  | { readonly bus: 'ide'; readonly channel: 0 | 1; readonly unit: 0 | 1 }
  | { readonly bus: 'floppy'; readonly unit: 0 | 1 }
  /** In order of the options; `index` names its place among those. */
  | { readonly bus: 'ahci' | 'virtio'; readonly index: number }
  | { readonly bus: 'none' };

/** A drive; the image in it is opened by the host, under the same id. */
export interface DriveOptions {
  /** "ide0-hd0", or as given with `-drive id=`. */
  readonly id: string;
  readonly kind: Drive['kind'];
  readonly attachment: DriveAttachment;
  /** Undefined: empty. */
  readonly medium: DriveMedium | undefined;
  /** Content of a medium in the machine's own thread, instead of one that the host has: for tests. */
  readonly memory?: Uint8Array;
  /** Among devices to boot from, lowest first; absent: by the order of `FirmwareOptions`. */
  readonly bootIndex?: number;
  /** As the drive identifies itself; absent: names of ours. */
  readonly model?: string;
  readonly serial?: string;
}

/** How the machine starts when it has no kernel of its own to start from. */
export interface FirmwareOptions {
  /** Another BIOS instead of the built-in one. */
  readonly image?: BootFile;
  /** Another video BIOS in the display's expansion ROM. */
  readonly videoImage?: BootFile;
  /** What is tried, in this order, as letters: a floppy, c hard disk, d CD-ROM, n network. */
  readonly order: string;
  /** The same for the first start only. */
  readonly once?: string;
  /** Ask which of them. */
  readonly menu: boolean;
  /** Try nothing else. */
  readonly strict: boolean;
}

export type CpuAccelerator = 'jit' | 'interp';

export interface MachineOptions {
  readonly memoryBytes: number;
  readonly cpuModel: CpuModelName;
  readonly accelerator: CpuAccelerator;
  /** Memory that translated code may take, by estimate; default: 256 MiB. */
  readonly codeCacheBytes?: number;
  /** The machine's identity, as text ("8-4-4-4-12" hexadecimal digits); absent: one that all such machines share. */
  readonly uuid?: string;
  readonly boot: BootOptions | undefined;
  /** Drives that say so with `bootIndex` go first. */
  readonly firmware?: FirmwareOptions;
  readonly drives?: readonly DriveOptions[];
  /** A high precision event timer. */
  readonly hpet?: boolean;
  /** A virtio entropy device. */
  readonly entropy?: boolean;
  /** What the CMOS memory behind the clock's registers held when the machine was last switched off; absent: zeroes. */
  readonly nvram?: Uint8Array;
  /** Milliseconds that the real-time clock is ahead of the host's UTC; default 0. */
  readonly wallClockOffsetMs?: number;
  /** Number of 16550 UARTs, COM1 first; 0 to 4. */
  readonly serialPorts: number;
  /** Port E9h: written bytes come out as `debug` events. */
  readonly debugConsole: boolean;
  /** A write of V ends the machine with `debug-exit` and status 2V+1. */
  readonly debugExit: { readonly base: number; readonly length: number } | undefined;
  /** pc-testdev: ports and memory for test kernels. */
  readonly testDevice?: boolean;
  /** Video memory; 0 builds a machine without a display adapter. */
  readonly videoMemoryBytes: number;
  /** The machine is held from the start and boots nothing: a state is put into it before it is released. */
  readonly awaitsState?: boolean;
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
