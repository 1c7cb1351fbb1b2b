// Packed integer arithmetic, comparison and logic of MMX, SSE2, SSSE3 and SSE4: one body for MM and XMM.
// Not here: shifts (sse-shift.ts), shuffles, packs and inserts (sse-shuffle.ts), string compares (sse-string.ts).
// Reference: Intel SDM vol. 1, 9.4, 11.4.2, 12.6, 12.10; vol. 2 for each mnemonic.

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import {
  fromHalves,
  isMmx,
  joinHigh,
  joinLow,
  lane32,
  laneConstant,
  read32,
  readVector,
  shuffle,
  truth,
  vectorResult,
  zeroVector,
} from './vector-operand.ts';

type VectorOperation = (e: Emitter, left: Value, right: Value) => Value;

/** Two operands, lane by lane, the first one being the destination. */
function binary(operation: VectorOperation): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const right = readVector(e, source);
      return operation(e, readVector(e, destination), right);
    });
}

const direct = (name: string): Semantics => binary((e, left, right) => e.op(name, left, right));

function unary(operation: (e: Emitter, value: Value) => Value): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => operation(e, readVector(e, source)));
}

const ODD_WORDS = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31];

function multiplyHigh(sign: 's' | 'u'): Semantics {
  return binary((e, left, right) =>
    shuffle(
      e,
      ODD_WORDS,
      e.op(`i32x4.extmul_low_i16x8_${sign}`, left, right),
      e.op(`i32x4.extmul_high_i16x8_${sign}`, left, right),
    ),
  );
}

const EVEN_DWORDS_LOW = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

/** Products of the even 32-bit lanes as 64-bit lanes. */
function multiplyEven(sign: 's' | 'u'): Semantics {
  return binary((e, left, right) =>
    e.op(
      `i64x2.extmul_low_i32x4_${sign}`,
      shuffle(e, EVEN_DWORDS_LOW, left, left),
      shuffle(e, EVEN_DWORDS_LOW, right, right),
    ),
  );
}

/** Unsigned bytes of the destination times signed bytes of the source, neighbours added with saturation. */
function multiplyAddBytes(e: Emitter, left: Value, right: Value): Value {
  const eight = e.constant(32, 8);
  const lowByte = laneConstant(e, 16, [255, 255, 255, 255, 255, 255, 255, 255]);
  const even = e.op(
    'i16x8.mul',
    e.op('v128.and', left, lowByte),
    e.op('i16x8.shr_s', e.op('i16x8.shl', right, eight), eight),
  );
  const odd = e.op('i16x8.mul', e.op('i16x8.shr_u', left, eight), e.op('i16x8.shr_s', right, eight));
  return e.op('i16x8.add_sat_s', even, odd);
}

/** The one case where WebAssembly saturates and PMULHRSW wraps is -32768 times -32768. */
function multiplyRounded(e: Emitter, left: Value, right: Value): Value {
  const lowest = laneConstant(e, 16, new Array<number>(8).fill(0x8000));
  const both = e.op('v128.and', e.op('i16x8.eq', left, lowest), e.op('i16x8.eq', right, lowest));
  return e.op('v128.xor', e.op('i16x8.q15mulr_sat_s', left, right), both);
}

/** |left - right| of unsigned bytes. */
function absoluteDifference(e: Emitter, left: Value, right: Value): Value {
  return e.op('v128.or', e.op('i8x16.sub_sat_u', left, right), e.op('i8x16.sub_sat_u', right, left));
}

function sumOfDifferences(e: Emitter, left: Value, right: Value): Value {
  const words = e.op('i16x8.extadd_pairwise_i8x16_u', absoluteDifference(e, left, right));
  const dwords = e.op('i32x4.extadd_pairwise_i16x8_u', words);
  const low = e.op('v128.and', dwords, laneConstant(e, 32, [-1, 0, -1, 0]));
  return e.op('i64x2.add', low, e.op('i64x2.shr_u', dwords, e.constant(32, 32)));
}

/** Negated, kept or zeroed by the sign of the other operand. */
function applySign(lanes: string, topBit: number): Semantics {
  return binary((e, left, right) => {
    const negative = e.op(`${lanes}.shr_s`, right, e.constant(32, topBit));
    const signed = e.op(`${lanes}.sub`, e.op('v128.xor', left, negative), negative);
    return e.op('v128.andnot', signed, e.op(`${lanes}.eq`, right, zeroVector(e)));
  });
}

/** Neighbouring lanes of destination and source combined; `lane` is the lane width in bytes. */
function horizontal(name: string, lane: 2 | 4): Semantics {
  const pick = (odd: number) =>
    Array.from({ length: 16 }, (_, byte) => Math.floor(byte / lane) * 2 * lane + odd * lane + (byte % lane));
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => {
      const right = readVector(e, source);
      const left = readVector(e, destination);
      const mmx = isMmx(destination);
      const first = mmx ? joinLow(e, left, right) : left;
      const second = mmx ? first : right;
      return e.op(name, shuffle(e, pick(0), first, second), shuffle(e, pick(1), first, second));
    });
}

/** PTEST: ZF from AND, CF from AND NOT, the other arithmetic flags cleared. */
function testBits(e: Emitter, destination: Operand, source: Operand): void {
  const right = readVector(e, source);
  const left = readVector(e, destination);
  const overlap = truth(e, e.op('v128.any_true', e.op('v128.and', left, right)));
  const outside = truth(e, e.op('v128.any_true', e.op('v128.andnot', right, left)));
  const zf = e.select(overlap, e.constant(32, 0), e.constant(32, 0x40));
  const cf = e.select(outside, e.constant(32, 0), e.constant(32, 1));
  e.setEflags(e.or(zf, cf), 0x8d5);
}

/** PHMINPOSUW: the smallest word and the position of its first occurrence. */
function minimumPosition(e: Emitter, destination: Operand, source: Operand): void {
  const words = readVector(e, source);
  const sixteen = e.constant(32, 16);
  const keyed = (half: 'low' | 'high', positions: readonly number[]) =>
    e.op(
      'v128.or',
      e.op('i32x4.shl', e.op(`i32x4.extend_${half}_i16x8_u`, words), sixteen),
      laneConstant(e, 32, positions),
    );
  const four = e.op('i32x4.min_u', keyed('low', [0, 1, 2, 3]), keyed('high', [4, 5, 6, 7]));
  const two = e.op('i32x4.min_u', four, joinHigh(e, four, four));
  const one = e.op('i32x4.min_u', two, e.op('i64x2.shr_u', two, e.constant(32, 32)));
  const key = lane32(e, one, 0);
  const word = e.shr(key, sixteen);
  const position = e.shl(e.and(key, e.constant(32, 7)), sixteen);
  e.write(destination, fromHalves(e, e.zeroExtend(e.or(word, position), 64), e.constant(64, 0)));
}

/** MPSADBW: eight sums of four absolute differences, of a run of 11 bytes against one block of four. */
function multipleSums(e: Emitter, destination: Operand, source: Operand, control: Operand): void {
  const right = readVector(e, source);
  const left = readVector(e, destination);
  const imm = read32(e, control);
  const blockByte = e.mul(e.and(imm, e.constant(32, 3)), e.constant(32, 4));
  const runByte = e.and(imm, e.constant(32, 4));
  const identity = laneConstant(e, 8, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  const run = e.op('i8x16.swizzle', left, e.op('i8x16.add', identity, e.op('i8x16.splat', runByte)));
  const block = e.op('i8x16.swizzle', right, e.op('i8x16.add', identity, e.op('i8x16.splat', blockByte)));
  let sum: Value | undefined;
  for (let byte = 0; byte < 4; byte++) {
    const shifted = shuffle(
      e,
      Array.from({ length: 16 }, (_, i) => (i + byte) & 15),
      run,
      run,
    );
    const other = e.op('i8x16.splat', e.op('i8x16.extract_lane_u', byte, block));
    const difference = e.op('i16x8.extend_low_i8x16_u', absoluteDifference(e, shifted, other));
    sum = sum === undefined ? difference : e.op('i16x8.add', sum, difference);
  }
  if (sum !== undefined) e.write(destination, sum);
}

const and = direct('v128.and');
const or = direct('v128.or');
const xor = direct('v128.xor');
/** NOT destination AND source. */
const andNot = binary((e, left, right) => e.op('v128.andnot', right, left));

export const SSE_INTEGER: Readonly<Record<string, Semantics>> = {
  PADDB: direct('i8x16.add'),
  PADDW: direct('i16x8.add'),
  PADDD: direct('i32x4.add'),
  PADDQ: direct('i64x2.add'),
  PADDSB: direct('i8x16.add_sat_s'),
  PADDSW: direct('i16x8.add_sat_s'),
  PADDUSB: direct('i8x16.add_sat_u'),
  PADDUSW: direct('i16x8.add_sat_u'),
  PSUBB: direct('i8x16.sub'),
  PSUBW: direct('i16x8.sub'),
  PSUBD: direct('i32x4.sub'),
  PSUBQ: direct('i64x2.sub'),
  PSUBSB: direct('i8x16.sub_sat_s'),
  PSUBSW: direct('i16x8.sub_sat_s'),
  PSUBUSB: direct('i8x16.sub_sat_u'),
  PSUBUSW: direct('i16x8.sub_sat_u'),
  PMULLW: direct('i16x8.mul'),
  PMULHW: multiplyHigh('s'),
  PMULHUW: multiplyHigh('u'),
  PMULUDQ: multiplyEven('u'),
  PMULDQ: multiplyEven('s'),
  PMULLD: direct('i32x4.mul'),
  PMADDWD: direct('i32x4.dot_i16x8_s'),
  PMADDUBSW: binary(multiplyAddBytes),
  PMULHRSW: binary(multiplyRounded),
  PAVGB: direct('i8x16.avgr_u'),
  PAVGW: direct('i16x8.avgr_u'),
  PSADBW: binary(sumOfDifferences),
  MPSADBW: multipleSums,

  PMINUB: direct('i8x16.min_u'),
  PMINSB: direct('i8x16.min_s'),
  PMINUW: direct('i16x8.min_u'),
  PMINSW: direct('i16x8.min_s'),
  PMINUD: direct('i32x4.min_u'),
  PMINSD: direct('i32x4.min_s'),
  PMAXUB: direct('i8x16.max_u'),
  PMAXSB: direct('i8x16.max_s'),
  PMAXUW: direct('i16x8.max_u'),
  PMAXSW: direct('i16x8.max_s'),
  PMAXUD: direct('i32x4.max_u'),
  PMAXSD: direct('i32x4.max_s'),
  PHMINPOSUW: minimumPosition,

  PCMPEQB: direct('i8x16.eq'),
  PCMPEQW: direct('i16x8.eq'),
  PCMPEQD: direct('i32x4.eq'),
  PCMPEQQ: direct('i64x2.eq'),
  PCMPGTB: direct('i8x16.gt_s'),
  PCMPGTW: direct('i16x8.gt_s'),
  PCMPGTD: direct('i32x4.gt_s'),
  PCMPGTQ: direct('i64x2.gt_s'),
  PTEST: testBits,

  PAND: and,
  PANDN: andNot,
  POR: or,
  PXOR: xor,
  ANDPS: and,
  ANDNPS: andNot,
  ORPS: or,
  XORPS: xor,
  ANDPD: and,
  ANDNPD: andNot,
  ORPD: or,
  XORPD: xor,

  PABSB: unary((e, value) => e.op('i8x16.abs', value)),
  PABSW: unary((e, value) => e.op('i16x8.abs', value)),
  PABSD: unary((e, value) => e.op('i32x4.abs', value)),
  PSIGNB: applySign('i8x16', 7),
  PSIGNW: applySign('i16x8', 15),
  PSIGND: applySign('i32x4', 31),
  PHADDW: horizontal('i16x8.add', 2),
  PHADDD: horizontal('i32x4.add', 4),
  PHADDSW: horizontal('i16x8.add_sat_s', 2),
  PHSUBW: horizontal('i16x8.sub', 2),
  PHSUBD: horizontal('i32x4.sub', 4),
  PHSUBSW: horizontal('i16x8.sub_sat_s', 2),
};
