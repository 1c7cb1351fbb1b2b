// Sizes as they are typed and shown.

import { describe, expect, it } from 'vitest';
import { formatBytes, GIB, MIB, parseMemoryMiB } from '../../../../shared/units/bytes.ts';

describe('memory sizes', () => {
  it.each([
    ['256', 256],
    ['256M', 256],
    ['2G', 2048],
    ['1.5g', 1536],
    ['1024k', 1],
    [' 64 ', 64],
    ['64MiB', 64],
  ])('%j is %d MiB', (text, mib) => expect(parseMemoryMiB(text)).toBe(mib));

  it.each(['', '0', '-1', '1.3M', '12Q', '1e3', 'G', '99999999999'])('%j is none', (text) =>
    expect(parseMemoryMiB(text)).toBeUndefined(),
  );

  it('are shown in the largest unit that fits', () => {
    expect([0, 1023, 1536, 512 * MIB, 3 * GIB].map(formatBytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.5 KiB',
      '512 MiB',
      '3 GiB',
    ]);
  });
});
