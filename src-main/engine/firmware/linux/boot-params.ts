// The "zero page" a Linux kernel takes over from its boot loader.
// Reference: Linux Documentation/arch/x86/zero-page.rst and boot.rst, "32-bit Boot Protocol".

import type { MemoryRange } from '../memory-map.ts';
import type { SetupHeader } from './setup-header.ts';
import type { LinearScreen } from './video-mode.ts';

export const BOOT_PARAMS_BYTES = 0x1000;

/** Offsets in the zero page. */
const SCREEN_X = 0x00;
const SCREEN_Y = 0x01;
const SCREEN_EXT_MEM_K = 0x02;
const SCREEN_VIDEO_MODE = 0x06;
const SCREEN_COLUMNS = 0x07;
const SCREEN_EGA_BX = 0x0a;
const SCREEN_LINES = 0x0e;
const SCREEN_IS_VGA = 0x0f;
const SCREEN_POINTS = 0x10;
const LFB_WIDTH = 0x12;
const LFB_HEIGHT = 0x14;
const LFB_DEPTH = 0x16;
const LFB_BASE = 0x18;
const LFB_SIZE_64K = 0x1c;
const LFB_LINE_BYTES = 0x24;
/** Size and position of red, green, blue and unused bits: eight bytes. */
const LFB_COLORS = 0x26;
const LFB_PAGES = 0x32;
const ACPI_RSDP_ADDR = 0x70;
const ALT_MEM_K = 0x1e0;
const E820_ENTRIES = 0x1e8;
const SETUP_HEADER = 0x1f1;
const E820_TABLE = 0x2d0;
const E820_MAX = 128;

/** Offsets of header fields the loader fills in; the same as in the file. */
const VID_MODE = 0x1fa;
const TYPE_OF_LOADER = 0x210;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const HEAP_END_PTR = 0x224;
const CMD_LINE_PTR = 0x228;

const LOADER_UNDEFINED = 0xff;
const CAN_USE_HEAP = 0x80;
const VIDEO_MODE_NORMAL = 0xffff;
const VIDEO_TYPE_LINEAR = 0x23;

export interface BootParams {
  readonly header: SetupHeader;
  readonly kernelAddress: number;
  readonly commandLineAddress: number;
  readonly initrd: { readonly address: number; readonly bytes: number } | undefined;
  readonly memoryMap: readonly MemoryRange[];
  readonly rsdpAddress: number;
  /** A VGA in text mode 3; without one the kernel is told of no screen. */
  readonly textScreen: boolean;
  /** Instead of text. */
  readonly linearScreen: LinearScreen | undefined;
}

export function buildBootParams(params: BootParams): Uint8Array {
  const page = new Uint8Array(BOOT_PARAMS_BYTES);
  const data = new DataView(page.buffer);
  page.set(params.header.raw, SETUP_HEADER);
  writeHeader(data, params);
  if (params.linearScreen !== undefined) writeLinearScreen(data, params.linearScreen);
  else if (params.textScreen) writeScreenInfo(data);
  writeMemory(data, params.memoryMap);
  if (params.header.version >= 0x20e) data.setBigUint64(ACPI_RSDP_ADDR, BigInt(params.rsdpAddress), true);
  return page;
}

function writeHeader(data: DataView, params: BootParams): void {
  data.setUint16(VID_MODE, VIDEO_MODE_NORMAL, true);
  data.setUint8(TYPE_OF_LOADER, LOADER_UNDEFINED);
  data.setUint8(LOADFLAGS, data.getUint8(LOADFLAGS) | CAN_USE_HEAP);
  data.setUint16(HEAP_END_PTR, 0xfe00, true);
  data.setUint32(CODE32_START, params.kernelAddress, true);
  data.setUint32(RAMDISK_IMAGE, params.initrd?.address ?? 0, true);
  data.setUint32(RAMDISK_SIZE, params.initrd?.bytes ?? 0, true);
  data.setUint32(CMD_LINE_PTR, params.commandLineAddress, true);
}

/** 80x25 colour text with a 16-line font, cursor at the top left: what a BIOS leaves. */
function writeScreenInfo(data: DataView): void {
  data.setUint8(SCREEN_X, 0);
  data.setUint8(SCREEN_Y, 0);
  data.setUint8(SCREEN_VIDEO_MODE, 3);
  data.setUint8(SCREEN_COLUMNS, 80);
  data.setUint16(SCREEN_EGA_BX, 3, true);
  data.setUint8(SCREEN_LINES, 25);
  data.setUint8(SCREEN_IS_VGA, 1);
  data.setUint16(SCREEN_POINTS, 16, true);
}

/** Colours by depth, as the display has them. */
const COLOR_BITS: Readonly<Record<number, readonly number[]>> = {
  8: [6, 0, 6, 0, 6, 0, 0, 0],
  15: [5, 10, 5, 5, 5, 0, 1, 15],
  16: [5, 11, 6, 5, 5, 0, 0, 0],
  32: [8, 16, 8, 8, 8, 0, 8, 24],
};

function writeLinearScreen(data: DataView, screen: LinearScreen): void {
  data.setUint8(SCREEN_IS_VGA, VIDEO_TYPE_LINEAR);
  data.setUint16(LFB_WIDTH, screen.width, true);
  data.setUint16(LFB_HEIGHT, screen.height, true);
  data.setUint16(LFB_DEPTH, screen.bitsPerPixel, true);
  data.setUint32(LFB_BASE, screen.address, true);
  data.setUint32(LFB_SIZE_64K, screen.memoryBytes >>> 16, true);
  data.setUint16(LFB_LINE_BYTES, screen.pitch, true);
  data.setUint16(LFB_PAGES, Math.floor(screen.memoryBytes / (screen.pitch * screen.height)), true);
  COLOR_BITS[screen.bitsPerPixel]?.forEach((value, index) => {
    data.setUint8(LFB_COLORS + index, value);
  });
}

function writeMemory(data: DataView, map: readonly MemoryRange[]): void {
  const extended = map.find((range) => range.type === 1 && range.base === 0x10_0000)?.length ?? 0;
  data.setUint16(SCREEN_EXT_MEM_K, Math.min(extended / 1024, 0xfc00), true);
  data.setUint32(ALT_MEM_K, extended / 1024, true);
  const entries = map.slice(0, E820_MAX);
  data.setUint8(E820_ENTRIES, entries.length);
  entries.forEach((range, index) => {
    const at = E820_TABLE + index * 20;
    data.setBigUint64(at, BigInt(range.base), true);
    data.setBigUint64(at + 8, BigInt(range.length), true);
    data.setUint32(at + 16, range.type, true);
  });
}
