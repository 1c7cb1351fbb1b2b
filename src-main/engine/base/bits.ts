// Bit-level helpers for registers: byte lanes, packed BCD. Values are unsigned 32-bit JavaScript numbers.

/** All ones in 1, 2 or 4 bytes: what an undriven bus reads. */
export function allOnes(width: 1 | 2 | 4): number {
  return width === 1 ? 0xff : width === 2 ? 0xffff : 0xffff_ffff;
}

/** Byte lane `index` (0 = least significant) of a 32-bit value. */
export function byteLane(value: number, index: number): number {
  return (value >>> ((index & 3) * 8)) & 0xff;
}

/** The bits of `value` that `mask` selects, the others from `old`. */
export function merge(old: number, value: number, mask: number): number {
  return ((old & ~mask) | (value & mask)) >>> 0;
}

/** `length` bytes of a 32-bit register starting at byte `offset`, as a narrow read sees them. */
export function extractBytes(register: number, offset: number, width: 1 | 2 | 4): number {
  return ((register >>> ((offset & 3) * 8)) & allOnes(width)) >>> 0;
}

/** A 32-bit register after a narrow write of `width` bytes at byte `offset`. */
export function insertBytes(register: number, offset: number, width: 1 | 2 | 4, value: number): number {
  const shift = (offset & 3) * 8;
  return merge(register, value << shift, allOnes(width) << shift);
}

/** 0 to 99 as packed BCD. */
export function toBcd(value: number): number {
  return ((Math.floor(value / 10) % 10) << 4) | (value % 10);
}

/** Packed BCD to binary; digits above 9 count as such, as adders in hardware do. */
export function fromBcd(value: number): number {
  return ((value >>> 4) & 15) * 10 + (value & 15);
}
