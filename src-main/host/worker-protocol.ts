// What the runner and its threads tell each other besides the machine's own commands and events.

import type { MessagePort } from 'node:worker_threads';
import type { MachineEvent } from '../engine/machine/messages.ts';
import type { MachineOptions } from '../engine/machine/options.ts';

/** How a worker is started: both threads share one entry file. */
export type WorkerTask =
  | {
      readonly role: 'vcpu';
      readonly options: MachineOptions;
      readonly alarm: SharedArrayBuffer;
      readonly port: MessagePort;
    }
  | { readonly role: 'alarm'; readonly alarm: SharedArrayBuffer; readonly attention: AttentionWord };

export interface AttentionWord {
  readonly buffer: SharedArrayBuffer;
  readonly address: number;
}

export function attentionView(word: AttentionWord): Int32Array {
  return new Int32Array(word.buffer, word.address, 1);
}

/** From the machine's thread: before anything else either `ready` or `failed`. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly attention: AttentionWord }
  | { readonly kind: 'failed'; readonly failure: StartFailure }
  | { readonly kind: 'event'; readonly event: MachineEvent };

/** An error as data; `boot` carries what a `BootError` is made of. */
export interface StartFailure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly boot:
    | { readonly code: string; readonly detail: Readonly<Record<string, string | number>> }
    | undefined;
}
