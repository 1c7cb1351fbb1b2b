// UUIDs as text and bytes.

import { describe, expect, it } from 'vitest';
import { isUuid, littleEndianUuid, parseUuid } from '../../../../shared/units/uuid.ts';

describe('a UUID', () => {
  it('is read in the order of its text, and swapped for SMBIOS', () => {
    // The example of DSP0134 3.1, 7.2.1.
    const uuid = parseUuid('00112233-4455-6677-8899-AABBCCDDEEFF');
    expect([...uuid]).toEqual([0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
    expect([...littleEndianUuid(uuid)].slice(0, 8)).toEqual([0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66]);
  });

  it.each(['', '00112233445566778899aabbccddeeff', '00112233-4455-6677-8899-aabbccddeefg', '{00112233-4455-6677-8899-aabbccddeeff}'])(
    'is not %j',
    (text) => {
      expect(isUuid(text)).toBe(false);
      expect(() => parseUuid(text)).toThrow(RangeError);
    },
  );
});
