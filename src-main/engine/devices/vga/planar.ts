// The window at A0000h: how a processor access reaches the four planes. The graphics controller's data path with
// its latches, and the sequencer's choice of planes.
// Reference: IBM PS/2 Technical Reference, "Graphics Controller Registers", "Memory Operations"; chain-4 keeps
// the upper address bits in place, as later VGA chips do.

import type { Width } from '../../bus/region.ts';
import type { DirectWindow } from './direct-window.ts';
import {
  GFX_BIT_MASK,
  GFX_COLOR_COMPARE,
  GFX_COLOR_DONT_CARE,
  GFX_ENABLE_SET_RESET,
  GFX_MISC,
  GFX_MODE,
  GFX_READ_MAP,
  GFX_ROTATE,
  GFX_SET_RESET,
  MEMORY_CHAIN_4,
  MEMORY_SEQUENTIAL,
  MISC_CHAIN_ODD_EVEN,
  MODE_ODD_EVEN,
  MODE_READ_COMPARE,
  OUTPUT_MEMORY_ENABLE,
  SEQ_MAP_MASK,
  SEQ_MEMORY_MODE,
  type VgaState,
} from './registers.ts';
import { bankBase, isLinear } from './vbe.ts';
import type { VideoMemory } from './video-memory.ts';

const UNMAPPED_READ = 0xff;

/** Base and length of the window inside A0000h to BFFFFh, by bits 2 and 3 of the miscellaneous register. */
const WINDOWS = [
  [0x0_0000, 0x2_0000],
  [0x0_0000, 0x1_0000],
  [0x1_0000, 0x0_8000],
  [0x1_8000, 0x0_8000],
] as const;

/** Each of four bits made a byte of ones or zeros: a mask of planes. */
const EXPAND = Uint32Array.from({ length: 16 }, (_, bits) =>
  [0, 1, 2, 3].reduce((mask, plane) => mask | (bits & (1 << plane) ? 0xff << (8 * plane) : 0), 0),
);

type Addressing = 'linear' | 'planes' | 'odd-even' | 'chain-4';

export class PlanarWindow {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;
  // What the registers amount to, worked out at the first access after one of them was written.
  private stale = true;
  private writing: Addressing = 'planes';
  private reading: Addressing = 'planes';
  private base = 0;
  private length = 0;
  private planes = 0;
  private writeMode = 0;
  private rotate = 0;
  private operation = 0;
  private setReset = 0;
  private enable = 0;
  private bits = 0;
  private chainOddEven = false;
  private readonly direct: DirectWindow | undefined;

  constructor(state: VgaState, memory: VideoMemory, direct?: DirectWindow) {
    this.state = state;
    this.memory = memory;
    this.direct = direct;
  }

  registersChanged(): void {
    this.stale = true;
    this.direct?.registersChanged();
  }

  /** Memory is about to be written from elsewhere. */
  release(): void {
    this.direct?.release();
  }

  read(offset: number, width: Width): number {
    if (this.stale) this.update();
    this.direct?.begin();
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.readByte(offset + i) << (8 * i);
    this.direct?.end();
    return value >>> 0;
  }

  write(offset: number, width: Width, value: number): void {
    if (this.stale) this.update();
    this.direct?.begin();
    for (let i = 0; i < width; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
    this.direct?.end();
  }

  private update(): void {
    const { seq, gfx, output } = this.state;
    this.stale = false;
    const linear = isLinear(this.state);
    const [base, length] = linear ? [0, 0x1_0000] : WINDOWS[(gfx[GFX_MISC]! >>> 2) & 3]!;
    this.base = base;
    this.length = linear || (output & OUTPUT_MEMORY_ENABLE) !== 0 ? length : 0;
    const mode = gfx[GFX_MODE]!;
    const memoryMode = seq[SEQ_MEMORY_MODE]!;
    const chain4 = (memoryMode & MEMORY_CHAIN_4) !== 0;
    this.writing = (memoryMode & MEMORY_SEQUENTIAL) === 0 ? 'odd-even' : 'planes';
    this.reading = (mode & MODE_ODD_EVEN) !== 0 ? 'odd-even' : 'planes';
    if (chain4) this.writing = this.reading = 'chain-4';
    if (linear) this.writing = this.reading = 'linear';
    this.planes = seq[SEQ_MAP_MASK]! & 15;
    this.writeMode = mode & 3;
    this.rotate = gfx[GFX_ROTATE]! & 7;
    this.operation = gfx[GFX_ROTATE]! & 0x18;
    this.setReset = EXPAND[gfx[GFX_SET_RESET]! & 15]!;
    this.enable = EXPAND[gfx[GFX_ENABLE_SET_RESET]! & 15]!;
    this.bits = gfx[GFX_BIT_MASK]!;
    this.chainOddEven = (gfx[GFX_MISC]! & MISC_CHAIN_ODD_EVEN) !== 0;
  }

  private readByte(offset: number): number {
    const address = offset - this.base;
    if (address < 0 || address >= this.length) return UNMAPPED_READ;
    const { state } = this;
    let plane = state.gfx[GFX_READ_MAP]! & 3;
    let at = address;
    switch (this.reading) {
      case 'linear':
        return this.memory.bytes[bankBase(state) + address] ?? 0;
      case 'chain-4':
        plane = address & 3;
        at = chain4(address);
        break;
      case 'odd-even':
        plane = (plane & 2) | (address & 1);
        at = this.oddEven(address);
        break;
    }
    const latch = this.memory.words[at & 0xffff]!;
    state.latch = latch;
    if ((state.gfx[GFX_MODE]! & MODE_READ_COMPARE) === 0) return (latch >>> (8 * plane)) & 0xff;
    return this.compare(latch);
  }

  /** Read mode 1: a one for each dot whose planes, as far as anyone cares, have the compare colour. */
  private compare(latch: number): number {
    const { gfx } = this.state;
    const care = EXPAND[gfx[GFX_COLOR_DONT_CARE]! & 15]!;
    const different = (latch ^ EXPAND[gfx[GFX_COLOR_COMPARE]! & 15]!) & care;
    return ~(different | (different >>> 8) | (different >>> 16) | (different >>> 24)) & 0xff;
  }

  private writeByte(offset: number, value: number): void {
    const address = offset - this.base;
    if (address < 0 || address >= this.length) return;
    let { planes } = this;
    let at = address;
    switch (this.writing) {
      case 'linear': {
        const linear = bankBase(this.state) + address;
        if (linear < this.memory.bytes.length) this.memory.setByte(linear, value);
        return;
      }
      case 'chain-4':
        planes &= 1 << (address & 3);
        at = chain4(address);
        break;
      case 'odd-even':
        planes &= address & 1 ? 0b1010 : 0b0101;
        at = this.oddEven(address);
        break;
    }
    if (planes !== 0) this.memory.setPlanes(at & 0xffff, this.written(value), EXPAND[planes]!);
  }

  /** What the data path makes of a written byte: one byte a plane. */
  private written(value: number): number {
    const { latch } = this.state;
    let { bits } = this;
    let data: number;
    switch (this.writeMode) {
      case 0:
        data = (Math.imul(this.rotated(value), 0x0101_0101) & ~this.enable) | (this.setReset & this.enable);
        break;
      case 1:
        return latch;
      case 2:
        data = EXPAND[value & 15]!;
        break;
      default:
        bits &= this.rotated(value);
        data = this.setReset;
    }
    if (this.operation !== 0) data = combine(this.operation, data, latch);
    if (bits === 0xff) return data;
    const mask = Math.imul(bits, 0x0101_0101);
    return (data & mask) | (latch & ~mask);
  }

  private rotated(value: number): number {
    const { rotate } = this;
    return rotate === 0 ? value : ((value >>> rotate) | (value << (8 - rotate))) & 0xff;
  }

  /** Address bit 0 chose the plane; bit 16 takes its place where the window has one. */
  private oddEven(address: number): number {
    return this.chainOddEven ? (address & 0xfffe) | ((address >>> 16) & 1) : address;
  }
}

function chain4(address: number): number {
  return (address & 0xfffc) | ((address >>> 16) & 3);
}

function combine(operation: number, data: number, latch: number): number {
  switch (operation) {
    case 0x08:
      return data & latch;
    case 0x10:
      return data | latch;
    case 0x18:
      return data ^ latch;
    default:
      return data;
  }
}
