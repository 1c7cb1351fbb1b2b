// Writes little-endian structures of firmware tables into a growing buffer.

export class ByteBuilder {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#integer(value, 1);
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) this.#integer(value, 2);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#integer(value, 4);
    return this;
  }

  /** A number below 2^53 as 64 bits. */
  u64(...values: number[]): this {
    for (const value of values) this.u32(value % 2 ** 32, Math.floor(value / 2 ** 32));
    return this;
  }

  bytes(values: Uint8Array): this {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
    return this;
  }

  /** Latin-1 text, padded with `pad` or cut to `length` where one is given. */
  text(text: string, length = text.length, pad = 0): this {
    for (let i = 0; i < length; i++) this.u8(i < text.length ? text.charCodeAt(i) : pad);
    return this;
  }

  /** Zero bytes up to the next multiple of `unit`. */
  align(unit: number): this {
    while (this.#length % unit !== 0) this.u8(0);
    return this;
  }

  zeros(count: number): this {
    this.#reserve(count);
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
    return this;
  }

  /** Overwrites a 32-bit field written before. */
  patch32(offset: number, value: number): this {
    for (let i = 0; i < 4; i++) this.#bytes[offset + i] = (value >>> (8 * i)) & 0xff;
    return this;
  }

  /** Overwrites byte `offset` so that the bytes from `from` to `to` sum to zero modulo 256. */
  checksum(offset: number, from = 0, to = this.#length): this {
    this.#bytes[offset] = 0;
    this.#bytes[offset] = (256 - byteSum(this.#bytes.subarray(from, to))) & 0xff;
    return this;
  }

  build(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #integer(value: number, bytes: number): void {
    this.#reserve(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[this.#length + i] = (value >>> (8 * i)) & 0xff;
    this.#length += bytes;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Sum of all bytes modulo 256; 0 for a table with a correct checksum. */
export function byteSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return sum;
}
