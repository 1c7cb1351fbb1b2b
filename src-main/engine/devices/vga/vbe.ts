// The Bochs VBE registers: modes beyond the VGA's, set by number of dots and bits, shown from a linear frame buffer.
// Reference: the interface description of the Bochs VBE display ("VBE_DISPI" registers, version B0C5h).

import type { VgaState } from './registers.ts';

export const VBE_ID = 0;
export const VBE_XRES = 1;
export const VBE_YRES = 2;
export const VBE_BPP = 3;
export const VBE_ENABLE = 4;
export const VBE_BANK = 5;
export const VBE_VIRT_WIDTH = 6;
export const VBE_VIRT_HEIGHT = 7;
export const VBE_X_OFFSET = 8;
export const VBE_Y_OFFSET = 9;
export const VBE_VIDEO_MEMORY_64K = 10;

export const VBE_ENABLED = 0x01;
export const VBE_GETCAPS = 0x02;
export const VBE_8BIT_DAC = 0x20;
export const VBE_LFB_ENABLED = 0x40;
export const VBE_NOCLEARMEM = 0x80;

const NEWEST_ID = 0xb0c5;
const OLDEST_ID = 0xb0c0;
const MAX_XRES = 2560;
const MAX_YRES = 1600;
const MAX_BPP = 32;
const BANK_BYTES = 0x1_0000;
const DEPTHS = [4, 8, 15, 16, 24, 32];

export function isVbe(state: VgaState): boolean {
  return (state.vbe[VBE_ENABLE]! & VBE_ENABLED) !== 0;
}

/** The window at A0000h shows a bank of linear memory. */
export function isLinear(state: VgaState): boolean {
  return isVbe(state) && state.vbe[VBE_BPP] !== 4;
}

export function bankBase(state: VgaState): number {
  return state.vbe[VBE_BANK]! * BANK_BYTES;
}

export function dacIs8Bit(state: VgaState): boolean {
  return (state.vbe[VBE_ENABLE]! & VBE_8BIT_DAC) !== 0;
}

/** Bytes from one row of the virtual screen to the next; in four-bit modes, bytes of one plane. */
export function vbePitch(state: VgaState, virtualWidth = state.vbe[VBE_VIRT_WIDTH]!): number {
  const bpp = state.vbe[VBE_BPP]!;
  return bpp === 4 ? virtualWidth >>> 3 : virtualWidth * ((bpp + 7) >>> 3);
}

export class VbeRegisters {
  private readonly state: VgaState;
  private readonly memoryBytes: number;
  private readonly clear: () => void;

  /** `clear` blackens the video memory. */
  constructor(state: VgaState, memoryBytes: number, clear: () => void) {
    this.state = state;
    this.memoryBytes = memoryBytes;
    this.clear = clear;
    this.reset();
  }

  reset(): void {
    this.state.vbe[VBE_ID] = NEWEST_ID;
    this.state.vbe[VBE_VIDEO_MEMORY_64K] = this.memoryBytes >>> 16;
  }

  /** What no guest could have set is switched off. */
  afterRestore(): void {
    const { state } = this;
    const { vbe } = state;
    vbe[VBE_VIDEO_MEMORY_64K] = this.memoryBytes >>> 16;
    const possible =
      vbe[VBE_XRES]! <= MAX_XRES &&
      DEPTHS.includes(vbe[VBE_BPP]!) &&
      vbe[VBE_VIRT_WIDTH]! >= vbe[VBE_XRES]! &&
      this.fits(vbe[VBE_VIRT_WIDTH]!) &&
      Math.max(vbe[VBE_X_OFFSET]!, vbe[VBE_Y_OFFSET]!) <= 0xffff &&
      vbe[VBE_BANK]! < vbe[VBE_VIDEO_MEMORY_64K]!;
    if (!possible) vbe[VBE_ENABLE] = vbe[VBE_ENABLE]! & ~VBE_ENABLED;
  }

  read(index: number): number {
    const { vbe } = this.state;
    if ((vbe[VBE_ENABLE]! & VBE_GETCAPS) !== 0) {
      if (index === VBE_XRES) return MAX_XRES;
      if (index === VBE_YRES) return MAX_YRES;
      if (index === VBE_BPP) return MAX_BPP;
    }
    return vbe[index] ?? 0;
  }

  write(index: number, value: number): void {
    const { vbe } = this.state;
    switch (index) {
      case VBE_ID:
        if (value >= OLDEST_ID && value <= NEWEST_ID) vbe[VBE_ID] = value;
        return;
      case VBE_XRES:
        if (!isVbe(this.state) && value <= MAX_XRES) vbe[VBE_XRES] = value & ~7;
        return;
      case VBE_YRES:
        if (!isVbe(this.state) && value <= MAX_YRES) vbe[VBE_YRES] = value;
        return;
      case VBE_BPP:
        if (!isVbe(this.state) && DEPTHS.includes(value || 8)) vbe[VBE_BPP] = value || 8;
        return;
      case VBE_ENABLE:
        this.enable(value);
        return;
      case VBE_BANK:
        if (value < vbe[VBE_VIDEO_MEMORY_64K]!) vbe[VBE_BANK] = value;
        return;
      case VBE_VIRT_WIDTH:
        this.setVirtualWidth(value);
        return;
      case VBE_X_OFFSET:
      case VBE_Y_OFFSET:
        if (isVbe(this.state)) vbe[index] = value;
        return;
    }
  }

  /** A mode that does not fit in memory stays off. */
  private enable(value: number): void {
    const { state } = this;
    const { vbe } = state;
    const flags = value & (VBE_ENABLED | VBE_GETCAPS | VBE_8BIT_DAC | VBE_LFB_ENABLED | VBE_NOCLEARMEM);
    const wasOn = isVbe(state);
    vbe[VBE_ENABLE] = flags;
    if ((flags & VBE_ENABLED) === 0 || wasOn) return;
    vbe[VBE_BPP] ||= 8;
    if (!this.fits(vbe[VBE_XRES]!)) {
      vbe[VBE_ENABLE] = flags & ~VBE_ENABLED;
      return;
    }
    vbe[VBE_BANK] = 0;
    vbe[VBE_X_OFFSET] = 0;
    vbe[VBE_Y_OFFSET] = 0;
    this.setVirtualWidth(vbe[VBE_XRES]!);
    if ((flags & VBE_NOCLEARMEM) === 0) this.clear();
  }

  /** The height follows: as many rows as there is memory for. */
  private setVirtualWidth(width: number): void {
    const { state } = this;
    const { vbe } = state;
    if (!isVbe(state) || width < vbe[VBE_XRES]!) return;
    const height = Math.min(0xffff, Math.floor(this.rowMemory() / vbePitch(state, width)));
    if (height < vbe[VBE_YRES]!) return;
    vbe[VBE_VIRT_WIDTH] = width & ~7;
    vbe[VBE_VIRT_HEIGHT] = height;
  }

  private fits(width: number): boolean {
    const height = this.state.vbe[VBE_YRES]!;
    const pitch = vbePitch(this.state, width);
    return pitch > 0 && height > 0 && height <= MAX_YRES && pitch * height <= this.rowMemory();
  }

  /** Rows lie in all of memory, or in a quarter of it where each plane has a byte. */
  private rowMemory(): number {
    return this.state.vbe[VBE_BPP] === 4 ? this.memoryBytes >>> 2 : this.memoryBytes;
  }
}
