// Guest time and timers as devices see them. The machine supplies a clock bound to the host's time or to
// retired instructions; tests supply one that is stepped by hand.

import type { Disposable } from './disposable.ts';

export interface Clock {
  /** Nanoseconds of guest time since power-on; does not run while the machine is paused. */
  nowNs(): number;
  /** Wall-clock time in milliseconds since 1970-01-01 UTC, for real-time clocks. */
  wallTimeMs(): number;
  /** A timer that is not armed yet. */
  timer(onExpiry: () => void): Timer;
}

export interface Timer extends Disposable {
  /** (Re)arms for an absolute guest time; a deadline in the past expires at the next opportunity. */
  arm(deadlineNs: number): void;
  cancel(): void;
  /** Deadline, or undefined when not armed. */
  readonly deadlineNs: number | undefined;
}
