// What the runner and its threads tell each other besides the machine's own commands and events.

import type { MessagePort } from 'node:worker_threads';
import type { RegionThreadTask } from '../engine/execution/index.ts';
import type { MachineEvent } from '../engine/machine/messages.ts';
import type { MachineOptions } from '../engine/machine/options.ts';
import type { ProfileRow } from './thread-profile.ts';
import type { SaverTask } from './state-saver.ts';

/** How a worker is started: all threads share one entry file. */
export type WorkerTask =
  /** Its first message is a `GuestTask`, those that follow are commands. */
  | { readonly role: 'vcpu'; readonly port: MessagePort }
  | { readonly role: 'alarm'; readonly alarm: SharedArrayBuffer; readonly attention: AttentionWord }
  /** The port's messages are those of the engine's `RegionChannel`; the thread's own are warnings. */
  | { readonly role: 'regions'; readonly task: RegionThreadTask; readonly codeArchive?: string | undefined; readonly port: MessagePort }
  | { readonly role: 'saver'; readonly task: SaverTask; readonly port: MessagePort };

export interface GuestTask {
  readonly options: MachineOptions;
  readonly alarm: SharedArrayBuffer;
  readonly profile: boolean;
  /** To the thread that compiles regions, if there is to be one. */
  readonly regions: MessagePort | undefined;
  /** Whether that thread is worth starting at once, as it may have code already. */
  readonly startsCompiling: boolean;
}

export interface AttentionWord {
  readonly buffer: SharedArrayBuffer;
  readonly address: number;
}

/** Where RAM, ROM and video memory stand in the buffer of the attention word. */
export interface GuestPart {
  readonly base: number;
  readonly bytes: number;
}

export function attentionView(word: AttentionWord): Int32Array {
  return new Int32Array(word.buffer, word.address, 1);
}

/** From the machine's thread: before anything else either `ready` or `failed`. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly attention: AttentionWord; readonly guest: GuestPart }
  | { readonly kind: 'failed'; readonly failure: StartFailure }
  | { readonly kind: 'event'; readonly event: MachineEvent }
  /** Once, when it has code to compile or is about to: the thread that does it is to be started. */
  | { readonly kind: 'hot'; readonly task: RegionThreadTask }
  /** Once, when the machine has ended. */
  | { readonly kind: 'profile'; readonly rows: readonly ProfileRow[] };

/** An error as data; `boot` carries what a `BootError` is made of. */
export interface StartFailure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly boot:
    | { readonly code: string; readonly detail: Readonly<Record<string, string | number>> }
    | undefined;
}
