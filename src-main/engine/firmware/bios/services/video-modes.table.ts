// Register values of the VGA's standard modes, and what the BIOS says about each.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=00h; IBM PS/2 Hardware Interface Technical
// Reference, "Video Subsystem", default register values.

export type PaletteKind = 'ega' | 'cga' | 'mono' | 'vga256';

export interface VideoMode {
  readonly mode: number;
  readonly kind: 'text' | 'cga' | 'planar' | 'linear';
  readonly columns: number;
  readonly rows: number;
  readonly glyphHeight: 8 | 14 | 16;
  /** Dots; of graphics modes. */
  readonly width: number;
  readonly height: number;
  readonly colorBits: 1 | 2 | 4 | 8;
  readonly pages: number;
  readonly pageBytes: number;
  /** Where the CPU sees it. */
  readonly window: number;
  readonly palette: PaletteKind;
  readonly output: number;
  readonly seq: readonly number[];
  readonly crtc: readonly number[];
  readonly attr: readonly number[];
  readonly gfx: readonly number[];
}

const hex = (text: string): number[] => text.split(' ').map((digits) => Number.parseInt(digits, 16));
const EGA_COLORS = '00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f';
const CGA_COLORS = '00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17';
const CGA_FOUR = '00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17';
const TEXT_SEQ = '03 00 03 00 02';
const PLANAR_SEQ = '03 01 0f 00 06';
const PLANAR_GFX = '00 00 00 00 00 00 05 0f ff';
const CRTC_80 = '5f 4f 50 82 54 80';
const CRTC_40 = '2d 27 28 90 2b 80';
const START_0 = '00 00 00 00 00 00';

const text = (mode: number, columns: 40 | 80, rest: Partial<VideoMode> = {}): VideoMode => ({
  mode, kind: 'text', columns, rows: 25, glyphHeight: 16, width: columns * 9, height: 400, colorBits: 4, pages: 8,
  pageBytes: columns === 40 ? 0x800 : 0x1000, window: 0xb_8000, palette: 'ega', output: 0x67,
  seq: hex(columns === 40 ? '03 08 03 00 02' : TEXT_SEQ),
  crtc: hex(columns === 40
    ? '2d 27 28 90 2b a0 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff'
    : '5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff'),
  attr: hex(`${EGA_COLORS} 0c 00 0f 08 00`),
  gfx: hex('00 00 00 00 00 10 0e 00 ff'),
  ...rest,
});

const cga = (mode: number, width: 320 | 640): VideoMode => ({
  mode, kind: 'cga', columns: width / 8, rows: 25, glyphHeight: 8, width, height: 200, colorBits: width === 320 ? 2 : 1, pages: 1,
  pageBytes: 0x4000, window: 0xb_8000, palette: 'cga', output: 0x63,
  seq: hex(width === 320 ? '03 09 03 00 02' : '03 01 01 00 06'),
  crtc: hex(width === 320
    ? `${CRTC_40} bf 1f 00 c1 ${START_0} 9c 8e 8f 14 00 96 b9 a2 ff`
    : `${CRTC_80} bf 1f 00 c1 ${START_0} 9c 8e 8f 28 00 96 b9 c2 ff`),
  attr: hex(width === 320 ? `${CGA_FOUR} 01 00 03 00 00` : '00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00 00'),
  gfx: hex(width === 320 ? '00 00 00 00 00 30 0f 00 ff' : '00 00 00 00 00 00 0d 00 ff'),
});

interface PlanarTraits {
  readonly mode: number;
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  readonly output: number;
  readonly crtc: string;
  readonly attr: string;
  readonly palette: PaletteKind;
  readonly seq?: string;
  readonly gfx?: string;
  readonly colorBits?: 1 | 4;
}

const planar = (traits: PlanarTraits): VideoMode => {
  const { mode, width, height, pages, output, palette } = traits;
  const glyphHeight = height === 200 ? 8 : height === 350 ? 14 : 16;
  return {
    mode, kind: 'planar', columns: width / 8, rows: Math.floor(height / glyphHeight), glyphHeight, width, height,
    colorBits: traits.colorBits ?? 4, pages, pageBytes: pages === 1 ? 0xa000 : pages === 2 ? 0x8000 : pages === 4 ? 0x4000 : 0x2000,
    window: 0xa_0000, palette, output, seq: hex(traits.seq ?? PLANAR_SEQ), crtc: hex(traits.crtc), attr: hex(traits.attr),
    gfx: hex(traits.gfx ?? PLANAR_GFX),
  };
};

const LINES_350 = `bf 1f 00 40 ${START_0} 83 85 5d 28`;
const LINES_480 = `0b 3e 00 40 ${START_0} ea 8c df 28 00 e7 04`;

export const VIDEO_MODES: readonly VideoMode[] = [
  text(0x00, 40), text(0x01, 40), text(0x02, 80), text(0x03, 80),
  cga(0x04, 320), cga(0x05, 320), cga(0x06, 640),
  text(0x07, 80, {
    window: 0xb_0000, palette: 'mono', output: 0x66,
    crtc: hex('5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 0f 96 b9 a3 ff'),
    attr: hex('00 08 08 08 08 08 08 08 10 18 18 18 18 18 18 18 0e 00 0f 08 00'),
    gfx: hex('00 00 00 00 00 10 0a 00 ff'),
  }),
  planar({
    mode: 0x0d, width: 320, height: 200, pages: 8, output: 0x63, palette: 'cga', seq: '03 09 0f 00 06',
    crtc: `${CRTC_40} bf 1f 00 c0 ${START_0} 9c 8e 8f 14 00 96 b9 e3 ff`, attr: `${CGA_COLORS} 01 00 0f 00 00`,
  }),
  planar({
    mode: 0x0e, width: 640, height: 200, pages: 4, output: 0x63, palette: 'cga',
    crtc: `${CRTC_80} bf 1f 00 c0 ${START_0} 9c 8e 8f 28 00 96 b9 e3 ff`, attr: `${CGA_COLORS} 01 00 0f 00 00`,
  }),
  planar({
    mode: 0x0f, width: 640, height: 350, pages: 2, output: 0xa2, palette: 'mono', colorBits: 1,
    crtc: `${CRTC_80} ${LINES_350} 0f 63 ba e3 ff`, attr: '00 08 00 00 18 18 00 00 00 08 00 00 00 18 00 00 0b 00 05 00 00',
    gfx: '00 00 00 00 00 00 05 05 ff',
  }),
  planar({
    mode: 0x10, width: 640, height: 350, pages: 2, output: 0xa3, palette: 'ega',
    crtc: `${CRTC_80} ${LINES_350} 0f 63 ba e3 ff`, attr: `${EGA_COLORS} 01 00 0f 00 00`,
  }),
  planar({
    mode: 0x11, width: 640, height: 480, pages: 1, output: 0xe3, palette: 'ega', colorBits: 1,
    crtc: `${CRTC_80} ${LINES_480} c3 ff`, attr: `00 ${'3f '.repeat(15)}01 00 0f 00 00`, gfx: '00 00 00 00 00 00 05 01 ff',
  }),
  planar({
    mode: 0x12, width: 640, height: 480, pages: 1, output: 0xe3, palette: 'ega',
    crtc: `${CRTC_80} ${LINES_480} e3 ff`, attr: `${EGA_COLORS} 01 00 0f 00 00`,
  }),
  {
    mode: 0x13, kind: 'linear', columns: 40, rows: 25, glyphHeight: 8, width: 320, height: 200, colorBits: 8, pages: 1,
    pageBytes: 0xfa00, window: 0xa_0000, palette: 'vga256', output: 0x63, seq: hex('03 01 0f 00 0e'),
    crtc: hex(`${CRTC_80} bf 1f 00 41 ${START_0} 9c 8e 8f 28 40 96 b9 a3 ff`),
    attr: hex('00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 41 00 0f 00 00'),
    gfx: hex('00 00 00 00 00 40 05 0f ff'),
  },
];

export function videoMode(mode: number): VideoMode | undefined {
  return VIDEO_MODES.find((candidate) => candidate.mode === mode);
}
