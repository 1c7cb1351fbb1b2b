// Little-endian reader and writer of snapshot sections. The reader never trusts its input: running past the
// end is a `StateError`, and nothing is allocated by a length found in the data.

export type StateErrorCode = 'unknown-version' | 'truncated' | 'trailing-bytes' | 'bad-value';

/** A snapshot section that can't be restored. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;
  readonly section: string;

  constructor(code: StateErrorCode, section: string, message: string) {
    super(`${section}: ${message}`);
    this.code = code;
    this.section = section;
  }
}

export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  u8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigUint64(at, value, true);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    this.view.setFloat64(at, value, true);
  }

  raw(from: Uint8Array): void {
    const at = this.reserve(from.length);
    this.bytes.set(from, at);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Call this before touching `bytes` or `view`: growing replaces both. */
  private reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}

export class ByteReader {
  readonly section: string;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(section: string, bytes: Uint8Array) {
    this.section = section;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  raw(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.slice(at, at + count);
  }

  fail(message: string): never {
    throw new StateError('bad-value', this.section, message);
  }

  /** Everything must have been consumed: a longer section is of another shape. */
  end(): void {
    if (this.at !== this.bytes.length) {
      throw new StateError('trailing-bytes', this.section, `${this.bytes.length - this.at} bytes too many`);
    }
  }

  private take(count: number): number {
    const at = this.at;
    if (at + count > this.bytes.length)
      throw new StateError('truncated', this.section, 'section is cut short');
    this.at = at + count;
    return at;
  }
}
