// A growing byte buffer with the variable-length encodings of the WebAssembly binary format. Writes go into one
// preallocated array: a module of a region is made in microseconds, without intermediate arrays.
// Reference: WebAssembly core specification 2.0, section 5.2 (values).

const FLOAT_BITS = new DataView(new ArrayBuffer(8));

export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for so many further bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of up to 32 bits; a negative number counts as its unsigned 32-bit pattern. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of a 64-bit integer given as halves. */
  s64(low: number, high: number): void {
    let lower = low | 0;
    let upper = high | 0;
    while (upper !== lower >> 31 || lower < -64 || lower > 63) {
      this.byte((lower & 0x7f) | 0x80);
      lower = (lower >>> 7) | (upper << 25);
      upper >>= 7;
    }
    this.byte(lower & 0x7f);
  }

  /** 32 bits, little-endian. */
  fixed32(value: number): void {
    this.reserve(4);
    this.bytes[this.length++] = value;
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value >>> 16;
    this.bytes[this.length++] = value >>> 24;
  }

  f32(value: number): void {
    FLOAT_BITS.setFloat32(0, value, true);
    this.fixed32(FLOAT_BITS.getInt32(0, true));
  }

  f64(value: number): void {
    FLOAT_BITS.setFloat64(0, value, true);
    this.fixed32(FLOAT_BITS.getInt32(0, true));
    this.fixed32(FLOAT_BITS.getInt32(4, true));
  }

  /** Part of another writer's bytes. */
  append(source: Uint8Array, from: number, to: number): void {
    this.reserve(to - from);
    this.bytes.set(source.subarray(from, to), this.length);
    this.length += to - from;
  }

  /** A length-prefixed UTF-8 name. */
  name(text: string): void {
    const start = this.length;
    for (const character of text) this.utf8(character.codePointAt(0) ?? 0);
    const encoded = this.bytes.slice(start, this.length);
    this.length = start;
    this.u32(encoded.length);
    this.append(encoded, 0, encoded.length);
  }

  private utf8(point: number): void {
    if (point < 0x80) {
      this.byte(point);
    } else if (point < 0x800) {
      this.byte(0xc0 | (point >> 6));
      this.byte(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      this.byte(0xe0 | (point >> 12));
      this.byte(0x80 | ((point >> 6) & 0x3f));
      this.byte(0x80 | (point & 0x3f));
    } else {
      this.byte(0xf0 | (point >> 18));
      this.byte(0x80 | ((point >> 12) & 0x3f));
      this.byte(0x80 | ((point >> 6) & 0x3f));
      this.byte(0x80 | (point & 0x3f));
    }
  }

  /** A copy of what has been written. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
