// Packed shifts of MMX and SSE2, by a register, memory or an immediate, and PALIGNR.
// Reference: Intel SDM vol. 2, PSLLW/PSLLD/PSLLQ, PSRLx, PSRAx, PSLLDQ, PSRLDQ, PALIGNR.

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import {
  atMost,
  constant32,
  IDENTITY,
  isMmx,
  joinLow,
  lane64,
  laneConstant,
  read32,
  readVector,
  toVector,
  vectorResult,
  zeroVector,
} from './vector-operand.ts';

/** The count: an immediate, or the low 64 bits of the source, cut to `limit` when it is larger. */
function countOf(e: Emitter, source: Operand, limit: number): Value {
  if (source.kind === 'immediate') return atMost(e, read32(e, source), limit);
  const value = e.read(source);
  const wide = value.type === 'v128' ? lane64(e, value, 0) : value;
  const bound = e.constant(64, limit);
  return e.truncate(e.select(e.lessU(bound, wide), bound, wide), 32);
}

/** Logical: a count of the lane width or more clears the lanes, where WebAssembly would take it modulo. */
function logical(name: string, bits: number): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const count = countOf(e, source, bits);
      const shifted = e.op(name, readVector(e, destination), count);
      return e.select(e.lessU(count, constant32(e, bits)), shifted, zeroVector(e));
    });
}

/** Arithmetic: a larger count gives copies of the sign, as the largest allowed one does. */
function arithmetic(name: string, bits: number): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const count = countOf(e, source, bits - 1);
      return e.op(name, readVector(e, destination), count);
    });
}

/** Swizzle index of byte `i + offset`; out of range gives zero bytes. */
function shiftedIndex(e: Emitter, offset: Value): Value {
  return e.op('i8x16.add', laneConstant(e, 8, IDENTITY), e.op('i8x16.splat', offset));
}

function shiftBytes(direction: 1 | -1): Semantics {
  return (e, destination, source) => {
    const count = atMost(e, read32(e, source), 16);
    const index = shiftedIndex(e, direction === 1 ? count : e.neg(count));
    e.write(destination, e.op('i8x16.swizzle', readVector(e, destination), index));
  };
}

/** Destination and source as one long vector, source low, shifted right by bytes. */
function align(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  vectorResult(e, [destination, source], () => {
    const right = toVector(e, e.read(source));
    const left = readVector(e, destination);
    if (isMmx(destination)) {
      const count = atMost(e, read32(e, control), 16);
      return e.op('i8x16.swizzle', joinLow(e, right, left), shiftedIndex(e, count));
    }
    const count = atMost(e, read32(e, control), 32);
    const low = e.op('i8x16.swizzle', right, shiftedIndex(e, count));
    const high = e.op('i8x16.swizzle', left, shiftedIndex(e, e.sub(count, constant32(e, 16))));
    return e.op('v128.or', low, high);
  });
}

export const SSE_SHIFT: Readonly<Record<string, Semantics>> = {
  PSLLW: logical('i16x8.shl', 16),
  PSLLD: logical('i32x4.shl', 32),
  PSLLQ: logical('i64x2.shl', 64),
  PSRLW: logical('i16x8.shr_u', 16),
  PSRLD: logical('i32x4.shr_u', 32),
  PSRLQ: logical('i64x2.shr_u', 64),
  PSRAW: arithmetic('i16x8.shr_s', 16),
  PSRAD: arithmetic('i32x4.shr_s', 32),
  PSRLDQ: shiftBytes(1),
  PSLLDQ: shiftBytes(-1),
  PALIGNR: align,
};
