// The kernel parameter "vga=": which graphics mode a Linux kernel finds set when it starts. A boot loader has to
// read it, since the kernel does not when it is entered past its real-mode code.
// Reference: Linux Documentation/admin-guide/svga.rst ("mode numbers"), fb/vesafb.rst (table of modes).

export interface VideoMode {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
}

/** A mode that is set, with its linear frame buffer. */
export interface LinearScreen extends VideoMode {
  readonly address: number;
  /** Bytes from row to row. */
  readonly pitch: number;
  readonly memoryBytes: number;
}

/** Linux numbers modes of VESA from here on. */
const VESA_BASE = 0x200;
/** VESA number of the first depth of each size; the depths follow: 8, 15, 16, 32 bits. */
const SIZES = [
  { width: 640, height: 480, eightBits: 0x101, direct: 0x110 },
  { width: 800, height: 600, eightBits: 0x103, direct: 0x113 },
  { width: 1024, height: 768, eightBits: 0x105, direct: 0x116 },
  { width: 1280, height: 1024, eightBits: 0x107, direct: 0x119 },
] as const;
const DIRECT_DEPTHS = [15, 16, 32] as const;

/** Undefined: text, or a mode there is none of here. The last "vga=" counts. */
export function videoModeOf(commandLine: string): VideoMode | undefined {
  const value = [...commandLine.matchAll(/(?:^|\s)vga=(0x[0-9a-f]+|[0-9]+)(?=\s|$)/gi)].at(-1)?.[1];
  if (value === undefined) return undefined;
  const number = Number(value) - VESA_BASE;
  for (const { width, height, eightBits, direct } of SIZES) {
    if (number === eightBits) return { width, height, bitsPerPixel: 8 };
    const bitsPerPixel = DIRECT_DEPTHS[number - direct];
    if (bitsPerPixel !== undefined) return { width, height, bitsPerPixel };
  }
  return undefined;
}
