// The timer of a local APIC: initial and current count, divider, one-shot and periodic mode. It knows
// nothing of vectors. Reference: Intel SDM vol. 3A, 11.5.4 (APIC timer).

import type { Clock, Timer } from '../../base/clock.ts';
import { bool, f64, nested, type StateOf, u8, u32 } from '../../snapshot/fields.ts';

/** Input clock: one tick per nanosecond before the divider. */
export const APIC_TIMER_HZ = 1e9;
const NS_PER_TICK = 1e9 / APIC_TIMER_HZ;

export const APIC_TIMER_FIELDS = {
  initialCount: u32(),
  divide: u8(),
  periodic: bool(),
  /** No expiry is reported while masked, but counting goes on. */
  masked: bool(true),
  /** When the present initial count began to count. */
  startNs: f64(),
  /** The one-shot count is over. */
  expired: bool(),
  deadlineNs: f64(Infinity),
};

export const APIC_TIMER = nested(APIC_TIMER_FIELDS);
export type ApicTimerState = StateOf<typeof APIC_TIMER_FIELDS>;

export class ApicTimer {
  readonly state: ApicTimerState;
  private readonly clock: Clock;
  private readonly timer: Timer;

  constructor(state: ApicTimerState, clock: Clock, onExpiry: () => void) {
    this.state = state;
    this.clock = clock;
    this.timer = clock.timer(() => {
      state.expired = !state.periodic;
      this.arm();
      onExpiry();
    });
  }

  /** Writing the initial count starts the timer; 0 stops it. */
  start(initialCount: number): void {
    const s = this.state;
    s.initialCount = initialCount;
    s.startNs = this.clock.nowNs();
    s.expired = false;
    this.arm();
  }

  /** The LVT entry changed. */
  configure(periodic: boolean, masked: boolean): void {
    const s = this.state;
    if (s.periodic === periodic && s.masked === masked) return;
    // What would have expired under the mask is gone.
    if (s.masked && this.currentCount() === 0) s.expired = true;
    s.periodic = periodic;
    s.masked = masked;
    this.arm();
  }

  setDivide(value: number): void {
    const s = this.state;
    const counted = s.initialCount - this.currentCount();
    s.divide = value & 0x0b;
    s.startNs = this.clock.nowNs() - counted * this.tickNs();
    this.arm();
  }

  currentCount(): number {
    const { initialCount, startNs, periodic, expired } = this.state;
    // A one-shot count that is over stays so in periodic mode.
    if (initialCount === 0 || expired) return 0;
    const ticks = Math.floor((this.clock.nowNs() - startNs) / this.tickNs());
    if (periodic) return initialCount - (ticks % initialCount);
    return ticks >= initialCount ? 0 : initialCount - ticks;
  }

  stop(): void {
    this.timer.cancel();
  }

  afterRestore(): void {
    if (this.state.deadlineNs === Infinity) this.timer.cancel();
    else this.timer.arm(this.state.deadlineNs);
  }

  private arm(): void {
    this.state.deadlineNs = this.nextExpiry();
    this.afterRestore();
  }

  /** Periods that a late host missed are gone. */
  private nextExpiry(): number {
    const s = this.state;
    if (s.masked || s.initialCount === 0 || s.expired) return Infinity;
    const periodNs = s.initialCount * this.tickNs();
    if (!s.periodic) return s.startNs + periodNs;
    const now = this.clock.nowNs();
    const deadline = s.startNs + (Math.floor((now - s.startNs) / periodNs) + 1) * periodNs;
    return deadline > now ? deadline : now + periodNs; // rounding must not make it expire twice
  }

  /** Divide configuration: bits 3, 1 and 0 count from 2 up, and the last one is 1. */
  private tickNs(): number {
    const { divide } = this.state;
    const code = ((divide & 8) >>> 1) | (divide & 3);
    return NS_PER_TICK * (code === 7 ? 1 : 2 << code);
  }
}
