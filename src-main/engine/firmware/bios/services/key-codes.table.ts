// What each key means to INT 16h: scan code and character in the four shift states, for the US keyboard.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, section 4, "Keyboard", tables of extended codes.

/** Words (scan code high, character low); 0: nothing. */
export interface KeyMeaning {
  readonly plain: number;
  readonly shift: number;
  readonly control: number;
  readonly alternate: number;
  /** Caps lock acts as shift. */
  readonly letter?: boolean;
}

const key = (plain: number, shift: number, control: number, alternate: number, letter = false): KeyMeaning =>
  ({ plain, shift, control, alternate, letter });

/** A key with characters: control and alternate give their own words. */
const character = (scan: number, plain: string, shifted: string, control: number, alternate: number): KeyMeaning =>
  key((scan << 8) | plain.charCodeAt(0), (scan << 8) | shifted.charCodeAt(0), control, alternate);

const letter = (scan: number, lower: string): KeyMeaning => {
  const code = lower.charCodeAt(0);
  return key((scan << 8) | code, (scan << 8) | (code - 0x20), (scan << 8) | (code - 0x60), scan << 8, true);
};

const functionKey = (n: number): KeyMeaning => key((0x3a + n) << 8, (0x53 + n) << 8, (0x5d + n) << 8, (0x67 + n) << 8);

const letters = (first: number, row: string): [number, KeyMeaning][] => [...row].map((one, at) => [first + at, letter(first + at, one)]);

/** By scan code of set 1. */
export const KEYS: ReadonlyMap<number, KeyMeaning> = new Map<number, KeyMeaning>([
  [0x01, key(0x011b, 0x011b, 0x011b, 0x0100)],
  ...[...'1234567890'].map((digit, at): [number, KeyMeaning] => [
    0x02 + at, character(0x02 + at, digit, '!@#$%^&*()'[at]!, digit === '2' ? 0x0300 : digit === '6' ? 0x071e : 0, (0x78 + at) << 8),
  ]),
  [0x0c, character(0x0c, '-', '_', 0x0c1f, 0x8200)],
  [0x0d, character(0x0d, '=', '+', 0, 0x8300)],
  [0x0e, key(0x0e08, 0x0e08, 0x0e7f, 0x0e00)],
  [0x0f, key(0x0f09, 0x0f00, 0x9400, 0xa500)],
  ...letters(0x10, 'qwertyuiop'),
  [0x1a, character(0x1a, '[', '{', 0x1a1b, 0x1a00)],
  [0x1b, character(0x1b, ']', '}', 0x1b1d, 0x1b00)],
  [0x1c, key(0x1c0d, 0x1c0d, 0x1c0a, 0x1c00)],
  ...letters(0x1e, 'asdfghjkl'),
  [0x27, character(0x27, ';', ':', 0, 0x2700)],
  [0x28, character(0x28, "'", '"', 0, 0x2800)],
  [0x29, character(0x29, '`', '~', 0, 0x2900)],
  [0x2b, character(0x2b, '\\', '|', 0x2b1c, 0x2b00)],
  ...letters(0x2c, 'zxcvbnm'),
  [0x33, character(0x33, ',', '<', 0, 0x3300)],
  [0x34, character(0x34, '.', '>', 0, 0x3400)],
  [0x35, character(0x35, '/', '?', 0, 0x3500)],
  [0x37, key(0x372a, 0x372a, 0x9600, 0x3700)],
  [0x39, key(0x3920, 0x3920, 0x3920, 0x3920)],
  ...Array.from({ length: 10 }, (_, at): [number, KeyMeaning] => [0x3b + at, functionKey(1 + at)]),
  [0x47, key(0x4700, 0x4737, 0x7700, 0)],
  [0x48, key(0x4800, 0x4838, 0x8d00, 0)],
  [0x49, key(0x4900, 0x4939, 0x8400, 0)],
  [0x4a, key(0x4a2d, 0x4a2d, 0x8e00, 0x4a00)],
  [0x4b, key(0x4b00, 0x4b34, 0x7300, 0)],
  [0x4c, key(0x4c00, 0x4c35, 0x8f00, 0)],
  [0x4d, key(0x4d00, 0x4d36, 0x7400, 0)],
  [0x4e, key(0x4e2b, 0x4e2b, 0x9000, 0x4e00)],
  [0x4f, key(0x4f00, 0x4f31, 0x7500, 0)],
  [0x50, key(0x5000, 0x5032, 0x9100, 0)],
  [0x51, key(0x5100, 0x5133, 0x7600, 0)],
  [0x52, key(0x5200, 0x5230, 0x9200, 0)],
  [0x53, key(0x5300, 0x532e, 0x9300, 0)],
  [0x56, character(0x56, '\\', '|', 0, 0)],
  [0x57, key(0x8500, 0x8700, 0x8900, 0x8b00)],
  [0x58, key(0x8600, 0x8800, 0x8a00, 0x8c00)],
]);

/** Keys after E0h: the grey ones of the 101-key keyboard. Their plain words have E0h as character. */
export const GREY_KEYS: ReadonlyMap<number, KeyMeaning> = new Map<number, KeyMeaning>([
  [0x1c, key(0xe00d, 0xe00d, 0xe00a, 0xa600)],
  [0x35, key(0xe02f, 0xe02f, 0x9500, 0xa400)],
  ...([[0x47, 0x77, 0x97], [0x48, 0x8d, 0x98], [0x49, 0x84, 0x99], [0x4b, 0x73, 0x9b], [0x4d, 0x74, 0x9d], [0x4f, 0x75, 0x9f],
    [0x50, 0x91, 0xa0], [0x51, 0x76, 0xa1], [0x52, 0x92, 0xa2], [0x53, 0x93, 0xa3]] as const).map(([scan, control, alternate]): [number, KeyMeaning] => [
    scan, key((scan << 8) | 0xe0, (scan << 8) | 0xe0, (control << 8) | 0xe0, alternate << 8),
  ]),
]);
