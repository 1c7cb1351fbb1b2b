// A running machine as the rest of the process sees it: commands in, events out. The guest itself runs on a
// thread of its own (vcpu-worker). Used alike by the command line and by the app's machine process.

import type { Disposable } from '../engine/base/disposable.ts';
import type { LogLevel } from '../engine/base/logger.ts';
import type { FrameUpdate, MachineOptions, MachineStats, StopReason } from '../engine/machine/options.ts';
import type { SavedState } from '../../shared/machine/saved-state.ts';
import type { DriveImage } from './drive-server.ts';
import type { MergeOptions, RelinkOptions } from './layer-merging.ts';
import type { SaveOptions } from './save-state.ts';
import type { ProfileRow } from './thread-profile.ts';

/** A frame with its pixels. */
export interface Frame extends FrameUpdate {
  /**
   * The whole picture, `width` x `height` pixels of 4 bytes (red, green, blue, 255), rows without gap. Shared
   * with the machine, which goes on drawing: copy the dirty parts, then call `frameDone`.
   */
  readonly pixels: Uint8Array;
}

export interface RunnerEvents {
  started: [];
  paused: [];
  resumed: [];
  /** The guest or `reset` restarted the machine. */
  restarted: [];
  serial: [port: number, bytes: Uint8Array];
  /** All input sent to this port so far has reached the guest's UART. */
  serialDrained: [port: number];
  /** Bytes written to the debug console, port E9h. */
  debug: [bytes: Uint8Array];
  frame: [frame: Frame];
  /** The CMOS memory has changed: all of it that stays when the machine is switched off. */
  nvram: [bytes: Uint8Array];
  keyboardLeds: [leds: number];
  /** The guest opened the tray of a drive. */
  trayOpened: [drive: string];
  /** The host failed a request of a drive, which the guest sees as a device error; not repeated while it goes on. */
  driveFailed: [drive: string, error: Error];
  driveTransfer: [drive: string, operation: 'read' | 'write', bytes: number];
  log: [level: LogLevel, message: string];
  /** The machine has ended in an orderly way and its images are closed; nothing follows. */
  stopped: [reason: StopReason, stats: MachineStats];
  /** Where the machine's thread spent its time, if that was asked for; after `stopped`. */
  profiled: [rows: readonly ProfileRow[]];
  /** The engine died (a defect of ours, or out of memory); nothing follows. */
  crashed: [error: Error];
}

export interface MachineRunner {
  /**
   * Builds and starts the machine, where a state file says if there is one, there paused if that is wanted. Rejects with the typed error (`BootError`,
   * `FailureError` for the state) that says why not.
   */
  start(state?: string, options?: { readonly paused?: boolean }): Promise<void>;
  /** Saves the state of the machine, running or paused; one at a time. Rejects with a `FailureError`. */
  saveState(options: SaveOptions): Promise<SavedState>;
  /** The one that is being saved then fails. */
  cancelSave(): void;
  /** See layer-merging.ts; one at a time. Rejects with a `FailureError`. */
  mergeLayers(options: MergeOptions): Promise<void>;
  cancelMerge(): void;
  relink(options: RelinkOptions): Promise<void>;
  pause(): void;
  resume(): void;
  /** The reset button. */
  reset(): void;
  /** The ACPI power button: a request to the guest. */
  powerButton(): void;
  /** Pulls the plug; resolves when the thread has ended. */
  powerOff(): Promise<void>;
  /** Scan codes of set 1: make and break codes with their E0/E1 prefixes. */
  keyboard(scanCodes: Uint8Array): void;
  /** Relative movement, y downwards; buttons: bit 0 left, 1 right, 2 middle. */
  mouse(dx: number, dy: number, wheel: number, buttons: number): void;
  /** Queues bytes for a UART; they are fed as the guest reads them, none is lost. */
  serialWrite(port: number, bytes: Uint8Array): void;
  /** Frames come only while wanted, the next one after `frameDone`. Asking again sends a whole frame. */
  wantFrames(wanted: boolean): void;
  frameDone(): void;
  /** Inserts, replaces or (undefined) takes out a medium; the runner closes images. */
  changeMedium(drive: string, image: DriveImage | undefined): Promise<void>;
  stats(): Promise<MachineStats>;
  on<K extends keyof RunnerEvents>(event: K, handler: (...payload: RunnerEvents[K]) => void): Disposable;
}

export interface RunnerExtras {
  /** A profile costs some percent of speed. */
  readonly profile?: boolean;
  /** Path of the file in which compiled code is kept for the next start, see `code-archive.ts`. */
  readonly codeArchive?: string;
}

/**
 * How the app and the command line make one; the implementation is `createMachineRunner`. `images`: the media of
 * `options.drives` by their ids; they belong to the runner from then on.
 */
export type CreateMachineRunner = (options: MachineOptions, images?: ReadonlyMap<string, DriveImage>, extras?: RunnerExtras) => MachineRunner;
