// A seeded source of random numbers, so that a failing program can be made again from its number.

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 32 random bits: a Weyl sequence through two multiply-xorshift rounds. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
  /** 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }
  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
  /** 32 bits that are often an edge of some width. */
  value32(): number {
    return this.chance(0.5) ? this.pick(INTERESTING) : this.chance(0.5) ? this.below(256) : this.next();
  }
  value64(): bigint {
    const low = this.value32();
    const high = this.chance(0.5) ? (low & 0x80000000 ? 0xffffffff : 0) : this.value32();
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  }
}
