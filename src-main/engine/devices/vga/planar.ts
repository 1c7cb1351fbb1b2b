// The window at A0000h: how a processor access reaches the four planes. The graphics controller's data path with
// its latches, and the sequencer's choice of planes.
// Reference: IBM PS/2 Technical Reference, "Graphics Controller Registers", "Memory Operations"; chain-4 keeps
// the upper address bits in place, as later VGA chips do.

import type { Width } from '../../bus/region.ts';
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

const OUTSIDE = -1;
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

export class PlanarWindow {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;

  constructor(state: VgaState, memory: VideoMemory) {
    this.state = state;
    this.memory = memory;
  }

  read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  private readByte(offset: number): number {
    if (isLinear(this.state))
      return offset < 0x1_0000 ? (this.memory.bytes[bankBase(this.state) + offset] ?? 0) : UNMAPPED_READ;
    const address = this.inWindow(offset);
    if (address === OUTSIDE) return UNMAPPED_READ;
    const { state } = this;
    const { seq, gfx } = state;
    const mode = gfx[GFX_MODE]!;
    let plane = gfx[GFX_READ_MAP]! & 3;
    let at = address;
    if ((seq[SEQ_MEMORY_MODE]! & MEMORY_CHAIN_4) !== 0) {
      plane = address & 3;
      at = chain4(address);
    } else if ((mode & MODE_ODD_EVEN) !== 0) {
      plane = (plane & 2) | (address & 1);
      at = this.chainOddEven(address);
    }
    state.latch = this.memory.words[at & 0xffff]!;
    if ((mode & MODE_READ_COMPARE) === 0) return (state.latch >>> (8 * plane)) & 0xff;
    return this.compare(state.latch);
  }

  /** Read mode 1: a one for each dot whose planes, as far as anyone cares, have the compare colour. */
  private compare(latch: number): number {
    const { gfx } = this.state;
    const care = EXPAND[gfx[GFX_COLOR_DONT_CARE]! & 15]!;
    const different = (latch ^ EXPAND[gfx[GFX_COLOR_COMPARE]! & 15]!) & care;
    return ~(different | (different >>> 8) | (different >>> 16) | (different >>> 24)) & 0xff;
  }

  private writeByte(offset: number, value: number): void {
    if (isLinear(this.state)) {
      const at = bankBase(this.state) + offset;
      if (offset < 0x1_0000 && at < this.memory.bytes.length) this.memory.setByte(at, value);
      return;
    }
    const address = this.inWindow(offset);
    if (address === OUTSIDE) return;
    const { seq } = this.state;
    const memoryMode = seq[SEQ_MEMORY_MODE]!;
    let planes = seq[SEQ_MAP_MASK]! & 15;
    let at = address;
    if ((memoryMode & MEMORY_CHAIN_4) !== 0) {
      planes &= 1 << (address & 3);
      at = chain4(address);
    } else if ((memoryMode & MEMORY_SEQUENTIAL) === 0) {
      planes &= address & 1 ? 0b1010 : 0b0101;
      at = this.chainOddEven(address);
    }
    if (planes !== 0) this.memory.setPlanes(at & 0xffff, this.written(value), EXPAND[planes]!);
  }

  /** What the data path makes of a written byte: one byte a plane. */
  private written(value: number): number {
    const { gfx, latch } = this.state;
    const rotate = gfx[GFX_ROTATE]! & 7;
    const rotated = ((value >>> rotate) | (value << (8 - rotate))) & 0xff;
    const setReset = EXPAND[gfx[GFX_SET_RESET]! & 15]!;
    let bits = gfx[GFX_BIT_MASK]!;
    let data: number;
    switch (gfx[GFX_MODE]! & 3) {
      case 0: {
        const enable = EXPAND[gfx[GFX_ENABLE_SET_RESET]! & 15]!;
        data = (Math.imul(rotated, 0x0101_0101) & ~enable) | (setReset & enable);
        break;
      }
      case 1:
        return latch;
      case 2:
        data = EXPAND[value & 15]!;
        break;
      default:
        bits &= rotated;
        data = setReset;
    }
    const mask = Math.imul(bits, 0x0101_0101);
    return (combine(gfx[GFX_ROTATE]! & 0x18, data, latch) & mask) | (latch & ~mask);
  }

  private inWindow(offset: number): number {
    if ((this.state.output & OUTPUT_MEMORY_ENABLE) === 0) return OUTSIDE;
    const [base, length] = WINDOWS[(this.state.gfx[GFX_MISC]! >>> 2) & 3]!;
    return offset >= base && offset < base + length ? offset - base : OUTSIDE;
  }

  /** Address bit 0 chose the plane; bit 16 takes its place where the window has one. */
  private chainOddEven(address: number): number {
    if ((this.state.gfx[GFX_MISC]! & MISC_CHAIN_ODD_EVEN) === 0) return address;
    return (address & 0xfffe) | ((address >>> 16) & 1);
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
