// UTF-8, against the platform's own.

import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../../src-main/engine/base/utf8.ts';

describe('UTF-8', () => {
  it.each(['', 'plain', 'grüße', '€ 漢字', '😀 \u{10ffff}', '\0\x7f\x80\u07ff\u0800\uffff'])(
    'keeps %j',
    (text) => {
      expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)]);
      expect(fromUtf8(utf8(text))).toBe(text);
    },
  );

  it.each([
    [[0x80]],
    [[0xc0, 0x80]],
    [[0xed, 0xa0, 0x80]],
    [[0xf4, 0x90, 0x80, 0x80]],
    [[0xe2, 0x82]],
    [[0xff, 0x41]],
  ])('marks what is none: %j', (bytes) => {
    expect(fromUtf8(Uint8Array.from(bytes))).toMatch(/^\ufffd+A?$/);
  });
});
