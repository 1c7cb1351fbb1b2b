// Lets the processor use the window at A0000h as plain memory while its bytes are just that: chain-4 modes without any
// of the graphics controller's operations (mode 13h), and banks of VBE modes. What a byte means otherwise is up to
// `planar.ts`.

import {
  GFX_BIT_MASK,
  GFX_ENABLE_SET_RESET,
  GFX_MISC,
  GFX_MODE,
  GFX_ROTATE,
  MEMORY_CHAIN_4,
  MODE_READ_COMPARE,
  OUTPUT_MEMORY_ENABLE,
  SEQ_MAP_MASK,
  SEQ_MEMORY_MODE,
  type VgaState,
} from './registers.ts';
import { bankBase, isLinear } from './vbe.ts';
import type { DirectAccess, VideoMemory } from './video-memory.ts';

export const WINDOW_COPY_BYTES = 0x1_0000;
/** Mapping costs as much as about this many accesses; programs that switch more often are better off without. */
const OFTEN = 100;
const WINDOW_MASK = 0x0c;
/** A0000h to AFFFFh. */
const WINDOW_64K = 0x04;

export class DirectWindow {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;
  private readonly access: DirectAccess;
  private uses = 0;
  /** Where the window leads to at present. */
  private mapped: number | undefined;

  constructor(state: VgaState, memory: VideoMemory, access: DirectAccess) {
    this.state = state;
    this.memory = memory;
    this.access = access;
  }

  /** An access comes by way of the device, around the mapping: part of one that crosses its border, or another device's. */
  begin(): void {
    if (this.mapped !== undefined) this.release();
  }

  /** It has been carried out. */
  end(): void {
    if (++this.uses === OFTEN) this.enter();
  }

  /** Memory is about to be written from elsewhere. */
  release(): void {
    this.uses = 0;
    if (this.mapped !== undefined) this.leave();
  }

  registersChanged(): void {
    this.uses = 0;
    if (this.mapped !== undefined && this.offset() !== this.mapped) this.leave();
  }

  private enter(): void {
    const offset = this.offset();
    if (offset === undefined) return;
    if (this.isCopy(offset)) this.memory.beginCopy();
    this.mapped = offset;
    this.access.mapWindow({ offset });
  }

  private leave(): void {
    if (this.isCopy(this.mapped)) this.memory.endCopy();
    this.mapped = undefined;
    this.access.mapWindow(undefined);
  }

  private isCopy(offset: number | undefined): boolean {
    return offset === this.memory.bytes.length;
  }

  /** Where in memory, or behind it in the copy, the window's bytes are; undefined while they aren't plain bytes. */
  private offset(): number | undefined {
    const { state, memory } = this;
    if (isLinear(state)) {
      const base = bankBase(state);
      return base + WINDOW_COPY_BYTES <= memory.bytes.length ? base : undefined;
    }
    const { seq, gfx, output } = state;
    const plain =
      (output & OUTPUT_MEMORY_ENABLE) !== 0 &&
      (gfx[GFX_MISC]! & WINDOW_MASK) === WINDOW_64K &&
      (seq[SEQ_MEMORY_MODE]! & MEMORY_CHAIN_4) !== 0 &&
      (seq[SEQ_MAP_MASK]! & 15) === 15 &&
      (gfx[GFX_MODE]! & (MODE_READ_COMPARE | 3)) === 0 &&
      (gfx[GFX_ROTATE]! & 0x1f) === 0 &&
      (gfx[GFX_ENABLE_SET_RESET]! & 15) === 0 &&
      gfx[GFX_BIT_MASK] === 0xff;
    return plain ? memory.bytes.length : undefined;
  }
}
