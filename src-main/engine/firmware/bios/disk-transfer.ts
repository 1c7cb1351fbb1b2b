// Disk requests of services that wait for them: a service is called again and again until its transfer has ended. What
// is on its way is known by the caller's stack; when a request was lost by a reset or restored snapshot, the next call
// begins it anew, which does no harm as sectors are read and written whole.

import type { Drive, DriveOutcome } from '../../block/drive.ts';
import type { BiosCall } from './call.ts';

/** Bytes of one request to a drive; longer transfers are cut. */
const PIECE = 0x1_0000;

export interface Transfer {
  readonly drive: Drive;
  readonly operation: 'read' | 'write' | 'verify' | 'flush';
  readonly offset: number;
  readonly bytes: number;
  /** Linear address of the caller's data. */
  readonly memory: number;
}

interface Pending {
  readonly key: string;
  readonly buffer: Uint8Array;
  outcome: DriveOutcome | undefined;
  /** Bytes of the transfer that have been done with. */
  done: number;
}

export class DiskTransfers {
  readonly #wake: () => void;
  #pending: Pending | undefined;

  /** `wake` ends the HLT of the stub that waits. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  reset(): void {
    this.#pending = undefined;
  }

  /** Undefined: not finished yet. */
  advance(call: BiosCall, transfer: Transfer): { readonly outcome: DriveOutcome; readonly bytes: number } | undefined {
    const { drive, operation, offset, bytes, memory } = transfer;
    const key = `${call.frame} ${drive.id} ${operation} ${offset} ${bytes} ${memory}`;
    if (this.#pending?.key !== key) this.#pending = this.#begin(call, transfer, key, 0);
    const pending = this.#pending;
    if (pending.outcome === undefined) return undefined;
    const piece = pending.buffer.length;
    if (pending.outcome === 'ok' && operation === 'read' && piece > 0) call.writeBytes(memory + pending.done, pending.buffer);
    const done = pending.outcome === 'ok' ? pending.done + piece : pending.done;
    if (pending.outcome === 'ok' && done < bytes) {
      this.#pending = this.#begin(call, transfer, key, done);
      return undefined;
    }
    this.#pending = undefined;
    return { outcome: pending.outcome, bytes: done };
  }

  #begin(call: BiosCall, { drive, operation, offset, bytes, memory }: Transfer, key: string, done: number): Pending {
    const length = operation === 'flush' ? 0 : Math.min(PIECE, bytes - done);
    const buffer = drive.buffer(length).subarray(0, length);
    if (operation === 'write') call.readBytes(memory + done, buffer);
    const pending: Pending = { key, buffer, outcome: undefined, done };
    drive.submit({
      operation: operation === 'verify' ? 'read' : operation, offset: offset + done, length, data: length === 0 ? [] : [buffer],
      done: (outcome) => {
        pending.outcome = outcome;
        this.#wake();
      },
    });
    return pending;
  }
}
