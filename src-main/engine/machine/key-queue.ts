// Key movements on their way to the keyboard, which has a small buffer of its own: what it has no room for waits
// here, up to a limit, and is offered again.

import { readU16 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { defineState } from '../snapshot/define-state.ts';
import { blob, f64 } from '../snapshot/fields.ts';
import { armAgain, type SavedPart, savedPart } from './saved-part.ts';
import { ScanCodeReader, type KeyMovement } from './scan-code-reader.ts';

const RETRY_NS = 5_000_000;
/** A guest that never reads its keyboard loses what is typed beyond this: the longest text that is typed at once fits. */
const LIMIT = 0x1_0000;

/** Key and whether it goes down, as three bytes each. */
const SPEC = defineState('keys', 1, { waiting: blob(3 * LIMIT), retryNs: f64(Number.POSITIVE_INFINITY) });

export class KeyQueue {
  readonly #clock: Clock;
  readonly #accept: (key: number, down: boolean) => boolean;
  readonly #reader = new ScanCodeReader();
  readonly #timer: Timer;
  #waiting: KeyMovement[] = [];

  /** `accept` returns false when the keyboard has no room. */
  constructor(clock: Clock, accept: (key: number, down: boolean) => boolean) {
    this.#clock = clock;
    this.#accept = accept;
    this.#timer = clock.timer(() => this.#offer());
  }

  push(scanCodes: Uint8Array): void {
    for (const movement of this.#reader.read(scanCodes)) {
      if (this.#waiting.length < LIMIT) this.#waiting.push(movement);
    }
    this.#offer();
  }

  clear(): void {
    this.#waiting = [];
    this.#timer.cancel();
  }

  get section(): SavedPart {
    return savedPart(SPEC, () => ({
      waiting: Uint8Array.from(this.#waiting.flatMap(({ key, down }) => [key & 0xff, key >> 8, down ? 1 : 0])),
      retryNs: this.#timer.deadlineNs ?? Number.POSITIVE_INFINITY,
    }), ({ waiting, retryNs }) => {
      this.#waiting = Array.from({ length: Math.floor(waiting.length / 3) }, (_, n) => ({
        key: readU16(waiting, 3 * n), down: waiting[3 * n + 2] !== 0,
      }));
      armAgain(this.#timer, retryNs);
    });
  }

  #offer(): void {
    let taken = 0;
    for (const { key, down } of this.#waiting) {
      if (!this.#accept(key, down)) break;
      taken += 1;
    }
    this.#waiting = this.#waiting.slice(taken);
    if (this.#waiting.length > 0) this.#timer.arm(this.#clock.nowNs() + RETRY_NS);
  }
}
