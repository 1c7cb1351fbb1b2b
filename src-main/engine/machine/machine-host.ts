// What a machine needs from the program around it: time, a mailbox and somebody to wake it. All calls come from
// the thread the machine runs on.

import type { RegionChannel } from '../execution/index.ts';
import type { MachineCommand, MachineEvent } from './messages.ts';

export interface MachineHost {
  /** Monotonic time in nanoseconds; the origin does not matter. */
  nowNs(): number;
  /** Milliseconds since 1970-01-01 UTC. */
  wallTimeMs(): number;
  /** Bytes that nobody can guess; absent: a fixed sequence, for tests. */
  random?(bytes: number): Uint8Array;
  /** The next command, without waiting. Whoever posts one also sets the attention word. */
  receive(): MachineCommand | undefined;
  /** May be called from inside a device access of the running guest; must not call back into the machine. */
  emit(event: MachineEvent): void;
  /**
   * Asks to have the attention word set at a time of `nowNs`, or not at all (Infinity). A new call replaces the
   * former one. Setting it early or twice does no harm.
   */
  alarm(deadlineNs: number): void;
  /** The way to a thread that compiles regions (`CpuEngine.regionThread`); absent: there is none. */
  readonly regionChannel?: RegionChannel;
  /** See `CpuEngineOptions`. */
  readonly copiesTables?: boolean;
  /** The guest starts anew: a good moment to give back what its last life has left. */
  tidyUp?(): void;
}
