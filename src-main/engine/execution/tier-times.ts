// How long each tier has run, and how long compilations have kept the guest waiting, by the host's clock. Compilation is
// measured; interpreter and regions are told apart by sampling: a run between two looks around counts for the tier that
// it was stopped in.

const NS_PER_MS = 1e6;
/** Upper bounds of the classes that compilations are counted in, in milliseconds. */
const BOUNDS_MS = [1, 2, 5, 10, 20];

/** Waits of the guest for the compilation of one region, or of the handlers of one block. */
export interface CompileWaits {
  readonly longestNs: number;
  /** By class: `<1`, `<2`, `<5`, `<10`, `<20` and `more` milliseconds. */
  readonly counts: Readonly<Record<string, number>>;
}

export class TierTimes {
  #interpreter = 0;
  #regions = 0;
  #compiler = 0;
  #since = 0;
  #longest = 0;
  readonly #counts = [...BOUNDS_MS.map(() => 0), 0];
  readonly #nowNs: () => number;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  get ns(): Readonly<Record<'interpreter' | 'regions' | 'compiler', number>> {
    return { interpreter: this.#interpreter, regions: this.#regions, compiler: this.#compiler };
  }

  get compileWaits(): CompileWaits {
    const names = [...BOUNDS_MS.map((bound) => `<${bound}`), 'more'];
    return { longestNs: this.#longest, counts: Object.fromEntries(names.map((name, i) => [name, this.#counts[i] ?? 0])) };
  }

  begin(): void {
    this.#since = this.#nowNs();
  }

  end(inRegion: boolean): void {
    const spent = this.#nowNs() - this.#since;
    if (inRegion) this.#regions += spent;
    else this.#interpreter += spent;
  }

  /** Part of the present run is a compilation; gives what is to be called when it is done. */
  beginCompilation(): () => void {
    const from = this.#nowNs();
    return () => {
      const spent = this.#nowNs() - from;
      this.#compiler += spent;
      this.#since += spent;
      this.#longest = Math.max(this.#longest, spent);
      const found = BOUNDS_MS.findIndex((bound) => spent < bound * NS_PER_MS);
      const at = found < 0 ? BOUNDS_MS.length : found;
      this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    };
  }
}
