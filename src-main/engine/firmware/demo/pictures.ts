// What the demo shows, worked out when it is built: its text screen, a sine table, palettes and the pointer.
// Reference: IBM VGA Technical Reference, attribute byte and DAC; code page 437.

const COLUMNS = 80;
const ROWS = 25;
/** Attribute bytes: background in the high digit. */
export const COLOUR = { plain: 0x07, bright: 0x0f, title: 0x1f, frame: 0x03, key: 0x0e, value: 0x0b, hint: 0x70 } as const;

/** Offset in text memory. */
export const cell = (row: number, column: number): number => 2 * (row * COLUMNS + column);

/** Where changing text stands, and how long it may be. */
export const PLACE = {
  clock: cell(0, 70),
  memory: cell(7, 19),
  processor: cell(8, 19),
  disc: cell(9, 19),
  mouse: cell(10, 19),
  typed: cell(19, 15),
  bar: cell(22, 4),
} as const;
export const TYPED_CELLS = 60;
export const BAR_CELLS = 72;

/** Characters and attributes of the text screen. */
export function textScreen(): Uint8Array {
  const screen = new Uint8Array(COLUMNS * ROWS * 2);
  for (let at = 0; at < screen.length; at += 2) screen.set([0x20, COLOUR.plain], at);
  const put = (row: number, column: number, text: string, colour: number): void =>
    [...text].forEach((character, index) => screen.set([character.charCodeAt(0), colour], cell(row, column + index)));
  put(0, 0, ' Boxwright demo machine'.padEnd(COLUMNS), COLOUR.title);
  put(2, 4, 'A PC in a window: its processor, its chips and its screen are emulated.', COLOUR.bright);
  put(3, 4, 'This program is its whole system. The BIOS started it from a CD image.', COLOUR.plain);
  box(put, { row: 6, height: 6, title: 'This machine' });
  ['Memory', 'Processor', 'CD', 'Mouse'].forEach((name, index) => put(7 + index, 6, name, COLOUR.plain));
  box(put, { row: 13, height: 5, title: 'Try this' });
  const keys = [['F1', 'Colours: 256 of them, moved by the mouse'], ['F2', 'Paint with the mouse'], ['F10', 'Power off; the power button does it as well']];
  keys.forEach(([key = '', text = ''], index) => {
    put(14 + index, 6, key, COLOUR.key);
    put(14 + index, 12, text, COLOUR.plain);
  });
  put(19, 4, 'Type here:', COLOUR.bright);
  put(24, 0, ' Another CD may be put in at any time: its name appears above.'.padEnd(COLUMNS), COLOUR.hint);
  return screen;
}

type Put = (row: number, column: number, text: string, colour: number) => void;

function box(put: Put, { row, height, title }: { readonly row: number; readonly height: number; readonly title: string }): void {
  const [left, width] = [4, 72];
  const line = '\u00c4'.repeat(width - 2);
  put(row, left, `\u00da${line}\u00bf`, COLOUR.frame);
  for (let inside = 1; inside < height - 1; inside++) {
    put(row + inside, left, '\u00b3', COLOUR.frame);
    put(row + inside, left + width - 1, '\u00b3', COLOUR.frame);
  }
  put(row + height - 1, left, `\u00c0${line}\u00d9`, COLOUR.frame);
  put(row, left + 2, ` ${title} `, COLOUR.bright);
}

/** One period in 256 steps, from 0 to 84: three of them add up to a colour. */
export function sineTable(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, index) => Math.round(42 + 42 * Math.sin((index * Math.PI) / 128)));
}

/** Colours of the DAC, 6 bits each, that come back to where they began; the first is the background, the last two are the pointer's. */
export function palette(shift: number): Uint8Array {
  const level = (index: number, phase: number): number => Math.round(31.5 + 31.5 * Math.cos(((index + phase) * Math.PI) / 128));
  const colours = Array.from({ length: 256 }, (_, index) => [level(index, shift), level(2 * index, shift + 40), level(index, shift + 150)]);
  return Uint8Array.from([[0, 0, 0], ...colours.slice(1, 254), [0, 0, 0], [63, 63, 63]].flat());
}
export const BLACK = 254;
export const WHITE = 255;

/** An arrow with an edge (#) and a body (o). */
const POINTER = [
  '#           ', '##          ', '#o#         ', '#oo#        ', '#ooo#       ', '#oooo#      ',
  '#ooooo#     ', '#oooooo#    ', '#ooo####    ', '#o#oo#      ', '## #oo#     ', '    ###     ',
];
export const POINTER_SIZE = POINTER.length;

/** Its dots, row by row: 0 nothing, else a colour. */
export function pointer(): Uint8Array {
  return Uint8Array.from([...POINTER.join('')].map((dot) => (dot === '#' ? BLACK : dot === 'o' ? WHITE : 0)));
}
