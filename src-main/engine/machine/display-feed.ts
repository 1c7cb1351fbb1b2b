// Sends pictures of the screen to whoever looks, no faster than they are taken.

import type { Clock, Timer } from '../base/clock.ts';
import type { ScreenSource } from '../display/frame.ts';
import type { MachineEvent } from './messages.ts';

const FRAME_NS = 1e9 / 60;
/** Drawing takes at most a quarter of the guest's time: large pictures that always change come less often. */
const MIN_PAUSE = 3;

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

  /** The first frame, of the whole screen, goes out at once: a paused machine has a screen too. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#whole = wanted;
    this.#inFlight = false;
    if (wanted) this.#tick();
    else this.#timer.cancel();
  }

  frameDone(): void {
    this.#inFlight = false;
  }

  /** The machine ends: what nobody has seen yet. */
  sendLast(): void {
    if (this.#wanted) this.#send();
  }

  #tick(): void {
    if (!this.#wanted) return;
    const begin = this.#clock.nowNs();
    if (!this.#inFlight) this.#send();
    const end = this.#clock.nowNs();
    this.#timer.arm(Math.max(begin + FRAME_NS, end + MIN_PAUSE * (end - begin)));
  }

  #send(): void {
    const update = this.#source.refresh(this.#whole);
    if (update === undefined) return;
    this.#whole = false;
    this.#inFlight = true;
    this.#emit({ kind: 'frame', update, pixels: this.#source.pixels });
  }
}
