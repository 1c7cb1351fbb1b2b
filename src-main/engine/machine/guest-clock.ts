// Guest time: the host's, less the pauses, or counted in instructions. `TimerQueue` stands on it.

import type { TimeSource } from '../bus/timer-queue.ts';
import type { MachineHost } from './machine-host.ts';

export interface GuestClock extends TimeSource {
  /** Stops and restarts guest time. */
  pause(): void;
  resume(): void;
  /** Host time of a guest time, for alarms. Infinity stays Infinity. */
  hostTime(guestNs: number): number;
}

export class HostTimeClock implements GuestClock {
  readonly #host: MachineHost;
  readonly #aheadMs: number;
  /** Host time of guest time 0. */
  #origin: number;
  #pausedAt: number | undefined;

  /** `aheadMs`: the guest's wall clock is so much ahead of the host's. */
  constructor(host: MachineHost, aheadMs = 0) {
    this.#host = host;
    this.#aheadMs = aheadMs;
    this.#origin = host.nowNs();
  }

  nowNs(): number {
    return (this.#pausedAt ?? this.#host.nowNs()) - this.#origin;
  }

  wallTimeMs(): number {
    return this.#host.wallTimeMs() + this.#aheadMs;
  }

  pause(): void {
    this.#pausedAt ??= this.#host.nowNs();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#origin += this.#host.nowNs() - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  hostTime(guestNs: number): number {
    return guestNs + this.#origin;
  }
}

/**
 * One nanosecond per retired instruction, and a leap to the next deadline when the guest sleeps. The same
 * instructions then see the same times, whatever the host does.
 */
export class InstructionClock implements GuestClock {
  readonly #retired: () => number;
  readonly #startWallMs: number;
  #leapt = 0;

  constructor(retired: () => number, startWallMs: number) {
    this.#retired = retired;
    this.#startWallMs = startWallMs;
  }

  nowNs(): number {
    return this.#retired() + this.#leapt;
  }

  wallTimeMs(): number {
    return this.#startWallMs + this.nowNs() / 1e6;
  }

  pause(): void {}

  resume(): void {}

  /** The guest sleeps until then. */
  leapTo(guestNs: number): void {
    this.#leapt += Math.max(0, guestNs - this.nowNs());
  }

  hostTime(): number {
    return Number.POSITIVE_INFINITY;
  }
}
