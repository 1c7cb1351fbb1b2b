// Bytes on their way out of the machine, collected so that they leave in handfuls and not one by one.

const INITIAL_BYTES = 256;

export class OutputBuffer {
  readonly #onFirst: () => void;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** `onFirst` hears of the first byte after a `take`. */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
  }

  push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
    if (this.#length === 1) this.#onFirst();
  }

  /** Everything since the last call, as a copy; undefined when that is nothing. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }
}
