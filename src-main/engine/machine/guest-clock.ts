// Guest time: the host's, less the pauses, or counted in instructions. `TimerQueue` stands on it.
// Not here: the wall clock of the CMOS, which is the host's.

import type { TimeSource } from '../bus/timer-queue.ts';
import type { MachineHost } from './machine-host.ts';

/** Guest time as a state keeps it. */
export interface SavedTime {
  readonly timeNs: number;
  /** The part of it that no instructions took; negative when time was not counted in instructions. */
  readonly leaptNs: number;
}

export interface GuestClock extends TimeSource {
  save(): SavedTime;
  /** Goes on at a saved time; the processor's count of instructions is in place. */
  restore(saved: SavedTime): void;
  /** Stops and restarts guest time. */
  pause(): void;
  resume(): void;
  /** Host time of a guest time, for alarms. Infinity stays Infinity. */
  hostTime(guestNs: number): number;
}

/** Who knows the next moment at which something must happen to the guest. */
export interface Deadlines {
  nextDeadlineNs(): number;
}

/** Guest time passes a deadline by at most so much before the timer has run. */
const LATENESS_NS = 250_000;
/** A guest further behind than this sees time jump. */
const MAX_BEHIND_NS = 500_000_000;
/** Guest time runs so much faster until it has caught up. */
const CATCH_UP = 0.25;

/**
 * Follows the host, but waits for timers that are late, since a guest that was not run (another program had the
 * processor, a region was being compiled) would find ticks lost, and takes a jump for a broken clock. What it stays
 * behind it makes up for bit by bit, and at once while it sleeps.
 */
export class HostTimeClock implements GuestClock {
  readonly #host: MachineHost;
  readonly #aheadMs: number;
  #deadlines: Deadlines = { nextDeadlineNs: () => Number.POSITIVE_INFINITY };
  /** Host time less guest time. */
  #origin: number;
  /** The part of it that is still to be made up for. */
  #behind = 0;
  /** Host time of the last look, and the guest time it gave. */
  #seenNs: number;
  #last = 0;
  #pausedAt: number | undefined;

  /** `aheadMs`: the guest's wall clock is so much ahead of the host's. */
  constructor(host: MachineHost, aheadMs = 0) {
    this.#host = host;
    this.#aheadMs = aheadMs;
    this.#origin = host.nowNs();
    this.#seenNs = this.#origin;
  }

  /** Whose deadlines to wait for. */
  follow(deadlines: Deadlines): void {
    this.#deadlines = deadlines;
  }

  nowNs(): number {
    const host = this.#pausedAt ?? this.#host.nowNs();
    if (this.#behind > 0) this.#catchUp(host);
    this.#seenNs = host;
    const limit = Math.max(this.#deadlines.nextDeadlineNs() + LATENESS_NS, this.#last);
    const late = host - this.#origin - limit;
    if (late > 0) this.#fallBehind(late);
    this.#last = Math.max(this.#last, host - this.#origin);
    return this.#last;
  }

  wallTimeMs(): number {
    return this.#host.wallTimeMs() + this.#aheadMs;
  }

  pause(): void {
    this.#pausedAt ??= this.#host.nowNs();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    const now = this.#host.nowNs();
    this.#origin += now - this.#pausedAt;
    this.#seenNs = now;
    this.#pausedAt = undefined;
  }

  save(): SavedTime {
    return { timeNs: this.nowNs(), leaptNs: -1 };
  }

  restore({ timeNs }: SavedTime): void {
    const host = this.#pausedAt ?? this.#host.nowNs();
    this.#origin = host - timeNs;
    this.#seenNs = host;
    this.#last = timeNs;
    this.#behind = 0;
  }

  hostTime(guestNs: number): number {
    const ahead = guestNs - (this.#seenNs - this.#origin);
    // At the higher rate for as long as it takes to catch up, then at the host's.
    return this.#seenNs + Math.max(ahead / (1 + CATCH_UP), ahead - this.#behind);
  }

  /** The guest sleeps: what it is behind passes at once, at most until then. */
  catchUpTo(guestNs: number): void {
    const leap = Math.min(this.#behind, guestNs - this.nowNs());
    if (leap <= 0) return;
    this.#behind -= leap;
    this.#origin -= leap;
  }

  #fallBehind(late: number): void {
    const kept = Math.min(late, MAX_BEHIND_NS - this.#behind);
    this.#behind += kept;
    this.#origin += kept;
  }

  #catchUp(host: number): void {
    const made = Math.min(this.#behind, (host - this.#seenNs) * CATCH_UP);
    this.#behind -= made;
    this.#origin -= made;
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

  save(): SavedTime {
    return { timeNs: this.nowNs(), leaptNs: this.#leapt };
  }

  restore({ timeNs, leaptNs }: SavedTime): void {
    this.#leapt = leaptNs >= 0 ? leaptNs : timeNs - this.#retired();
  }

  /** The guest sleeps until then. */
  leapTo(guestNs: number): void {
    this.#leapt += Math.max(0, guestNs - this.nowNs());
  }

  hostTime(): number {
    return Number.POSITIVE_INFINITY;
  }
}
