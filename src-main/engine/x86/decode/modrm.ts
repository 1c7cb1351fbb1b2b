// Memory addresses of ModRM, SIB and moffs.
// Reference: Intel SDM vol. 2A tables 2-1 to 2-3, section 2.2.1.6 (RIP-relative), 2.2.1.3 (moffs).

import { GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { type DecodeState, readByte, readDoubleword, readSignedByte, readWord } from './decode-state.ts';
import type { MemoryAddress } from './instruction.ts';
import { REX_B, REX_X } from './prefixes.ts';

const NONE = -1;
const { rbx, rsp, rbp, rsi, rdi } = GPR_INDEX;
const BASE_16 = [rbx, rbx, rbp, rbp, rsi, rdi, rbp, rbx] as const;
const INDEX_16 = [rsi, rdi, rsi, rdi, NONE, NONE, NONE, NONE] as const;
const SCALES = [1, 2, 4, 8] as const;

const build = (
  s: DecodeState,
  base: number,
  index: number,
  scale: 1 | 2 | 4 | 8,
  displacement: number,
): MemoryAddress => {
  const stack = base === rsp || base === rbp;
  return {
    segment: s.segment >= 0 ? s.segment : stack ? SEGMENT_INDEX.ss : SEGMENT_INDEX.ds,
    base,
    index,
    scale,
    displacement,
    displacementHigh: displacement >> 31,
    ripRelative: false,
  };
};

const readAddress16 = (s: DecodeState, mod: number, rm: number): MemoryAddress => {
  if (mod === 0 && rm === 6) return build(s, NONE, NONE, 1, (readWord(s) << 16) >> 16);
  const displacement = mod === 0 ? 0 : mod === 1 ? readSignedByte(s) : (readWord(s) << 16) >> 16;
  return build(s, BASE_16[rm]!, INDEX_16[rm]!, 1, displacement);
};

const readSib = (s: DecodeState, mod: number): MemoryAddress => {
  const sib = readByte(s);
  const extendedIndex = ((sib >> 3) & 7) | (s.rex & REX_X ? 8 : 0);
  const index = extendedIndex === rsp ? NONE : extendedIndex;
  const scale = index === NONE ? 1 : SCALES[sib >> 6]!;
  // Base 5 without displacement means none; REX.B does not change that.
  if (mod === 0 && (sib & 7) === 5) return build(s, NONE, index, scale, readDoubleword(s));
  const base = (sib & 7) | (s.rex & REX_B ? 8 : 0);
  const displacement = mod === 0 ? 0 : mod === 1 ? readSignedByte(s) : readDoubleword(s);
  return build(s, base, index, scale, displacement);
};

const ripRelative = (s: DecodeState): MemoryAddress => ({
  ...build(s, NONE, NONE, 1, readDoubleword(s)),
  ripRelative: true,
});

/** The memory operand of a ModRM byte (just read) with mod below 3. */
export const readAddress = (s: DecodeState, modRm: number): MemoryAddress => {
  const mod = modRm >> 6;
  const rm = modRm & 7;
  if (s.addressBits === 16) return readAddress16(s, mod, rm);
  if (rm === 4) return readSib(s, mod);
  if (mod === 0 && rm === 5) {
    return s.codeBits === 64 ? ripRelative(s) : build(s, NONE, NONE, 1, readDoubleword(s));
  }
  const displacement = mod === 0 ? 0 : mod === 1 ? readSignedByte(s) : readDoubleword(s);
  return build(s, rm | (s.rex & REX_B ? 8 : 0), NONE, 1, displacement);
};

/** The plain offset of MOV accumulator, moffs: as wide as the address size. */
export const readOffset = (s: DecodeState): MemoryAddress => {
  if (s.addressBits === 16) return build(s, NONE, NONE, 1, (readWord(s) << 16) >> 16);
  const low = build(s, NONE, NONE, 1, readDoubleword(s));
  return s.addressBits === 64 ? { ...low, displacementHigh: readDoubleword(s) } : low;
};
