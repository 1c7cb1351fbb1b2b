// A growing byte buffer with the variable-length encodings of the WebAssembly binary format. Writes go into one
// preallocated array: a module of a region is made in microseconds, without intermediate arrays.
// Reference: WebAssembly core specification 2.0, section 5.2 (values).

const FLOAT_BITS = new DataView(new ArrayBuffer(8));

const NOTHING = new Uint8Array(0);
/** A copy of so few bytes is made faster one by one. */
const MAX_SINGLE_BYTES = 64;

export class ByteWriter {
  /** Those from `length` on mean nothing. Made when something is written: most sections of most modules are empty. */
  bytes: Uint8Array = NOTHING;
  length = 0;
  private readonly capacity: number;

  constructor(capacity = 256) {
    this.capacity = capacity;
  }

  /** Makes room for so many further bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, this.capacity));
    if (this.length > 0) grown.set(this.bytes.subarray(0, this.length));
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
    const { bytes } = this;
    if (to - from > MAX_SINGLE_BYTES) bytes.set(source.subarray(from, to), this.length);
    else for (let at = from, place = this.length; at < to; at++) bytes[place++] = source[at] as number;
    this.length += to - from;
  }

  /** A length-prefixed UTF-8 name. */
  name(text: string): void {
    const start = this.length;
    // Room for the length of what is short.
    this.byte(0);
    for (let at = 0; at < text.length; at++) {
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) at++;
      this.utf8(point);
    }
    const length = this.length - start - 1;
    if (length < 0x80) {
      this.bytes[start] = length;
      return;
    }
    const encoded = this.bytes.slice(start + 1, this.length);
    this.length = start;
    this.u32(length);
    this.append(encoded, 0, length);
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
