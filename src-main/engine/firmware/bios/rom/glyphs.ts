// The glyphs that the BIOS carries, and how they become bytes of a ROM. Where they come from is the board's to say.

/** Glyphs of code page 437 as rows of hexadecimal digits, as the display's own tables have them. */
export interface RomFonts {
  readonly glyphs8x8: readonly string[];
  readonly glyphs8x14: readonly string[];
  readonly glyphs8x16: readonly string[];
}

/** Each glyph is `height` rows. */
export function glyphBytes(glyphs: readonly string[], height: number): Uint8Array {
  const bytes = new Uint8Array(glyphs.length * height);
  glyphs.forEach((rows, code) => {
    for (let line = 0; line < height; line++) bytes[code * height + line] = Number.parseInt(rows.slice(line * 2, line * 2 + 2), 16) || 0;
  });
  return bytes;
}
