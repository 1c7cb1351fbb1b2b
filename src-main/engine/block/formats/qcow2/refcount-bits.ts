// Reference counts of 1 to 64 bits in a refcount block.
// Reference: QEMU, docs/interop/qcow2.rst, "Refcount block".

import { readU16be, readU32be, readU64be, writeU16be, writeU32be, writeU64be } from '../../../base/bytes.ts';

/** `order`: the count has 2^order bits. */
export function getRefcount(block: Uint8Array, order: number, index: number): number {
  switch (order) {
    case 3:
      return block[index] ?? 0;
    case 4:
      return readU16be(block, index * 2);
    case 5:
      return readU32be(block, index * 4);
    case 6:
      return readU64be(block, index * 8);
    default: {
      const bits = 1 << order;
      const place = index << order;
      return ((block[place >> 3] ?? 0) >> (place & 7)) & ((1 << bits) - 1);
    }
  }
}

export function setRefcount(block: Uint8Array, order: number, index: number, value: number): void {
  switch (order) {
    case 3:
      block[index] = value;
      return;
    case 4:
      writeU16be(block, index * 2, value);
      return;
    case 5:
      writeU32be(block, index * 4, value);
      return;
    case 6:
      writeU64be(block, index * 8, value);
      return;
    default: {
      const mask = (1 << (1 << order)) - 1;
      const place = index << order;
      const shift = place & 7;
      block[place >> 3] = ((block[place >> 3] ?? 0) & ~(mask << shift)) | (value << shift);
    }
  }
}
