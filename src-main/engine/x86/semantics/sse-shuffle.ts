// Rearranging lanes: shuffles, unpacks, packs, inserts, extracts, blends and widening moves.
// An immediate is a run-time value here, so it becomes a byte-index vector for `swizzle`, or a lane mask.
// Reference: Intel SDM vol. 1, 9.4.2-9.4.3, 10.4.4, 11.4.1.3, 12.10.3-12.10.9.

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import {
  constant32,
  enterMmx,
  fromHalves,
  IDENTITY,
  isMmx,
  joinLow,
  lane64,
  laneConstant,
  read32,
  readLow,
  readVector,
  shuffle,
  toVector,
  vectorResult,
  waitForX87,
} from './vector-operand.ts';

/** Field `n` of `width` bits of an immediate, as 64 bits. */
function field(e: Emitter, imm: Value, n: number, width: 1 | 2): Value {
  const shifted = n === 0 ? imm : e.shr(imm, constant32(e, n * width));
  return e.zeroExtend(e.and(shifted, constant32(e, (1 << width) - 1)), 64);
}

/** Four 16-bit lane selectors of an immediate as eight byte indices, relative to byte `base`. */
function wordIndex(e: Emitter, imm: Value, base: number): Value {
  let index = e.constant(64, 0x0100_0100_0100_0100n + BigInt(base) * 0x0101_0101_0101_0101n);
  for (let lane = 0; lane < 4; lane++) {
    const scaled = e.mul(field(e, imm, lane, 2), e.constant(64, 0x0202n << BigInt(16 * lane)));
    index = e.add(index, scaled);
  }
  return index;
}

/** Two 32-bit lane selectors (`first`, `first + 1`) as eight byte indices. */
function dwordIndex(e: Emitter, imm: Value, first: number): Value {
  const low = e.mul(field(e, imm, first, 2), e.constant(64, 0x0404_0404n));
  const high = e.mul(field(e, imm, first + 1, 2), e.constant(64, 0x0404_0404_0000_0000n));
  return e.add(e.add(low, high), e.constant(64, 0x0302_0100_0302_0100n));
}

const LOW_IDENTITY = 0x0706_0504_0302_0100n;
const HIGH_IDENTITY = 0x0f0e_0d0c_0b0a_0908n;

function swizzle(e: Emitter, value: Value, low: Value, high: Value): Value {
  return e.op('i8x16.swizzle', value, fromHalves(e, low, high));
}

/** PSHUFB: a set top bit of the index byte gives zero; the rest of the byte counts modulo the register. */
function shuffleBytes(e: Emitter, destination: Operand, source: Operand): void {
  vectorResult(e, [destination, source], () => {
    const kept = isMmx(destination) ? 0x87 : 0x8f;
    const index = e.op(
      'v128.and',
      readVector(e, source),
      laneConstant(e, 8, new Array<number>(16).fill(kept)),
    );
    return e.op('i8x16.swizzle', readVector(e, destination), index);
  });
}

function shuffleSingles(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const right = readVector(e, source);
  const left = readVector(e, destination);
  const imm = read32(e, control);
  const low = dwordIndex(e, imm, 0);
  const high = dwordIndex(e, imm, 2);
  e.write(destination, joinLow(e, swizzle(e, left, low, low), swizzle(e, right, high, high)));
}

function shuffleDoubles(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const right = readVector(e, source);
  const left = readVector(e, destination);
  const imm = read32(e, control);
  const pick = (vector: Value, n: number) =>
    e.select(e.bit(imm, n), lane64(e, vector, 1), lane64(e, vector, 0));
  e.write(destination, fromHalves(e, pick(left, 0), pick(right, 1)));
}

/** Interleaved lanes of the low or high halves; `lane` is the lane width in bytes. */
function unpack(lane: 1 | 2 | 4 | 8, half: 'low' | 'high'): Semantics {
  const bytes = (start: number) =>
    Array.from({ length: 16 }, (_, byte) => {
      const position = Math.floor(byte / lane);
      return start + Math.floor(position / 2) * lane + (byte % lane) + (position % 2) * 16;
    });
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const right = readVector(e, source);
      const left = readVector(e, destination);
      if (half === 'low') return shuffle(e, bytes(0), left, right);
      return shuffle(e, bytes(isMmx(destination) ? 4 : 8), left, right);
    });
}

/** Narrowing with saturation: destination gives the low lanes, source the high ones. */
function pack(name: string): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const right = readVector(e, source);
      const left = readVector(e, destination);
      if (!isMmx(destination)) return e.op(name, left, right);
      const both = joinLow(e, left, right);
      return e.op(name, both, both);
    });
}

/** All ones in the lane whose number is `lane`. */
function laneMask(e: Emitter, lanes: 'i8x16' | 'i16x8' | 'i32x4', lane: Value): Value {
  const bits = lanes === 'i8x16' ? 8 : lanes === 'i16x8' ? 16 : 32;
  const numbers = laneConstant(e, bits, IDENTITY.slice(0, 128 / bits));
  return e.op(`${lanes}.eq`, numbers, e.op(`${lanes}.splat`, lane));
}

function insert(lanes: 'i8x16' | 'i16x8' | 'i32x4', count: number): Semantics {
  return (e, destination, source, control) =>
    vectorResult(e, [destination, source], () => {
      const value = e.op(`${lanes}.splat`, read32(e, source));
      const wrap = isMmx(destination) ? 3 : count - 1;
      const lane = e.and(read32(e, control), constant32(e, wrap));
      return e.op('v128.bitselect', value, readVector(e, destination), laneMask(e, lanes, lane));
    });
}

function insertQuad(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const value = e.read(source);
  const old = readVector(e, destination);
  const high = e.bit(read32(e, control), 0);
  const lower = e.select(high, lane64(e, old, 0), value);
  e.write(destination, fromHalves(e, lower, e.select(high, value, lane64(e, old, 1))));
}

/** Brings the chosen lane of 1, 2 or 4 bytes to the bottom. */
function laneAt(e: Emitter, vector: Value, control: Operand, bytes: 1 | 2 | 4, lanes: number): Value {
  const lane = e.and(read32(e, control), constant32(e, lanes - 1));
  const start = e.op('i8x16.splat', e.mul(lane, constant32(e, bytes)));
  const index = e.op('i8x16.add', laneConstant(e, 8, IDENTITY), start);
  const moved = e.op('i8x16.swizzle', vector, index);
  if (bytes === 4) return e.op('i32x4.extract_lane', 0, moved);
  return e.op(bytes === 2 ? 'i16x8.extract_lane_u' : 'i8x16.extract_lane_u', 0, moved);
}

/** PEXTRB, PEXTRW, PEXTRD, EXTRACTPS: zero-extended in a register, exactly as wide as the lane in memory. */
function extract(bytes: 1 | 2 | 4): Semantics {
  return (e, destination, source, control) => {
    const mmx = isMmx(source);
    if (mmx) waitForX87(e);
    const value = laneAt(e, readVector(e, source), control, bytes, mmx ? 4 : 16 / bytes);
    if (destination.bits === 64) e.write(destination, e.zeroExtend(value, 64));
    else e.write(destination, destination.bits === 32 ? value : e.truncate(value, bytes === 1 ? 8 : 16));
    if (mmx) enterMmx(e);
  };
}

function extractQuad(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const vector = readVector(e, source);
  const high = e.bit(read32(e, control), 0);
  e.write(destination, e.select(high, lane64(e, vector, 1), lane64(e, vector, 0)));
}

/** INSERTPS: source lane (bits 7-6; memory has only one), destination lane (5-4), lanes to clear (3-0). */
function insertSingle(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const imm = read32(e, control);
  const shifted = (n: number) => e.and(e.shr(imm, constant32(e, n)), constant32(e, 3));
  const read = e.read(source);
  const value =
    read.type === 'v128'
      ? e.op(
          'i32x4.extract_lane',
          0,
          e.op(
            'i8x16.swizzle',
            read,
            e.op(
              'i8x16.add',
              laneConstant(e, 8, IDENTITY),
              e.op('i8x16.splat', e.mul(shifted(6), constant32(e, 4))),
            ),
          ),
        )
      : read;
  const old = readVector(e, destination);
  const merged = e.op('v128.bitselect', e.op('i32x4.splat', value), old, laneMask(e, 'i32x4', shifted(4)));
  e.write(destination, e.op('v128.andnot', merged, immediateMask(e, 'i32x4', imm)));
}

/** All ones in each lane whose bit of the immediate is set. */
function immediateMask(e: Emitter, lanes: 'i16x8' | 'i32x4' | 'i64x2', imm: Value): Value {
  const bits = lanes === 'i16x8' ? 16 : lanes === 'i32x4' ? 32 : 64;
  const weights = laneConstant(
    e,
    bits,
    Array.from({ length: 128 / bits }, (_, lane) => 1 << lane),
  );
  const spread = e.op(`${lanes}.splat`, bits === 64 ? e.zeroExtend(imm, 64) : imm);
  return e.op(`${lanes}.eq`, e.op('v128.and', spread, weights), weights);
}

function blendImmediate(lanes: 'i16x8' | 'i32x4' | 'i64x2'): Semantics {
  return (e, destination, source, control) => {
    const right = readVector(e, source);
    const mask = immediateMask(e, lanes, read32(e, control));
    e.write(destination, e.op('v128.bitselect', right, readVector(e, destination), mask));
  };
}

/** Lanes chosen by the top bits of XMM0. */
function blendVariable(lanes: 'i8x16' | 'i32x4' | 'i64x2', topBit: number): Semantics {
  return (e, destination, source) => {
    const right = readVector(e, source);
    const mask = e.op(`${lanes}.shr_s`, e.state('xmm', 0), constant32(e, topBit));
    e.write(destination, e.op('v128.bitselect', right, readVector(e, destination), mask));
  };
}

/** PMOVSX, PMOVZX: each step doubles the width of the low lanes. */
function widen(...steps: readonly string[]): Semantics {
  return (e, destination, source) => {
    const value = toVector(e, source.bits < 64 ? e.zeroExtend(readLow(e, source, 32), 64) : e.read(source));
    e.write(
      destination,
      steps.reduce((vector, step) => e.op(step, vector), value),
    );
  };
}

const widening = (sign: 's' | 'u') => {
  const bytes = `i16x8.extend_low_i8x16_${sign}`;
  const words = `i32x4.extend_low_i16x8_${sign}`;
  const dwords = `i64x2.extend_low_i32x4_${sign}`;
  return {
    BW: widen(bytes),
    BD: widen(bytes, words),
    BQ: widen(bytes, words, dwords),
    WD: widen(words),
    WQ: widen(words, dwords),
    DQ: widen(dwords),
  };
};
const signed = widening('s');
const unsigned = widening('u');

const insertDword = insert('i32x4', 4);
const extractDword = extract(4);

export const SSE_SHUFFLE: Readonly<Record<string, Semantics>> = {
  PSHUFB: shuffleBytes,
  PSHUFD(e, destination, source, control) {
    const imm = read32(e, control);
    e.write(destination, swizzle(e, readVector(e, source), dwordIndex(e, imm, 0), dwordIndex(e, imm, 2)));
  },
  PSHUFLW(e, destination, source, control) {
    const low = wordIndex(e, read32(e, control), 0);
    e.write(destination, swizzle(e, readVector(e, source), low, e.constant(64, HIGH_IDENTITY)));
  },
  PSHUFHW(e, destination, source, control) {
    const high = wordIndex(e, read32(e, control), 8);
    e.write(destination, swizzle(e, readVector(e, source), e.constant(64, LOW_IDENTITY), high));
  },
  PSHUFW(e, destination, source, control) {
    vectorResult(e, [destination, source], () => {
      const index = wordIndex(e, read32(e, control), 0);
      return swizzle(e, readVector(e, source), index, index);
    });
  },
  SHUFPS: shuffleSingles,
  SHUFPD: shuffleDoubles,

  PUNPCKLBW: unpack(1, 'low'),
  PUNPCKLWD: unpack(2, 'low'),
  PUNPCKLDQ: unpack(4, 'low'),
  PUNPCKLQDQ: unpack(8, 'low'),
  PUNPCKHBW: unpack(1, 'high'),
  PUNPCKHWD: unpack(2, 'high'),
  PUNPCKHDQ: unpack(4, 'high'),
  PUNPCKHQDQ: unpack(8, 'high'),
  UNPCKLPS: unpack(4, 'low'),
  UNPCKHPS: unpack(4, 'high'),
  UNPCKLPD: unpack(8, 'low'),
  UNPCKHPD: unpack(8, 'high'),

  PACKSSWB: pack('i8x16.narrow_i16x8_s'),
  PACKUSWB: pack('i8x16.narrow_i16x8_u'),
  PACKSSDW: pack('i16x8.narrow_i32x4_s'),
  PACKUSDW: pack('i16x8.narrow_i32x4_u'),

  PINSRB: insert('i8x16', 16),
  PINSRW: insert('i16x8', 8),
  /** PINSRQ by operand size. */
  PINSRD(e, destination, source, control) {
    if (source.bits === 64) insertQuad(e, destination, source, control);
    else insertDword(e, destination, source, control, control);
  },
  PEXTRB: extract(1),
  PEXTRW: extract(2),
  /** PEXTRQ by operand size. */
  PEXTRD(e, destination, source, control) {
    if (destination.bits === 64) extractQuad(e, destination, source, control);
    else extractDword(e, destination, source, control, control);
  },
  EXTRACTPS: extract(4),
  INSERTPS: insertSingle,

  BLENDPS: blendImmediate('i32x4'),
  BLENDPD: blendImmediate('i64x2'),
  PBLENDW: blendImmediate('i16x8'),
  BLENDVPS: blendVariable('i32x4', 31),
  BLENDVPD: blendVariable('i64x2', 63),
  PBLENDVB: blendVariable('i8x16', 7),

  PMOVSXBW: signed.BW,
  PMOVSXBD: signed.BD,
  PMOVSXBQ: signed.BQ,
  PMOVSXWD: signed.WD,
  PMOVSXWQ: signed.WQ,
  PMOVSXDQ: signed.DQ,
  PMOVZXBW: unsigned.BW,
  PMOVZXBD: unsigned.BD,
  PMOVZXBQ: unsigned.BQ,
  PMOVZXWD: unsigned.WD,
  PMOVZXWQ: unsigned.WQ,
  PMOVZXDQ: unsigned.DQ,
};
