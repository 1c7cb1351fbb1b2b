// When a block is worth a region. Compiling one takes milliseconds of two threads and saves less than a microsecond an
// entry. A guest that rests has its tick's code become hot all at once, which would cost as much as a minute of its ticks:
// it gets one region after the other. While a guest sleeps, what is only warm is compiled, too, as that costs it nothing.

/** Entries after which a block is hot. */
export const HOT_ENTRIES = 8000;
/** The same where an earlier run has compiled its region, which only has to be installed: a fifth of a millisecond. */
export const KNOWN_ENTRIES = 200;
/** Part of the entries that make a block hot, after which it is compiled for the next start when the guest has switched itself off. */
export const WARM_PART = 1 / 2;
/** Of these, so many at most: what two seconds are enough for. A guest could have any number. */
export const MOST_WARM = 2048;
/** A guest that sleeps for so long has warm blocks compiled meanwhile. */
export const COMPILING_SLEEP_NS = 15_000_000;
/** A guest that rests has regions compiled no oftener than this; a hot block that has to wait counts so many entries again. */
const RESTING_COMPILE_NS = 500_000_000;
export const RESTING_ENTRIES = 1000;

export class HotBlocks {
  /** Whether the guest does nothing but serve its ticks. */
  isResting = false;
  #nextNs = 0;

  /** Whether a block that is hot is to be compiled now. */
  isDue(nowNs: number): boolean {
    if (!this.isResting) return true;
    if (nowNs < this.#nextNs) return false;
    this.#nextNs = nowNs + RESTING_COMPILE_NS;
    return true;
  }
}
