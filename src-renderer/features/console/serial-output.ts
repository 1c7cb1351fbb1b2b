// What the serial port has said: bytes, kept up to a limit for terminals that open later. Not a terminal.

const LIMIT_BYTES = 512 * 1024;

export class SerialOutput {
  readonly #parts: Uint8Array[] = [];
  readonly #listeners = new Set<(bytes: Uint8Array) => void>();
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes > LIMIT_BYTES && this.#parts.length > 1) this.#bytes -= this.#parts.shift()?.length ?? 0;
    for (const listener of this.#listeners) listener(bytes);
  }

  /** What is kept comes at once, the rest as it arrives. Returns the function that stops listening. */
  listen(listener: (bytes: Uint8Array) => void): () => void {
    for (const bytes of this.#parts) listener(bytes);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
