// A font in which every character is the same bar: lines break and buttons end in the same place whatever fonts a system
// has, and one time of day looks like another. Reference: OpenType 1.9.1, the chapters of the tables named here.

const UNITS_PER_EM = 1000;
const ASCENT = 930;
const DESCENT = 240;
const BAR_HEIGHT = 540;
const BAR_GAP = 60;
/** Glyph 0 stands for characters that a font lacks; this one lacks none. */
const [BAR, BLANK] = [1, 2];
const SPACES = [0x20, 0xa0, 0x2009, 0x202f];
const LAST_CHARACTER = 0x10ffff;

/** A TrueType file; `advance` is the width of a character in thousandths of the font's size. */
export function barFont(advance: number): Buffer {
  const bar = barGlyph(advance);
  return fontFile({
    'OS/2': u16(4, advance, 400, 5, ...zeros(26), 0x40, 0x20, 0xffff, ASCENT, -DESCENT, 0, ASCENT, DESCENT, ...zeros(4), BAR_HEIGHT, BAR_HEIGHT, 0, 0x20, 1),
    cmap: characterMap(),
    glyf: bar,
    head: u16(1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, UNITS_PER_EM, ...zeros(8), 0, 0, advance, BAR_HEIGHT, 0, 6, 2, 0, 0),
    hhea: u16(1, 0, ASCENT, -DESCENT, 0, advance, 0, 0, advance, 1, ...zeros(7), 3),
    hmtx: u16(advance, 0, advance, BAR_GAP / 2, advance, 0),
    loca: u16(0, 0, bar.length / 2, bar.length / 2),
    maxp: u16(1, 0, 3, 4, 1, 0, 0, 1, ...zeros(8)),
    name: u16(0, 0, 6),
    post: u16(3, 0, 0, 0, -100, 50, 0, 1, ...zeros(8)),
  });
}

/** One contour of four corners: its box, its last point, no instructions; flags, steps in x, steps in y. */
function barGlyph(advance: number): Buffer {
  const [left, right] = [BAR_GAP / 2, advance - BAR_GAP / 2];
  return Buffer.concat([
    u16(1, left, 0, right, BAR_HEIGHT, 3, 0),
    Buffer.of(1, 1, 1, 1),
    u16(left, 0, right - left, 0),
    u16(0, BAR_HEIGHT, 0, -BAR_HEIGHT),
  ]);
}

/** Format 13: ranges of characters with the one glyph of each. */
function characterMap(): Buffer {
  const groups: number[][] = [];
  let next = SPACES[0]!;
  for (const space of SPACES) {
    if (space > next) groups.push([next, space - 1, BAR]);
    groups.push([space, space, BLANK]);
    next = space + 1;
  }
  groups.push([next, LAST_CHARACTER, BAR]);
  const header = [16 + groups.length * 12, 0, groups.length];
  return Buffer.concat([u16(0, 1, 3, 10, 0, 12, 13, 0), u32(...header), ...groups.map((group) => u32(...group))]);
}

/** Without checksums, which browsers do not read. */
function fontFile(tables: Readonly<Record<string, Buffer>>): Buffer {
  const named = Object.entries(tables);
  const directory: Buffer[] = [u16(1, 0, named.length, 128, 3, named.length * 16 - 128)];
  let at = 12 + named.length * 16;
  for (const [name, table] of named) {
    directory.push(Buffer.from(name.padEnd(4)), u32(0, at, table.length));
    at += padded(table).length;
  }
  return Buffer.concat([...directory, ...named.map(([, table]) => padded(table))]);
}

function padded(table: Buffer): Buffer {
  return Buffer.concat([table, Buffer.alloc(-table.length & 3)]);
}

function zeros(count: number): number[] {
  return Array<number>(count).fill(0);
}

function u16(...numbers: number[]): Buffer {
  return Buffer.from(numbers.flatMap((number) => [(number >> 8) & 0xff, number & 0xff]));
}

function u32(...numbers: number[]): Buffer {
  return Buffer.from(numbers.flatMap((number) => [number >>> 24, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff]));
}
