// An alarm clock shared by two threads: the machine's thread says when, the alarm thread sleeps until then and
// sets the machine's attention word. Setting a later time costs nothing: the sleeper finds out by itself.

import { monotonicNs } from './host-time.ts';

const DEADLINE = 0;
const SLEEPING_UNTIL = 1;
const SEQUENCE = 4;
const STOPPED = 5;
const BYTES = 32;
const NEVER = 2n ** 62n;
/** A running guest sets the next alarm right after one: for so long the sleeper looks by itself, and need not be woken. */
const AWAITED_NS = 500_000;

/** Bit of the attention word that the world outside the CPU uses. */
export const ATTENTION_BOARD = 1;

export function allocateAlarm(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(BYTES);
  const times = new BigInt64Array(buffer);
  times[DEADLINE] = NEVER;
  times[SLEEPING_UNTIL] = NEVER;
  return buffer;
}

/** The side of the machine's thread. */
export class AlarmSetter {
  readonly #times: BigInt64Array;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#times = new BigInt64Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  /** Infinity: never. */
  set(deadlineNs: number): void {
    const deadline = deadlineNs === Number.POSITIVE_INFINITY ? NEVER : BigInt(Math.ceil(deadlineNs));
    Atomics.store(this.#times, DEADLINE, deadline);
    if (deadline < Atomics.load(this.#times, SLEEPING_UNTIL)) this.#wake();
  }

  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
    this.#wake();
  }

  #wake(): void {
    Atomics.add(this.#words, SEQUENCE, 1);
    Atomics.notify(this.#words, SEQUENCE);
  }
}

/** The alarm thread: returns when stopped. */
export function runAlarm(buffer: SharedArrayBuffer, attention: Int32Array): void {
  const times = new BigInt64Array(buffer);
  const words = new Int32Array(buffer);
  let hasFired = false;
  while (Atomics.load(words, STOPPED) === 0) {
    const sequence = Atomics.load(words, SEQUENCE);
    const deadline = Atomics.load(times, DEADLINE);
    const now = monotonicNs();
    const until: number = deadline !== NEVER ? Number(deadline) : hasFired ? now + AWAITED_NS : Number.POSITIVE_INFINITY;
    hasFired = until <= now;
    if (hasFired) {
      // Fired once; a time set meanwhile stays.
      Atomics.compareExchange(times, DEADLINE, deadline, NEVER);
      raiseAttention(attention);
      continue;
    }
    Atomics.store(times, SLEEPING_UNTIL, until === Number.POSITIVE_INFINITY ? NEVER : BigInt(Math.ceil(until)));
    if (Atomics.load(times, DEADLINE) === deadline) Atomics.wait(words, SEQUENCE, sequence, (until - now) / 1e6);
    // Awake: an earlier time set now is seen at the top of the loop.
    Atomics.store(times, SLEEPING_UNTIL, -1n);
  }
}

/** Makes the guest stop at its next block, or wake from HLT. */
export function raiseAttention(attention: Int32Array): void {
  Atomics.or(attention, 0, ATTENTION_BOARD);
  Atomics.notify(attention, 0);
}
