// Key movements on their way to the keyboard, which has a small buffer of its own: what it has no room for waits
// here, up to a limit, and is offered again.

import type { Clock, Timer } from '../base/clock.ts';
import { ScanCodeReader, type KeyMovement } from './scan-code-reader.ts';

const RETRY_NS = 5_000_000;
/** A guest that never reads its keyboard loses what is typed beyond this: the longest text that is typed at once fits. */
const LIMIT = 0x1_0000;

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
