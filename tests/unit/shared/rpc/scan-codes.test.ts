// Scan code set 1, spot-checked against the IBM tables, and its shape as a whole.

import { describe, expect, it } from 'vitest';
import { SCAN_CODES, scanCodes } from '../../../../shared/rpc/scan-codes.table.ts';

describe('scan codes', () => {
  it.each([
    ['KeyA', true, [0x1e]],
    ['KeyA', false, [0x9e]],
    ['Enter', true, [0x1c]],
    ['NumpadEnter', true, [0xe0, 0x1c]],
    ['ArrowUp', false, [0xe0, 0xc8]],
    ['Delete', true, [0xe0, 0x53]],
    ['F12', false, [0xd8]],
    ['Pause', true, [0xe1, 0x1d, 0x45]],
    ['Pause', false, [0xe1, 0x9d, 0xc5]],
    ['toString', true, []],
    ['Fn', true, []],
  ])('%s pressed %s', (code, pressed, bytes) => {
    expect([...scanCodes(code, pressed)]).toEqual(bytes);
  });

  it('are one to a key', () => {
    const codes = Object.values(SCAN_CODES);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code & 0x80).toBe(0);
  });
});
