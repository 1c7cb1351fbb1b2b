// Makes the glyph tables of the VGA's ROM fonts from two fonts in X11's PCF format. Run by hand, not by the build:
//   node assets/fonts/make-vga-fonts.ts 8x16.pcf 8x14.pcf > src-main/engine/devices/vga/rom-fonts.table.ts
// Reference: the tables of the PCF format (accelerators, metrics, bitmaps, encodings); `PROVENANCE.md` beside this.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CODE_PAGE_437 } from '../../src-main/engine/display/code-page-437.ts';

const METRICS = 1 << 2;
const BITMAPS = 1 << 3;
const ENCODINGS = 1 << 5;
const COMPRESSED_METRICS = 0x100;
const NO_GLYPH = 0xffff;

interface Font {
  readonly height: number;
  /** Rows of a character, or undefined when the font lacks it. */
  glyph(character: string): number[] | undefined;
}

interface Table {
  readonly format: number;
  readonly at: number;
}

function readPcf(path: string): Font {
  const file = readFileSync(path);
  const bytes = file[0] === 0x1f ? gunzipSync(file) : file;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<number, Table>();
  for (let i = 0; i < data.getUint32(4, true); i++) {
    const at = 8 + i * 16;
    tables.set(data.getUint32(at, true), {
      format: data.getUint32(at + 4, true),
      at: data.getUint32(at + 12, true),
    });
  }
  const metrics = tables.get(METRICS)!;
  const bitmaps = tables.get(BITMAPS)!;
  const encodings = tables.get(ENCODINGS)!;
  if ((metrics.format & COMPRESSED_METRICS) === 0)
    throw new Error(`${path}: only compressed metrics are read`);
  const big = (table: Table) => (table.format & 4) !== 0;
  const count = data.getUint32(bitmaps.at + 4, !big(bitmaps));
  const rowBytes = 1 << (bitmaps.format & 3);
  const bitsReversed = (bitmaps.format & 8) === 0;
  const pixels = bitmaps.at + 8 + count * 4 + 16;
  const metric = (glyph: number, field: number) => data.getUint8(metrics.at + 6 + glyph * 5 + field) - 0x80;
  const height = metric(0, 3) + metric(0, 4);
  const encoding = (offset: number) => data.getUint16(encodings.at + 4 + offset, !big(encodings));
  const [firstLow, lastLow, firstHigh, lastHigh] = [
    encoding(0),
    encoding(2),
    encoding(4),
    encoding(6),
  ] as const;
  return {
    height,
    glyph(character) {
      const code = character.codePointAt(0)!;
      const [low, high] = [code & 0xff, code >> 8] as const;
      if (low < firstLow || low > lastLow || high < firstHigh || high > lastHigh) return undefined;
      const index = encoding(10 + 2 * ((high - firstHigh) * (lastLow - firstLow + 1) + low - firstLow));
      if (index === NO_GLYPH || index >= count) return undefined;
      const at = pixels + data.getUint32(bitmaps.at + 8 + index * 4, !big(bitmaps));
      const left = metric(index, 0);
      const top = metric(0, 3) - metric(index, 3);
      const rows = new Array<number>(height).fill(0);
      for (let row = 0; row < metric(index, 3) + metric(index, 4); row++) {
        const byte = data.getUint8(at + row * rowBytes);
        rows[top + row] = (bitsReversed ? reversed(byte) : byte) >> left;
      }
      return rows;
    },
  };
}

function reversed(byte: number): number {
  let result = 0;
  for (let i = 0; i < 8; i++) if (byte & (1 << i)) result |= 0x80 >> i;
  return result;
}

/** What the source font lacks or draws narrower than a cell: blocks that fill it, shades, and a few signs. */
function drawn(character: string, height: number): number[] | undefined {
  const rows = (paint: (row: number) => number) => Array.from({ length: height }, (_, row) => paint(row));
  switch (character) {
    case '█':
      return rows(() => 0xff);
    case '▄':
      return rows((row) => (row >= height / 2 ? 0xff : 0));
    case '▀':
      return rows((row) => (row < height / 2 ? 0xff : 0));
    case '▌':
      return rows(() => 0xf0);
    case '▐':
      return rows(() => 0x0f);
    case '░':
      return rows((row) => (row & 1 ? 0x88 : 0x22));
    case '▒':
      return rows((row) => (row & 1 ? 0xaa : 0x55));
    case '▓':
      return rows((row) => (row & 1 ? 0x77 : 0xdd));
    case ' ':
      return rows(() => 0);
    default:
      return undefined;
  }
}

/**
 * The 16 lines of letters made 8: lines without strokes of their own (above, between and below the three bars of "E" and
 * "e", which stand at 2 or 5, 8 and 11) are joined.
 */
const LETTER_LINES = [[0, 1, 2], [3, 4], [5], [6, 7], [8], [9, 10], [11], [12, 13, 14, 15]];
const PAIRED_LINES = Array.from({ length: 8 }, (_, line) => [2 * line, 2 * line + 1]);

/** An 8x8 font from an 8x16 one. */
function halved(font: Font): Font {
  return {
    height: 8,
    glyph(character) {
      const rows = font.glyph(character);
      const lines = character >= '─' && character <= '╿' ? PAIRED_LINES : LETTER_LINES;
      return rows && lines.map((joined) => joined.reduce((row, line) => row | rows[line]!, 0));
    },
  };
}

function hexRows(font: Font): string[] {
  const missing: string[] = [];
  const lines = [...CODE_PAGE_437].map((character) => {
    const rows = drawn(character, font.height) ?? font.glyph(character);
    if (rows === undefined) missing.push(character);
    return (rows ?? new Array<number>(font.height).fill(0))
      .map((row) => row.toString(16).padStart(2, '0'))
      .join('');
  });
  if (missing.length > 0) process.stderr.write(`not in the ${font.height}-line font: ${missing.join(' ')}\n`);
  return lines;
}

function table(name: string, font: Font): string {
  const lines = hexRows(font).map(
    (rows, code) => `  '${rows}', // ${code.toString(16).padStart(2, '0')} ${CODE_PAGE_437[code]}`,
  );
  return `export const ${name}: readonly string[] = [\n${lines.join('\n')}\n];\n`;
}

const [tall, short] = process.argv.slice(2);
if (tall === undefined || short === undefined) throw new Error('usage: make-vga-fonts.ts 8x16.pcf 8x14.pcf');
process.stdout.write(`// The glyphs of code page 437, 8 dots wide, one row of dots a byte from top to bottom, leftmost dot in bit 7.
// Generated by assets/fonts/make-vga-fonts.ts; source and licence (SIL OFL 1.1): assets/fonts/PROVENANCE.md.
// Copyright (c) 2010-2014 Dimitar Toshkov Zhekov.

${table('GLYPHS_8X16', readPcf(tall))}
${table('GLYPHS_8X14', readPcf(short))}
${table('GLYPHS_8X8', halved(readPcf(tall)))}`);
