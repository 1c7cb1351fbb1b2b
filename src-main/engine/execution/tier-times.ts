// How long each tier has run, in the board's time. Compilation is measured; interpreter and regions are told
// apart by sampling: a run between two looks around counts for the tier that it was stopped in.

export class TierTimes {
  #interpreter = 0;
  #regions = 0;
  #compiler = 0;
  #since = 0;

  get ns(): Readonly<Record<'interpreter' | 'regions' | 'compiler', number>> {
    return { interpreter: this.#interpreter, regions: this.#regions, compiler: this.#compiler };
  }

  begin(nowNs: number): void {
    this.#since = nowNs;
  }

  end(nowNs: number, inRegion: boolean): void {
    const spent = nowNs - this.#since;
    if (inRegion) this.#regions += spent;
    else this.#interpreter += spent;
  }

  /** Part of the present run was compilation. */
  compiled(fromNs: number, toNs: number): void {
    this.#compiler += toNs - fromNs;
    this.#since += toNs - fromNs;
  }
}
