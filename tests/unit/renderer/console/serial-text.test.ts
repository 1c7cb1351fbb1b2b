// Serial output as plain text. Reference: ECMA-48, control functions.

import { describe, expect, it } from 'vitest';
import { SerialText } from '../../../../src-renderer/features/console/serial-text.ts';

function shown(...parts: (string | Uint8Array)[]): string {
  const serial = new SerialText();
  for (const part of parts) serial.write(typeof part === 'string' ? new TextEncoder().encode(part) : part);
  return serial.text;
}

describe('serial output as text', () => {
  it('keeps lines, whichever way they end', () => {
    expect(shown('one\r\ntwo\nthree')).toBe('one\ntwo\nthree');
  });

  it('overwrites after a carriage return and a backspace', () => {
    expect(shown('10 %\r20 %')).toBe('20 %');
    expect(shown('cat\b\bu')).toBe('cut');
  });

  it('erases as a shell does it: back, blank, back', () => {
    expect(shown('lss\b \b -l')).toBe('ls -l');
  });

  it('leaves out colours, cursor moves, titles and character sets', () => {
    expect(shown('\x1b[1;32mok\x1b[0m \x1b]0;title\x07done\x1b(B\x1b[6n!')).toBe('ok done!');
  });

  it('leaves out a sequence that comes in parts', () => {
    expect(shown('a\x1b', '[', '31', 'mb')).toBe('ab');
  });

  it('decodes characters that come in parts', () => {
    expect(shown(Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac))).toBe('€');
  });

  it('stops at tab stops', () => {
    expect(shown('ab\tc')).toBe('ab      c');
  });

  it('forgets the oldest lines of an endless output', () => {
    const serial = new SerialText();
    const block = new TextEncoder().encode('0123456789abcde\n'.repeat(1000));
    for (let count = 0; count < 100; count++) serial.write(block);
    serial.write(new TextEncoder().encode('last'));
    expect(serial.text.length).toBeLessThan(200_000);
    expect(serial.text.startsWith('0123456789abcde\n')).toBe(true);
    expect(serial.text.endsWith('\nlast')).toBe(true);
  });

  it('is bounded without line ends, too', () => {
    const serial = new SerialText();
    const block = new Uint8Array(65536).fill(0x78);
    for (let count = 0; count < 20; count++) serial.write(block);
    expect(serial.text.length).toBeLessThan(250_000);
  });
});
