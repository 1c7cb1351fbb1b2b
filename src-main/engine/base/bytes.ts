// Access to byte arrays in either order without a DataView per buffer; plain names are little-endian. Offsets out of range read zero and
// write nothing, as typed arrays do; callers check lengths of untrusted data first.

export function readU16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset) | (readU16(bytes, offset + 2) << 16)) >>> 0;
}

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value);
  writeU16(bytes, offset + 2, value >>> 16);
}

/** Exact below 2^53; above, rounded: check ranges before use. */
export function readU64(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset) + readU32(bytes, offset + 4) * 0x1_0000_0000;
}

export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, value >>> 0);
  writeU32(bytes, offset + 4, Math.floor(value / 0x1_0000_0000));
}

export function readU16be(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

export function readU32be(bytes: Uint8Array, offset: number): number {
  return ((readU16be(bytes, offset) << 16) | readU16be(bytes, offset + 2)) >>> 0;
}

/** Exact below 2^53; above, rounded: check ranges before use. */
export function readU64be(bytes: Uint8Array, offset: number): number {
  return readU32be(bytes, offset) * 0x1_0000_0000 + readU32be(bytes, offset + 4);
}

export function writeU16be(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeU32be(bytes: Uint8Array, offset: number, value: number): void {
  writeU16be(bytes, offset, value >>> 16);
  writeU16be(bytes, offset + 2, value);
}

export function writeU64be(bytes: Uint8Array, offset: number, value: number): void {
  writeU32be(bytes, offset, Math.floor(value / 0x1_0000_0000));
  writeU32be(bytes, offset + 4, value >>> 0);
}

/** `bytes` begins at a multiple of four in its buffer, and is as long. */
export function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}
