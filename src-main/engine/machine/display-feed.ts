// Sends pictures of the screen to whoever looks, no faster than they are taken.

import type { Clock, Timer } from '../base/clock.ts';
import type { MachineEvent } from './messages.ts';
import type { FrameUpdate } from './options.ts';

const FRAME_NS = 1e9 / 30;

/** A display adapter's picture. */
export interface ScreenSource {
  /** Red, green, blue, 255; rows without gap; as large as the largest mode. */
  readonly pixels: SharedArrayBuffer;
  /** Draws what changed since the last call (everything with `whole`); undefined when that is nothing. */
  refresh(whole: boolean): FrameUpdate | undefined;
}

export class DisplayFeed {
  readonly #source: ScreenSource;
  readonly #clock: Clock;
  readonly #emit: (event: MachineEvent) => void;
  readonly #timer: Timer;
  #wanted = false;
  #whole = false;
  #inFlight = false;

  constructor(source: ScreenSource, clock: Clock, emit: (event: MachineEvent) => void) {
    this.#source = source;
    this.#clock = clock;
    this.#emit = emit;
    this.#timer = clock.timer(() => this.#tick());
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#whole = wanted;
    this.#inFlight = false;
    if (wanted) this.#timer.arm(this.#clock.nowNs());
    else this.#timer.cancel();
  }

  frameDone(): void {
    this.#inFlight = false;
  }

  #tick(): void {
    if (!this.#wanted) return;
    if (!this.#inFlight) {
      const update = this.#source.refresh(this.#whole);
      if (update !== undefined) {
        this.#whole = false;
        this.#inFlight = true;
        this.#emit({ kind: 'frame', update, pixels: this.#source.pixels });
      }
    }
    this.#timer.arm(this.#clock.nowNs() + FRAME_NS);
  }
}
