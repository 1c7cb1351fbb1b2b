// Saving and restoring the video state: INT 10h AH=1Ch, and VBE function 04h over the same parts.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h AH=1Ch; VBE 3.0, 4.7.

import type { BiosCall } from '../call.ts';
import { BDA_CRTC, BDA_VIDEO_INFO, BDA_VIDEO_MODE, BDA_VIDEO_SAVE } from '../data-area.ts';

export const STATE_HARDWARE = 1;
export const STATE_DATA = 2;
export const STATE_DAC = 4;
export const STATE_VBE = 8;
const UNIT = 64;

const SEQ = 0x3c4;
const GFX = 0x3ce;
const ATTR = 0x3c0;
const DAC_READ = 0x3c7;
const VBE_PORT = 0x1ce;
/** In the order they are written: size and depth while off, then on, then the rest. */
const VBE_REGISTERS = [1, 2, 3, 4, 6, 5, 8, 9];
const VBE_NO_CLEAR = 0x80;

interface Part {
  readonly bit: number;
  readonly bytes: number;
  save(call: BiosCall): Uint8Array;
  restore(call: BiosCall, bytes: Uint8Array): void;
}

const indexed = (call: BiosCall, port: number, count: number): number[] => Array.from({ length: count }, (_, index) => {
  call.out8(port, index);
  return call.in8(port + 1);
});

function putIndexed(call: BiosCall, port: number, values: Uint8Array): void {
  values.forEach((value, index) => {
    call.out8(port, index);
    call.out8(port + 1, value);
  });
}

function saveHardware(call: BiosCall): Uint8Array {
  const crtc = call.read16(BDA_CRTC);
  const indices = [call.in8(SEQ), call.in8(crtc), call.in8(GFX)];
  const attr = Array.from({ length: 0x15 }, (_, index) => {
    call.in8(crtc + 6);
    call.out8(ATTR, index | 0x20);
    return call.in8(ATTR + 1);
  });
  call.in8(crtc + 6);
  const values = [call.in8(0x3cc), ...indexed(call, SEQ, 5), ...indexed(call, crtc, 0x19), ...indexed(call, GFX, 9), ...attr];
  call.out8(SEQ, indices[0]!);
  call.out8(crtc, indices[1]!);
  call.out8(GFX, indices[2]!);
  return Uint8Array.from([...indices, ...values]);
}

function restoreHardware(call: BiosCall, bytes: Uint8Array): void {
  const output = bytes[3]!;
  const crtc = (output & 1) !== 0 ? 0x3d4 : 0x3b4;
  call.out8(0x3c2, output);
  putIndexed(call, SEQ, bytes.subarray(4, 9));
  call.out8(crtc, 0x11);
  call.out8(crtc + 1, 0);
  putIndexed(call, crtc, bytes.subarray(9, 34));
  putIndexed(call, GFX, bytes.subarray(34, 43));
  call.in8(crtc + 6);
  bytes.subarray(43, 64).forEach((value, index) => {
    call.out8(ATTR, index);
    call.out8(ATTR, value);
  });
  call.out8(ATTR, 0x20);
  call.out8(SEQ, bytes[0]!);
  call.out8(crtc, bytes[1]!);
  call.out8(GFX, bytes[2]!);
}

const DATA_RANGES: readonly (readonly [number, number])[] = [
  [BDA_VIDEO_MODE, 0x1e], [BDA_VIDEO_INFO - 3, 7], [BDA_VIDEO_SAVE, 4], [4 * 0x1f, 4], [4 * 0x43, 4],
];

const PARTS: readonly Part[] = [
  { bit: STATE_HARDWARE, bytes: 64, save: saveHardware, restore: restoreHardware },
  {
    bit: STATE_DATA, bytes: 64,
    save: (call) => Uint8Array.from(DATA_RANGES.flatMap(([from, count]) => Array.from({ length: count }, (_, at) => call.read8(from + at)))),
    restore: (call, bytes) => {
      let next = 0;
      for (const [from, count] of DATA_RANGES) for (let at = 0; at < count; at++) call.write8(from + at, bytes[next++]!);
    },
  },
  {
    bit: STATE_DAC, bytes: 13 * UNIT,
    save: (call) => {
      call.out8(DAC_READ, 0);
      return Uint8Array.from([call.in8(0x3c6), ...Array.from({ length: 768 }, () => call.in8(0x3c9))]);
    },
    restore: (call, bytes) => {
      call.out8(0x3c6, bytes[0]!);
      call.out8(0x3c8, 0);
      for (let at = 1; at <= 768; at++) call.out8(0x3c9, bytes[at]!);
    },
  },
  {
    bit: STATE_VBE, bytes: UNIT,
    save: (call) => Uint8Array.from(VBE_REGISTERS.flatMap((index) => {
      call.out16(VBE_PORT, index);
      const value = call.in16(VBE_PORT + 1);
      return [value & 0xff, value >> 8];
    })),
    restore: (call, bytes) => VBE_REGISTERS.forEach((index, at) => {
      const value = bytes[2 * at]! | (bytes[2 * at + 1]! << 8);
      call.out16(VBE_PORT, index);
      call.out16(VBE_PORT + 1, index === 4 && (value & 1) !== 0 ? value | VBE_NO_CLEAR : value);
    }),
  },
];

export function stateBytes(parts: number): number {
  return PARTS.reduce((sum, part) => sum + ((parts & part.bit) !== 0 ? part.bytes : 0), 0);
}

export function saveState(call: BiosCall, parts: number, at: number): void {
  forEachPart(parts, at, (part, place) => call.writeBytes(place, part.save(call)));
}

export function restoreState(call: BiosCall, parts: number, at: number): void {
  forEachPart(parts, at, (part, place) => {
    const bytes = new Uint8Array(part.bytes);
    call.readBytes(place, bytes);
    part.restore(call, bytes);
  });
}

function forEachPart(parts: number, at: number, act: (part: Part, place: number) => void): void {
  let place = at;
  for (const part of PARTS) {
    if ((parts & part.bit) === 0) continue;
    act(part, place);
    place += part.bytes;
  }
}

/** AH=1Ch. */
export function saveRestoreState(call: BiosCall): void {
  const parts = call.cx & 7;
  const place = call.linear('es', call.bx);
  switch (call.al) {
    case 0: call.bx = Math.ceil(stateBytes(parts) / UNIT); break;
    case 1: saveState(call, parts, place); break;
    case 2: restoreState(call, parts, place); break;
    default: return;
  }
  call.al = 0x1c;
}
