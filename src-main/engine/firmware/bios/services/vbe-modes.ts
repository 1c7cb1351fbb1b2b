// The modes that VBE offers: the numbers VESA once gave, those that Bochs-like displays added, and after them the
// sizes of later screens in our own numbers. What memory and hardware cannot show is left out.
// Reference: VBE 3.0, section 3 (mode numbers).

export interface VbeMode {
  readonly number: number;
  readonly width: number;
  readonly height: number;
  /** 4: planar; 15 and 16: 555 and 565. */
  readonly bits: 4 | 8 | 15 | 16 | 24 | 32;
}

const mode = (number: number, width: number, height: number, bits: VbeMode['bits']): VbeMode => ({ number, width, height, bits });

const BY_VESA: readonly VbeMode[] = [
  mode(0x100, 640, 400, 8), mode(0x101, 640, 480, 8), mode(0x102, 800, 600, 4), mode(0x103, 800, 600, 8),
  mode(0x104, 1024, 768, 4), mode(0x105, 1024, 768, 8), mode(0x106, 1280, 1024, 4), mode(0x107, 1280, 1024, 8),
  mode(0x10d, 320, 200, 15), mode(0x10e, 320, 200, 16), mode(0x10f, 320, 200, 24),
  mode(0x110, 640, 480, 15), mode(0x111, 640, 480, 16), mode(0x112, 640, 480, 24),
  mode(0x113, 800, 600, 15), mode(0x114, 800, 600, 16), mode(0x115, 800, 600, 24),
  mode(0x116, 1024, 768, 15), mode(0x117, 1024, 768, 16), mode(0x118, 1024, 768, 24),
  mode(0x119, 1280, 1024, 15), mode(0x11a, 1280, 1024, 16), mode(0x11b, 1280, 1024, 24),
  mode(0x11c, 1600, 1200, 8), mode(0x11d, 1600, 1200, 15), mode(0x11e, 1600, 1200, 16), mode(0x11f, 1600, 1200, 24),
  mode(0x140, 320, 200, 32), mode(0x141, 640, 400, 32), mode(0x142, 640, 480, 32), mode(0x143, 800, 600, 32),
  mode(0x144, 1024, 768, 32), mode(0x145, 1280, 1024, 32), mode(0x146, 320, 200, 8), mode(0x147, 1600, 1200, 32),
  mode(0x148, 1152, 864, 8), mode(0x149, 1152, 864, 15), mode(0x14a, 1152, 864, 16), mode(0x14b, 1152, 864, 24), mode(0x14c, 1152, 864, 32),
];

const OWN_SIZES = [[1280, 720], [1280, 768], [1280, 800], [1280, 960], [1366, 768], [1440, 900], [1400, 1050], [1680, 1050], [1920, 1080], [1920, 1200], [2048, 1536], [2560, 1440], [2560, 1600]] as const;
const FIRST_OWN = 0x160;

export const VBE_MODES: readonly VbeMode[] = [
  ...BY_VESA,
  ...OWN_SIZES.flatMap(([width, height], size) => ([16, 24, 32] as const).map((bits, depth) => mode(FIRST_OWN + size * 3 + depth, width & ~7, height, bits))),
];

export const bytesPerDot = (bits: number): number => (bits + 7) >> 3;

/** Bytes of a line; in planar modes of one plane. */
export function linePitch({ width, bits }: VbeMode): number {
  return bits === 4 ? width >> 3 : width * bytesPerDot(bits);
}

export function availableModes(memoryBytes: number): readonly VbeMode[] {
  return VBE_MODES.filter((one) => linePitch(one) * one.height * (one.bits === 4 ? 4 : 1) <= memoryBytes);
}
