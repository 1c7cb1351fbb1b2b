// Counts accesses that nobody answered, per address. Bounded: a guest that probes the whole address space
// costs no more memory than `MAX_ADDRESSES` entries.

const MAX_ADDRESSES = 4096;

export interface UnclaimedCount {
  reads: number;
  writes: number;
}

export class UnclaimedCounter {
  readonly byAddress = new Map<number, UnclaimedCount>();
  /** Accesses to further addresses after the table was full. */
  others = 0;

  countRead(address: number): void {
    const entry = this.entry(address);
    if (entry !== undefined) entry.reads++;
  }

  countWrite(address: number): void {
    const entry = this.entry(address);
    if (entry !== undefined) entry.writes++;
  }

  private entry(address: number): UnclaimedCount | undefined {
    const known = this.byAddress.get(address);
    if (known !== undefined) return known;
    if (this.byAddress.size >= MAX_ADDRESSES) {
      this.others++;
      return undefined;
    }
    const entry = { reads: 0, writes: 0 };
    this.byAddress.set(address, entry);
    return entry;
  }
}
