// Text as the keys of a US keyboard, for typing into guests: works in a BIOS and an installer as well.
// Reference: ANSI-INCITS 154-1988 keyboard arrangement; names as in W3C UI Events KeyboardEvent code values.

import { scanCodes } from './scan-codes.table.ts';

const DIGITS = ')!@#$%^&*(';
/** Key, its plain character, its shifted one. */
const MARKS: readonly (readonly [string, string, string])[] = [
  ['Backquote', '`', '~'], ['Minus', '-', '_'], ['Equal', '=', '+'], ['BracketLeft', '[', '{'],
  ['BracketRight', ']', '}'], ['Backslash', '\\', '|'], ['Semicolon', ';', ':'], ['Quote', "'", '"'],
  ['Comma', ',', '<'], ['Period', '.', '>'], ['Slash', '/', '?'],
];

interface Key {
  readonly code: string;
  readonly shift: boolean;
}

const KEYS = new Map<string, Key>([
  [' ', { code: 'Space', shift: false }],
  ['\n', { code: 'Enter', shift: false }],
  ['\t', { code: 'Tab', shift: false }],
  ['\b', { code: 'Backspace', shift: false }],
  ['\u001b', { code: 'Escape', shift: false }],
  ...MARKS.flatMap(([code, plain, shifted]): [string, Key][] => [
    [plain, { code, shift: false }],
    [shifted, { code, shift: true }],
  ]),
  ...[...DIGITS].flatMap((shifted, digit): [string, Key][] => [
    [String(digit), { code: `Digit${digit}`, shift: false }],
    [shifted, { code: `Digit${digit}`, shift: true }],
  ]),
  ...Array.from({ length: 26 }, (_, index) => String.fromCharCode(0x41 + index)).flatMap((letter): [string, Key][] => [
    [letter.toLowerCase(), { code: `Key${letter}`, shift: false }],
    [letter, { code: `Key${letter}`, shift: true }],
  ]),
]);

/** Scan codes of set 1 that type the text, or the first character that no key has. "\r\n" counts as "\n". */
export function typedScanCodes(text: string): number[] | { readonly untypable: string } {
  const bytes: number[] = [];
  for (const character of text.replaceAll('\r\n', '\n')) {
    const key = KEYS.get(character);
    if (key === undefined) return { untypable: character };
    if (key.shift) bytes.push(...scanCodes('ShiftLeft', true));
    bytes.push(...scanCodes(key.code, true), ...scanCodes(key.code, false));
    if (key.shift) bytes.push(...scanCodes('ShiftLeft', false));
  }
  return bytes;
}

/** The characters that no key has, each once. */
export function untypableIn(text: string): string {
  return [...new Set(text.replaceAll('\r\n', '\n'))].filter((character) => !KEYS.has(character)).join('');
}

/** All keys down in order and up in reverse, or the first name that is no key. */
export function chordScanCodes(keys: readonly string[]): number[] | { readonly untypable: string } {
  const bytes: number[] = [];
  for (const key of keys) {
    const make = scanCodes(key, true);
    if (make.length === 0) return { untypable: key };
    bytes.push(...make);
  }
  for (const key of [...keys].reverse()) bytes.push(...scanCodes(key, false));
  return bytes;
}
