// A clock that moves only when told to: for tests, and for machines whose time is counted in instructions.

import type { Clock, Timer } from '../base/clock.ts';
import { TimerQueue } from './timer-queue.ts';

export class ManualClock implements Clock {
  readonly timers: TimerQueue;
  private now = 0;
  private readonly wallStartMs: number;

  /** `wallStartMs` is the wall-clock time at guest time 0; from then on both run alike. */
  constructor(wallStartMs = 0) {
    this.wallStartMs = wallStartMs;
    this.timers = new TimerQueue({ nowNs: () => this.now, wallTimeMs: () => this.wallTimeMs() });
  }

  nowNs(): number {
    return this.now;
  }

  wallTimeMs(): number {
    return this.wallStartMs + this.now / 1e6;
  }

  timer(onExpiry: () => void): Timer {
    return this.timers.timer(onExpiry);
  }

  /** Moves on by `ns`, stopping at every deadline on the way. */
  advance(ns: number): void {
    const end = this.now + ns;
    for (let next = this.timers.nextDeadlineNs(); next <= end; next = this.timers.nextDeadlineNs()) {
      this.now = Math.max(this.now, next);
      this.timers.runDue();
    }
    this.now = end;
  }

  /** Jumps without stopping, as a host that was busy elsewhere; overdue timers run once at the end. */
  jump(ns: number): void {
    this.now += ns;
    this.timers.runDue();
  }
}
