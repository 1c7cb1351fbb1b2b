// Blocks of one instruction by host address and mode: what regions leave to the interpreter stands at few places, which
// come again and again. TypeScript's way to them; the dispatch loop has the jump cache (`STEP_KEY`).

const ENTRIES = 512;

export class StepCache {
  /** Host address, mode and header. */
  readonly #entries = new Uint32Array(ENTRIES * 3);

  /** Header record, which may be stale, or 0. */
  find(host: number, mode: number): number {
    const at = entryOf(host);
    return this.#entries[at] === host && this.#entries[at + 1] === mode ? (this.#entries[at + 2] as number) : 0;
  }

  add(host: number, mode: number, header: number): void {
    const at = entryOf(host);
    this.#entries[at] = host;
    this.#entries[at + 1] = mode;
    this.#entries[at + 2] = header;
  }

  clear(): void {
    this.#entries.fill(0);
  }
}

/** Index of an entry's first word. */
const entryOf = (host: number): number => ((host ^ (host >>> 12)) & (ENTRIES - 1)) * 3;
