// Recognises a guest that does nothing but serve its own periodic tick, and says when to wake it: its ticks are then
// handed over in groups, one after the other, which costs a fraction of waking the processor for each.
// Not here: guest time, which waits for the ticks (`guest-clock.ts`).

/** Wake-ups in a row without user code and over within their first slice, before a guest counts as idle. */
const IDLE_AFTER = 32;
/** Host time between two wake-ups of an idle guest by its timers. */
const REST_NS = 16_000_000;
/** The same, and after how many quiet ticks, of one that nobody has wanted anything from for long. */
const LONG_REST_NS = 32_000_000;
const LONG_IDLE_AFTER = 512;

export class IdleGuest {
  #quietWakes = 0;
  #wokenNs = 0;

  get isIdle(): boolean {
    return this.#quietWakes >= IDLE_AFTER;
  }

  /** The guest sleeps again; `quiet`: it ran little, and no user code, since it was woken or got its next tick. */
  slept(quiet: boolean): void {
    this.#quietWakes = quiet ? this.#quietWakes + 1 : 0;
  }

  /** Something from outside happened: what follows is wanted without delay. */
  disturbed(): void {
    this.#quietWakes = 0;
  }

  woken(hostNs: number): void {
    this.#wokenNs = hostNs;
  }

  /** Host time to sleep until, given that of the next deadline. */
  sleepUntil(deadlineNs: number): number {
    if (!this.isIdle) return deadlineNs;
    return Math.max(deadlineNs, this.#wokenNs + (this.#quietWakes < LONG_IDLE_AFTER ? REST_NS : LONG_REST_NS));
  }
}
