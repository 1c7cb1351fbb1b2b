// What the screen says about itself: 128 bytes of EDID, for systems that choose their mode by it. They are found at the
// beginning of the adapter's page of PCI memory, and where the VGA BIOS passes them on (INT 10h, 4F15h).
// Reference: VESA Enhanced EDID Standard, release A2 (EDID 1.4), section 3; layout of the page as QEMU's "standard VGA".

export const EDID_BYTES = 128;

interface Timing {
  readonly width: number;
  readonly height: number;
  /** Of the dot clock, in units of 10 kHz. */
  readonly clock: number;
  readonly horizontal: { readonly blank: number; readonly syncOffset: number; readonly sync: number };
  readonly vertical: { readonly blank: number; readonly syncOffset: number; readonly sync: number };
}

/** VESA DMT 1024x768 at 60 Hz. */
const PREFERRED: Timing = {
  width: 1024,
  height: 768,
  clock: 6500,
  horizontal: { blank: 320, syncOffset: 24, sync: 136 },
  vertical: { blank: 38, syncOffset: 3, sync: 6 },
};

/** Dots in a row and the code of the ratio of the sides, all at 60 Hz. */
const STANDARD_TIMINGS: readonly (readonly [width: number, ratio: number])[] = [
  [1280, ratioCode('16:10')],
  [1280, ratioCode('5:4')],
  [1440, ratioCode('16:10')],
  [1600, ratioCode('4:3')],
  [1680, ratioCode('16:10')],
  [1920, ratioCode('16:9')],
  [1920, ratioCode('16:10')],
  [1152, ratioCode('4:3')],
];

function ratioCode(ratio: '16:10' | '4:3' | '5:4' | '16:9'): number {
  return { '16:10': 0, '4:3': 1, '5:4': 2, '16:9': 3 }[ratio];
}

const DIGITAL_8_BITS = 0xa5;
/** Square of the screen: 27 by 20 cm, about 96 dots an inch. */
const WIDTH_MM = 270;
const HEIGHT_MM = 203;
/** sRGB is the default colour space, and the first timing is the native one. */
const FEATURES = 0x06;
/** 640x480, 800x600 and 1024x768 at 60 Hz. */
const ESTABLISHED = [0x21, 0x08, 0x00];
/** Chromaticity of sRGB, 10 bits a coordinate: the low bits first. */
const CHROMATICITY = [0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54];
const NAME = 0xfc;
const RANGE_LIMITS = 0xfd;
const UNUSED = 0x10;

export function buildEdid(): Uint8Array {
  const bytes = [
    ...[0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
    ...manufacturer('BXW'),
    ...[0x01, 0x00, 0, 0, 0, 0],
    // Week unknown, 2026; EDID 1.4.
    ...[0, 2026 - 1990, 1, 4],
    ...[DIGITAL_8_BITS, Math.round(WIDTH_MM / 10), Math.round(HEIGHT_MM / 10), 120, FEATURES],
    ...CHROMATICITY,
    ...ESTABLISHED,
    ...STANDARD_TIMINGS.flatMap(([width, ratio]) => [width / 8 - 31, ratio << 6]),
    ...detailed(PREFERRED),
    // 50 to 125 Hz vertical, 30 to 160 kHz horizontal, up to 600 MHz, no formula.
    ...[0, 0, 0, RANGE_LIMITS, 0, 50, 125, 30, 160, 60, 1, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20],
    ...[0, 0, 0, NAME, 0, ...text('Boxwright')],
    ...[0, 0, 0, UNUSED, 0, ...new Array<number>(13).fill(0)],
    // No extension blocks.
    0,
  ];
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  return Uint8Array.of(...bytes, -sum & 0xff);
}

/** Three letters of five bits. */
function manufacturer(letters: string): number[] {
  const code = [...letters].reduce((value, letter) => (value << 5) | (letter.charCodeAt(0) - 0x40), 0);
  return [code >>> 8, code & 0xff];
}

function detailed({ width, height, clock, horizontal, vertical }: Timing): number[] {
  const low = (value: number) => value & 0xff;
  return [
    ...[low(clock), clock >>> 8],
    ...[low(width), low(horizontal.blank), ((width >>> 8) << 4) | (horizontal.blank >>> 8)],
    ...[low(height), low(vertical.blank), ((height >>> 8) << 4) | (vertical.blank >>> 8)],
    ...[horizontal.syncOffset, horizontal.sync, (vertical.syncOffset << 4) | vertical.sync, 0],
    ...[low(WIDTH_MM), low(HEIGHT_MM), ((WIDTH_MM >>> 8) << 4) | (HEIGHT_MM >>> 8), 0, 0],
    // Digital separate sync, both negative.
    0x18,
  ];
}

/** Thirteen bytes: the text, a line feed and blanks. */
function text(value: string): number[] {
  return [...`${value}\n`.padEnd(13)].map((letter) => letter.charCodeAt(0));
}
