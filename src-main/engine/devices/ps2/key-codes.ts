// The bytes a keyboard sends for a key going down or up, in each scan code set. Keys are named by their
// set 1 make code (`scan-codes.table.ts`). Reference: as there.

import { SET1_TO_SET2, SET3_MAKE } from './scan-codes.table.ts';

export const PAUSE_KEY = 0xe11d;
const PRINT_SCREEN = 0xe037;

/** Empty for keys that a keyboard doesn't have. */
export function keyBytes(key: number, down: boolean, set: number): readonly number[] {
  if (set === 3) return set3(key, down);
  if (key === PAUSE_KEY) return down ? pause(set) : [];
  const extended = key >>> 8 === 0xe0;
  if (key > 0xff && !extended) return [];
  const make1 = key & 0x7f;
  if (set === 1) {
    const code = down ? make1 : make1 | 0x80;
    if (key === PRINT_SCREEN) return down ? [0xe0, 0x2a, 0xe0, 0x37] : [0xe0, 0xb7, 0xe0, 0xaa];
    return extended ? [0xe0, code] : [code];
  }
  if (key === PRINT_SCREEN) return down ? [0xe0, 0x12, 0xe0, 0x7c] : [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12];
  const make2 = SET1_TO_SET2[make1]!;
  if (make2 === 0) return [];
  const code = down ? [make2] : [0xf0, make2];
  return extended ? [0xe0, ...code] : code;
}

/** Pause sends make and break at once and repeats nothing. */
function pause(set: number): readonly number[] {
  return set === 1 ? [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5] : [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];
}

function set3(key: number, down: boolean): readonly number[] {
  const make = SET3_MAKE.get(key) ?? (key <= 0x7f ? SET1_TO_SET2[key]! : 0);
  if (make === 0) return [];
  return down ? [make] : [0xf0, make];
}
