// Sizes as qemu-img(1) describes them.

import { describe, expect, it } from 'vitest';
import { formatSize, parseSize, requireSize } from '../../../../src-main/cli/img/size.ts';

describe('a size', () => {
  it('is bytes, or has a suffix of either case', () => {
    expect(parseSize('512')).toBe(512);
    expect(parseSize('1b')).toBe(1);
    expect(parseSize('4k')).toBe(4096);
    expect(parseSize('3G')).toBe(3 * 2 ** 30);
    expect(parseSize('2t')).toBe(2 * 2 ** 40);
    expect(parseSize('1P')).toBe(2 ** 50);
  });

  it('may have a fraction with a suffix, and be hexadecimal without', () => {
    expect(parseSize('1.5G')).toBe(1.5 * 2 ** 30);
    expect(parseSize('0x10000')).toBe(65536);
    expect(parseSize('1.5')).toBeUndefined();
  });

  it('is refused with the way out when it is none, or larger than can be counted', () => {
    for (const text of ['', 'x', '5x', '-1', '1 G', '8E', 'G', '0x', '1e3'])
      expect(parseSize(text), text).toBeUndefined();
    expect(() => requireSize('5x', 'image size')).toThrow(
      'Invalid image size specified: “5x”. You may use k, M, G',
    );
  });

  it('is shown with three digits in the unit that keeps it below a thousand', () => {
    expect(formatSize(0)).toBe('0 B');
    expect(formatSize(999)).toBe('999 B');
    expect(formatSize(1000)).toBe('0.977 KiB');
    expect(formatSize(200704)).toBe('196 KiB');
    expect(formatSize(2 ** 30)).toBe('1 GiB');
    expect(formatSize(1.5 * 2 ** 30)).toBe('1.5 GiB');
  });
});
