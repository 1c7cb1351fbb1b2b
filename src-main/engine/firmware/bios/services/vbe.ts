// INT 10h AH=4Fh: VESA BIOS Extensions 3.0 over the Bochs VBE registers, with DDC.
// Reference: VBE 3.0, section 4 (functions 00h to 0Ah); VBE/DDC 1.1.

import type { BiosCall } from '../call.ts';
import { BDA_VIDEO_MODE, VBE_MODE } from '../data-area.ts';
import { functionsOfBus, readConfig } from '../pci-config.ts';
import { VIDEO_ROM_SEGMENT } from '../rom/video-rom.ts';
import type { VideoRomPlaces } from '../video-places.ts';
import { availableModes, bytesPerDot, linePitch, type VbeMode } from './vbe-modes.ts';
import { disableVbe, programRegisters, setMode } from './video-mode-set.ts';
import { videoMode } from './video-modes.table.ts';
import { loadDefaultPalette } from './video-palette.ts';
import { restoreState, saveState, stateBytes } from './video-state.ts';

const PORT = 0x1ce;
const XRES = 1;
const YRES = 2;
const BPP = 3;
const ENABLE = 4;
const BANK = 5;
const VIRT_WIDTH = 6;
const VIRT_HEIGHT = 7;
const X_OFFSET = 8;
const Y_OFFSET = 9;
const MEMORY_64K = 10;
const ENABLED = 0x01;
const DAC_8BIT = 0x20;
const LFB = 0x40;
const NO_CLEAR = 0x80;

const MODE_LINEAR = 0x4000;
const MODE_KEEP = 0x8000;
const SUCCESS = 0x004f;
const FAILED = 0x014f;
const INVALID_HERE = 0x034f;
const DISPLAY_CLASS = 0x03;
const VBE_3 = 0x0300;
const EDID_BYTES = 128;

const read = (call: BiosCall, index: number): number => {
  call.out16(PORT, index);
  return call.in16(PORT + 1);
};
const write = (call: BiosCall, index: number, value: number): void => {
  call.out16(PORT, index);
  call.out16(PORT + 1, value);
};

export function vbeService(call: BiosCall, places: VideoRomPlaces): void {
  call.ax = service(call, places);
}

function service(call: BiosCall, places: VideoRomPlaces): number {
  switch (call.al) {
    case 0x00: return controllerInformation(call, places);
    case 0x01: return modeInformation(call, places);
    case 0x02: return setVbeMode(call, places);
    case 0x03: call.bx = currentMode(call); return SUCCESS;
    case 0x04: return state(call);
    case 0x05: return bank(call);
    case 0x06: return lineLength(call);
    case 0x07: return displayStart(call);
    case 0x08: return dacWidth(call);
    case 0x09: return paletteData(call);
    case 0x0a: return protectedInterface(call, places);
    case 0x15: return ddc(call, places);
    default: return 0x0100;
  }
}

const memoryBytes = (call: BiosCall): number => read(call, MEMORY_64K) * 0x1_0000;
const isOn = (call: BiosCall): boolean => (read(call, ENABLE) & ENABLED) !== 0;

function currentMode(call: BiosCall): number {
  return isOn(call) ? call.read16(VBE_MODE) : call.read8(BDA_VIDEO_MODE);
}

/** Function 00h. With "VBE2" in the buffer it is 512 bytes long and the pointers lead into the ROM. */
function controllerInformation(call: BiosCall, places: VideoRomPlaces): number {
  const at = call.linear('es', call.di);
  const isNew = call.read32(at) === 0x32454256;
  const info = new Uint8Array(isNew ? 512 : 256);
  const view = new DataView(info.buffer);
  const far = (offset: number): number => VIDEO_ROM_SEGMENT * 0x1_0000 + offset;
  info.set([0x56, 0x45, 0x53, 0x41]);
  view.setUint16(4, VBE_3, true);
  view.setUint32(6, far(places.oem), true);
  // The DAC can be switched to eight bits.
  view.setUint32(10, 1, true);
  view.setUint16(18, read(call, MEMORY_64K), true);
  // The list stands in the information block itself, where callers of every version can reach it.
  view.setUint32(14, isNew ? far(places.modeList) : call.selector('es') * 0x1_0000 + ((call.di + 0x22) & 0xffff), true);
  if (isNew) {
    view.setUint16(20, 1, true);
    view.setUint32(22, far(places.vendor), true);
    view.setUint32(26, far(places.product), true);
    view.setUint32(30, far(places.revision), true);
  } else {
    availableModes(memoryBytes(call)).slice(0, 100).forEach(({ number }, index) => view.setUint16(0x22 + 2 * index, number, true));
    view.setUint16(0x22 + 2 * Math.min(100, availableModes(memoryBytes(call)).length), 0xffff, true);
  }
  call.writeBytes(at, info);
  return SUCCESS;
}

/** The modes of the display's memory, for the list in the ROM. */
export function modeNumbers(videoMemoryBytes: number): number[] {
  return [...availableModes(videoMemoryBytes).map(({ number }) => number), 0xffff];
}

function findMode(call: BiosCall, number: number): VbeMode | undefined {
  return availableModes(memoryBytes(call)).find((one) => one.number === (number & 0x1ff));
}

function frameBuffer(call: BiosCall): number {
  const { environment } = call.cpu;
  for (const place of functionsOfBus(environment)) {
    if (readConfig(environment, place, 0x0b, 1) === DISPLAY_CLASS) return (readConfig(environment, place, 0x10, 4) & 0xffff_fff0) >>> 0;
  }
  return 0;
}

/** Sizes and positions of red, green, blue and the rest. */
const FIELDS: Readonly<Record<number, readonly number[]>> = {
  15: [5, 10, 5, 5, 5, 0, 1, 15], 16: [5, 11, 6, 5, 5, 0, 0, 0], 24: [8, 16, 8, 8, 8, 0, 0, 0], 32: [8, 16, 8, 8, 8, 0, 8, 24],
};

/** Function 01h. */
function modeInformation(call: BiosCall, places: VideoRomPlaces): number {
  const found = findMode(call, call.cx);
  if (found === undefined) return FAILED;
  const info = new Uint8Array(256);
  const view = new DataView(info.buffer);
  const word = (at: number, value: number): void => view.setUint16(at, value, true);
  const planar = found.bits === 4;
  const pitch = linePitch(found);
  const images = Math.max(1, Math.floor(memoryBytes(call) / (pitch * found.height * (planar ? 4 : 1))));
  const fields = FIELDS[found.bits] ?? [0, 0, 0, 0, 0, 0, 0, 0];
  // Supported, colour, graphics, not VGA compatible but for the window; linear only where the memory is.
  word(0, 0x1b | (planar ? 0x04 : 0x80));
  info.set([0x07, 0x00], 2);
  word(4, 64);
  word(6, 64);
  word(8, 0xa000);
  view.setUint32(12, VIDEO_ROM_SEGMENT * 0x1_0000 + places.int10, true);
  word(16, pitch);
  word(18, found.width);
  word(20, found.height);
  info.set([8, 16, planar ? 4 : 1, found.bits, 1, planar ? 3 : found.bits === 8 ? 4 : 6, 0, Math.min(255, images - 1), 1, ...fields], 22);
  info[39] = found.bits === 32 ? 2 : 0;
  view.setUint32(40, planar ? 0 : frameBuffer(call), true);
  word(50, pitch);
  info.set([Math.min(255, images - 1), Math.min(255, images - 1), ...fields], 52);
  view.setUint32(62, 300_000_000, true);
  // The window function is reached by INT 10h only: a far call would need a frame of its own.
  view.setUint32(12, 0, true);
  call.writeBytes(call.linear('es', call.di), info);
  return SUCCESS;
}

/** Function 02h. */
function setVbeMode(call: BiosCall, places: VideoRomPlaces): number {
  const asked = call.bx;
  if ((asked & 0x1ff) < 0x100) {
    setMode(call, places, (asked & 0x7f) | ((asked & MODE_KEEP) >> 8));
    return SUCCESS;
  }
  const found = findMode(call, asked);
  if (found === undefined || (found.bits === 4 && (asked & MODE_LINEAR) !== 0)) return FAILED;
  disableVbe(call);
  const base = videoMode(found.bits === 4 ? 0x12 : 0x13)!;
  programRegisters(call, base);
  loadDefaultPalette(call, base.palette);
  write(call, XRES, found.width);
  write(call, YRES, found.height);
  write(call, BPP, found.bits);
  write(call, ENABLE, ENABLED | ((asked & MODE_LINEAR) !== 0 ? LFB : 0) | ((asked & MODE_KEEP) !== 0 ? NO_CLEAR : 0));
  if (!isOn(call)) return FAILED;
  call.write16(VBE_MODE, asked & (0x1ff | MODE_LINEAR | MODE_KEEP));
  call.write8(BDA_VIDEO_MODE, 0x6f);
  return SUCCESS;
}

/** Function 04h. */
function state(call: BiosCall): number {
  const parts = call.cx & 15;
  const at = call.linear('es', call.bx);
  if (call.dl === 0) call.bx = Math.ceil(stateBytes(parts) / 64);
  else if (call.dl === 1) saveState(call, parts, at);
  else if (call.dl === 2) restoreState(call, parts, at);
  else return FAILED;
  return SUCCESS;
}

/** Function 05h: one window, which moves in steps of 64 KiB. */
function bank(call: BiosCall): number {
  if (!isOn(call) || (read(call, ENABLE) & LFB) !== 0 && call.bh > 1) return INVALID_HERE;
  if (call.bl !== 0) return FAILED;
  if (call.bh === 1) {
    call.dx = read(call, BANK);
    return SUCCESS;
  }
  write(call, BANK, call.dx);
  return read(call, BANK) === call.dx ? SUCCESS : FAILED;
}

/** Function 06h. */
function lineLength(call: BiosCall): number {
  if (!isOn(call)) return INVALID_HERE;
  const bits = read(call, BPP);
  const unit = bits === 4 ? 1 / 8 : bytesPerDot(bits);
  const widest = Math.min(0xfff8, Math.floor(memoryBytes(call) / (bits === 4 ? 4 : 1) / unit / Math.max(1, read(call, YRES))) & ~7);
  switch (call.bl) {
    case 0x00: case 0x02: {
      const width = call.bl === 0 ? call.cx : Math.ceil(call.cx / unit);
      const rounded = (width + 7) & ~7;
      if (rounded > widest) return 0x024f;
      write(call, VIRT_WIDTH, Math.max(rounded, read(call, XRES)));
      break;
    }
    case 0x01: break;
    case 0x03:
      call.bx = Math.min(0xffff, widest * unit);
      call.cx = widest;
      call.dx = read(call, YRES);
      return SUCCESS;
    default: return FAILED;
  }
  call.bx = read(call, VIRT_WIDTH) * unit;
  call.cx = read(call, VIRT_WIDTH);
  call.dx = read(call, VIRT_HEIGHT);
  return SUCCESS;
}

/** Function 07h: BL bit 7 waits for the vertical retrace, which is not waited for. */
function displayStart(call: BiosCall): number {
  if (!isOn(call)) return INVALID_HERE;
  switch (call.bl) {
    case 0x00: case 0x80:
      if (call.cx + read(call, XRES) > read(call, VIRT_WIDTH) || call.dx + read(call, YRES) > read(call, VIRT_HEIGHT)) return FAILED;
      write(call, X_OFFSET, call.cx);
      write(call, Y_OFFSET, call.dx);
      return SUCCESS;
    case 0x01:
      call.bh = 0;
      call.cx = read(call, X_OFFSET);
      call.dx = read(call, Y_OFFSET);
      return SUCCESS;
    case 0x02: case 0x82: return startByAddress(call, call.ecx);
    case 0x04: call.cx = 1; return SUCCESS;
    default: return FAILED;
  }
}

function startByAddress(call: BiosCall, address: number): number {
  const bits = read(call, BPP);
  const pitch = bits === 4 ? read(call, VIRT_WIDTH) >> 3 : read(call, VIRT_WIDTH) * bytesPerDot(bits);
  if (pitch === 0) return FAILED;
  const y = Math.floor(address / pitch);
  if (y + read(call, YRES) > read(call, VIRT_HEIGHT)) return FAILED;
  write(call, Y_OFFSET, y);
  write(call, X_OFFSET, bits === 4 ? (address % pitch) * 8 : Math.floor((address % pitch) / bytesPerDot(bits)));
  return SUCCESS;
}

/** Function 08h. */
function dacWidth(call: BiosCall): number {
  if (isOn(call) && read(call, BPP) > 8) return INVALID_HERE;
  const enable = read(call, ENABLE);
  if (call.bl === 0) write(call, ENABLE, (call.bh >= 8 ? enable | DAC_8BIT : enable & ~DAC_8BIT) | NO_CLEAR);
  else if (call.bl !== 1) return FAILED;
  call.bh = (read(call, ENABLE) & DAC_8BIT) !== 0 ? 8 : 6;
  return SUCCESS;
}

/** Function 09h: entries of blue, green, red, unused. */
function paletteData(call: BiosCall): number {
  if (isOn(call) && read(call, BPP) > 8) return INVALID_HERE;
  const count = Math.min(call.cx, 256 - (call.dx & 0xff));
  const at = call.linear('es', call.di);
  const entries = new Uint8Array(count * 4);
  if (call.bl === 0 || call.bl === 0x80) {
    call.readBytes(at, entries);
    call.out8(0x3c8, call.dx & 0xff);
    for (let n = 0; n < count; n++) for (const part of [2, 1, 0]) call.out8(0x3c9, entries[4 * n + part]!);
    return SUCCESS;
  }
  if (call.bl !== 1) return FAILED;
  call.out8(0x3c7, call.dx & 0xff);
  for (let n = 0; n < count; n++) for (const part of [2, 1, 0]) entries[4 * n + part] = call.in8(0x3c9);
  call.writeBytes(at, entries);
  return SUCCESS;
}

/** Function 0Ah. */
function protectedInterface(call: BiosCall, places: VideoRomPlaces): number {
  if (call.bl !== 0) return FAILED;
  call.setRealSegment('es', VIDEO_ROM_SEGMENT);
  call.di = places.pm;
  call.cx = places.pmEnd - places.pm;
  return SUCCESS;
}

/** Function 15h: BL=0 what the monitor can do, BL=1 its EDID. */
function ddc(call: BiosCall, places: VideoRomPlaces): number {
  if (call.bl === 0) {
    call.bx = 0x0102;
    return SUCCESS;
  }
  if (call.bl !== 1 || call.dx !== 0) return FAILED;
  const edid = new Uint8Array(EDID_BYTES);
  call.readBytes((VIDEO_ROM_SEGMENT << 4) + places.edid, edid);
  call.writeBytes(call.linear('es', call.di), edid);
  return SUCCESS;
}
