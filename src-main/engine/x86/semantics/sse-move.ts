// Data movement of MMX and SSE to SSE4.1: whole registers, low and high parts, general registers, masks.
// Not here: shuffles of lanes chosen by an immediate (sse-shuffle.ts), conversions (sse-convert.ts).
// Reference: Intel SDM vol. 1, 9.4.1, 10.4.1, 11.4.1, 12.3.3-12.3.4.

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import {
  enterMmx,
  isMmx,
  joinLow,
  lane64,
  mergeLow,
  readLow,
  readVector,
  shuffle,
  toVector,
  vectorResult,
  waitForX87,
  zeroExtendToVector,
} from './vector-operand.ts';

/** A copy of the whole operand: MOVAPS, MOVDQU, MOVNTPS and their like differ in decoding only. */
function moveWhole(e: Emitter, destination: Operand, source: Operand): void {
  vectorResult(e, [destination, source], () => readVector(e, source));
}

/** MOVSS, MOVSD: a load clears the rest of the register, a register copy keeps it. */
function moveScalar(bits: 32 | 64): Semantics {
  return (e, destination, source) => {
    const value = readLow(e, source, bits);
    if (destination.kind === 'memory') e.write(destination, value);
    else if (source.kind === 'memory') e.write(destination, zeroExtendToVector(e, value));
    else mergeLow(e, destination, value);
  };
}

/** MOVD and MOVQ between a general register or memory and the low part of an MM or XMM register. */
function moveQuad(e: Emitter, destination: Operand, source: Operand): void {
  const mmx = isMmx(destination, source);
  if (mmx) waitForX87(e);
  if (destination.file === 'xmm') {
    e.write(destination, zeroExtendToVector(e, lowPart(e, source, source.bits)));
  } else {
    const bits = destination.file === 'mmx' ? source.bits : destination.bits;
    const value = lowPart(e, source, bits);
    const wide = destination.bits === value.bits ? value : e.zeroExtend(value, 64);
    e.write(destination, wide);
  }
  if (mmx) enterMmx(e);
}

function lowPart(e: Emitter, source: Operand, bits: number): Value {
  return readLow(e, source, bits === 32 ? 32 : 64);
}

/** MOVLPS, MOVLPD: the low half from or to memory; MOVHLPS shares the opcode and has its own name. */
function moveLowHalf(e: Emitter, destination: Operand, source: Operand): void {
  const value = readLow(e, source, 64);
  if (destination.kind === 'memory') e.write(destination, value);
  else mergeLow(e, destination, value);
}

function moveHighHalf(e: Emitter, destination: Operand, source: Operand): void {
  if (destination.kind === 'memory') {
    e.write(destination, lane64(e, wholeOf(e, source), 1));
    return;
  }
  const value = readLow(e, source, 64);
  e.write(destination, e.op('i64x2.replace_lane', 1, wholeOf(e, destination), value));
}

/** The upper half exists only in the 128-bit form of an operand: the opcode rows give these as 128 bits. */
function wholeOf(e: Emitter, operand: Operand): Value {
  return toVector(e, e.read(operand));
}

function duplicate(bytes: readonly number[]): Semantics {
  return (e, destination, source) => {
    const value = readVector(e, source);
    e.write(destination, shuffle(e, bytes, value, value));
  };
}

/** Sign bits of the lanes into a general register. */
function mask(name: string): Semantics {
  return (e, destination, source) => {
    const mmx = isMmx(source);
    if (mmx) waitForX87(e);
    const bits = e.op(name, readVector(e, source));
    const kept = mmx ? e.and(bits, e.constant(32, 0xff)) : bits;
    e.write(destination, destination.bits === 64 ? e.zeroExtend(kept, 64) : kept);
    if (mmx) enterMmx(e);
  };
}

/**
 * MASKMOVDQU, MASKMOVQ: bytes of the first operand whose mask byte has its top bit set go to DS:rDI. The
 * unselected bytes are read and written back: the range is checked as a whole, which the manual allows.
 */
function maskedStore(e: Emitter, data: Operand, selector: Operand): void {
  const mmx = isMmx(data);
  if (mmx) waitForX87(e);
  const offset = e.register('rdi', e.shape.addressBits);
  const chosen = e.op('i8x16.shr_s', readVector(e, selector), e.constant(32, 7));
  const value = readVector(e, data);
  const any = e.notEqual(e.or(lane64(e, chosen, 0), lane64(e, chosen, mmx ? 0 : 1)), e.constant(64, 0));
  e.when(any, () => {
    const old = toVector(e, e.load('instruction', offset, mmx ? 64 : 128));
    const merged = e.op('v128.bitselect', value, old, chosen);
    e.store('instruction', offset, mmx ? lane64(e, merged, 0) : merged);
  });
  if (mmx) enterMmx(e);
}

export const SSE_MOVE: Readonly<Record<string, Semantics>> = {
  MOVAPS: moveWhole,
  MOVUPS: moveWhole,
  MOVAPD: moveWhole,
  MOVUPD: moveWhole,
  MOVDQA: moveWhole,
  MOVDQU: moveWhole,
  LDDQU: moveWhole,
  MOVNTPS: moveWhole,
  MOVNTPD: moveWhole,
  MOVNTDQ: moveWhole,
  MOVNTDQA: moveWhole,
  MOVNTQ: moveWhole,

  MOVSS: moveScalar(32),
  MOVSD_XMM: moveScalar(64),
  MOVD: moveQuad,
  MOVQ: moveQuad,
  MOVQ2DQ: moveQuad,
  MOVDQ2Q: moveQuad,

  MOVLPS: moveLowHalf,
  MOVLPD: moveLowHalf,
  MOVHPS: moveHighHalf,
  MOVHPD: moveHighHalf,
  MOVHLPS(e, destination, source) {
    const high = lane64(e, wholeOf(e, source), 1);
    e.write(destination, e.op('i64x2.replace_lane', 0, wholeOf(e, destination), high));
  },
  MOVLHPS(e, destination, source) {
    e.write(destination, joinLow(e, wholeOf(e, destination), wholeOf(e, source)));
  },
  MOVDDUP(e, destination, source) {
    e.write(destination, e.op('i64x2.splat', readLow(e, source, 64)));
  },
  MOVSLDUP: duplicate([0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11]),
  MOVSHDUP: duplicate([4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15]),

  MOVMSKPS: mask('i32x4.bitmask'),
  MOVMSKPD: mask('i64x2.bitmask'),
  PMOVMSKB: mask('i8x16.bitmask'),
  MASKMOVDQU: maskedStore,
  MASKMOVQ: maskedStore,

  EMMS(e) {
    waitForX87(e);
    e.setState('ftag', e.constant(32, 0));
  },
};
