// Folding while building: what an operation over known operands reduces to. Each rule returns the id of an
// equal value, or -1. Only integer instructions fold (a float's NaN bits are the host's business), and division
// only by constants where it cannot trap.

import { I32, I64 } from '../wasm/opcodes.table.ts';
import type { GraphBuilder } from './builder.ts';
import { fold32, fold64 } from './fold-constants.ts';
import { CONSTANT, type FunctionGraph, NUMERIC } from './graph.ts';

// Codes of i32 instructions; the i64 ones are reached by WIDE_COMPARE and WIDE.
const EQZ = 0x45;
const EQ = 0x46;
const NE = 0x47;
const LT_S = 0x48;
const LT_U = 0x49;
const GT_U = 0x4b;
const LE_U = 0x4d;
const GE_S = 0x4e;
const GE_U = 0x4f;
const ADD = 0x6a;
const SUB = 0x6b;
const MUL = 0x6c;
const AND = 0x71;
const OR = 0x72;
const XOR = 0x73;
const SHL = 0x74;
const SHR_S = 0x75;
const SHR_U = 0x76;
const ROTL = 0x77;
const ROTR = 0x78;
const WRAP = 0xa7;
const EXTEND_S = 0xac;
const EXTEND_U = 0xad;
const EXTEND8_S = 0xc0;
const EXTEND16_S = 0xc1;
const EXTEND32_S_WIDE = 0xc4;

/** i64 arithmetic minus i32 arithmetic, and the same for comparisons. */
const WIDE = 0x12;
const WIDE_COMPARE = 0x0b;

/** The comparison that holds when the other does not; and the one for swapped operands. From EQ on. */
const INVERSE = [NE, EQ, GE_S, GE_U, 0x4c, LE_U, 0x4a, GT_U, LT_S, LT_U];
const SWAPPED = [EQ, NE, 0x4a, GT_U, LT_S, LT_U, GE_S, GE_U, 0x4c, LE_U];

/** The opcode that holds where an integer comparison of two operands does not; -1 for other opcodes. */
export function inverseComparison(op: number): number {
  if (op >= EQ && op <= 0x4f) return INVERSE[op - EQ]!;
  if (op >= EQ + WIDE_COMPARE && op <= 0x5a) return INVERSE[op - EQ - WIDE_COMPARE]! + WIDE_COMPARE;
  return -1;
}

/** Between a lane of a vector and a float of its width: by way of the integer, and directly. */
const LANES = [
  { fromBits: 0xbe, toBits: 0xbc, extract: 0x21b, insert: 0x21c, extractFloat: 0x21f, insertFloat: 0x220, splat: 0x211, splatFloat: 0x213 },
  { fromBits: 0xbf, toBits: 0xbd, extract: 0x21d, insert: 0x21e, extractFloat: 0x221, insertFloat: 0x222, splat: 0x212, splatFloat: 0x214 },
] as const;
const V128_XOR = 0x251;

/** Instructions that `foldLane` knows: reinterpretations, and those of vectors. */
export const hasLanes = (op: number): boolean => op >= 0xbc && (op <= 0xbf || op >= 0x200);

/**
 * A lane that is a float stays in the vector unit, whichever type it is read or written as; one that was written is
 * read where it came from.
 */
export function foldLane(builder: GraphBuilder, op: number, immediate: number, a: number, b: number): number {
  const { graph } = builder;
  if (op === V128_XOR && a === b) return builder.zeroVector();
  for (const { fromBits, toBits, extract, insert, extractFloat, insertFloat, splat, splatFloat } of LANES) {
    if (op === fromBits || op === toBits) {
      if (isOp(graph, a, op === fromBits ? toBits : fromBits)) return graph.a[a]!;
      if (op === fromBits && isOp(graph, a, extract))
        return builder.numeric(extractFloat, graph.d[a]!, graph.a[a]!, -1, -1);
    }
    if (op === insert && isOp(graph, b, toBits)) return builder.numeric(insertFloat, immediate, a, graph.a[b]!, -1);
    const isFloat = op === extractFloat;
    if (!isFloat && op !== extract) continue;
    const lane = writtenLane(graph, a, immediate, { insert, insertFloat, splat, splatFloat });
    if (lane >= 0) {
      const isLaneFloat = isOp(graph, a, insertFloat) || isOp(graph, a, splatFloat);
      return isFloat === isLaneFloat ? lane : builder.numeric(isFloat ? fromBits : toBits, 0, lane, -1, -1);
    }
    if (isOp(graph, a, insert) || isOp(graph, a, insertFloat)) return builder.numeric(op, immediate, graph.a[a]!, -1, -1);
    if (isFloat && isConstant(graph, a)) return builder.constantLane(a, immediate, op === LANES[1].extractFloat);
  }
  return -1;
}

/** What was written into a lane by the operation that made a vector, or -1. */
function writtenLane(
  graph: FunctionGraph,
  vector: number,
  lane: number,
  ops: { readonly insert: number; readonly insertFloat: number; readonly splat: number; readonly splatFloat: number },
): number {
  if (isOp(graph, vector, ops.splat) || isOp(graph, vector, ops.splatFloat)) return graph.a[vector]!;
  const isInsert = isOp(graph, vector, ops.insert) || isOp(graph, vector, ops.insertFloat);
  return isInsert && graph.d[vector] === lane ? graph.b[vector]! : -1;
}

const BITS = new DataView(new ArrayBuffer(8));

export function foldNumeric(builder: GraphBuilder, op: number, a: number, b: number): number {
  if (op > 0xc4) return -1;
  if (op <= 0x4f) return compare(builder, op, 0, a, b);
  if (op <= 0x5a) return compare(builder, op - WIDE_COMPARE, WIDE_COMPARE, a, b);
  if (op < 0x67) return -1;
  if (op <= 0x78) return arithmetic(builder, op, 0, a, b);
  if (op <= 0x8a) return arithmetic(builder, op - WIDE, WIDE, a, b);
  if (op === WRAP) return wrap(builder, a);
  if (op === EXTEND_U || op === EXTEND_S) return extend(builder, op, a);
  if (op >= EXTEND8_S) return signExtend(builder, op, a);
  return -1;
}

const isConstant = (graph: FunctionGraph, id: number): boolean => graph.kind[id] === CONSTANT;

function isOp(graph: FunctionGraph, id: number, op: number): boolean {
  return graph.op[id] === op && graph.kind[id] === NUMERIC;
}

/** True if the constant has exactly these halves (the high one counts for i64 only). */
function isWord(graph: FunctionGraph, id: number, low: number, high: number): boolean {
  return isConstant(graph, id) && graph.a[id] === low && (graph.type[id] === I32 || graph.b[id] === high);
}

const isZero = (graph: FunctionGraph, id: number): boolean => isWord(graph, id, 0, 0);
const isOnes = (graph: FunctionGraph, id: number): boolean => isWord(graph, id, -1, -1);

function bigOf(graph: FunctionGraph, id: number): bigint {
  BITS.setInt32(0, graph.a[id]!, true);
  BITS.setInt32(4, graph.b[id]!, true);
  return BITS.getBigInt64(0, true);
}

function constant64(builder: GraphBuilder, value: bigint): number {
  BITS.setBigInt64(0, BigInt.asIntN(64, value), true);
  return builder.constant64(BITS.getInt32(0, true), BITS.getInt32(4, true));
}

/** A constant of the width that `wide` stands for. */
function word(builder: GraphBuilder, wide: number, value: number): number {
  return wide === 0 ? builder.constant32(value) : builder.constant64(value, value >> 31);
}

/** Both operands constant. `b` may be -1 for unary instructions. */
function constants(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph } = builder;
  if (wide === 0) {
    const value = fold32(op, graph.a[a]!, b < 0 ? 0 : graph.a[b]!);
    return value === undefined ? -1 : builder.constant32(value);
  }
  const value = fold64(op, bigOf(graph, a), b < 0 ? 0n : bigOf(graph, b));
  if (value === undefined) return -1;
  return wide === WIDE_COMPARE ? builder.constant32(Number(value)) : constant64(builder, value);
}

/** True if all of the lowest `bits` bits of a constant are set. */
function coversLow(graph: FunctionGraph, id: number, bits: number): boolean {
  if (!isConstant(graph, id)) return false;
  const low = graph.a[id]!;
  if (bits <= 32) return bits === 0 || (~low & (-1 >>> (32 - bits))) === 0;
  return low === -1 && (~graph.b[id]! & (-1 >>> (64 - bits))) === 0;
}

function arithmetic(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph } = builder;
  if (isConstant(graph, a)) {
    if (b < 0 || isConstant(graph, b)) return constants(builder, op, wide, a, b);
    const commutes = op === ADD || op === MUL || op === AND || op === OR || op === XOR;
    if (commutes) return builder.numeric(op + wide, 0, b, a, -1);
  }
  switch (op) {
    case ADD:
      return add(builder, wide, a, b);
    case SUB:
      return subtract(builder, wide, a, b);
    case MUL:
      return multiply(builder, wide, a, b);
    case AND:
      return and(builder, wide, a, b);
    case OR:
    case XOR:
      return orXor(builder, op, wide, a, b);
    case SHL:
    case SHR_S:
    case SHR_U:
    case ROTL:
    case ROTR:
      return shift(builder, op, wide, a, b);
    default:
      return -1;
  }
}

/** `(x op c1) op c2` for an associative operation: x op (c1 op c2), or -1. */
function reassociate(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph } = builder;
  if (!isConstant(graph, b) || !isOp(graph, a, op + wide) || !isConstant(graph, graph.b[a]!)) return -1;
  const both = constants(builder, op, wide, graph.b[a]!, b);
  return builder.numeric(op + wide, 0, graph.a[a]!, both, -1);
}

function add(builder: GraphBuilder, wide: number, a: number, b: number): number {
  if (isZero(builder.graph, b)) return a;
  if (isZero(builder.graph, a)) return b;
  return reassociate(builder, ADD, wide, a, b);
}

function subtract(builder: GraphBuilder, wide: number, a: number, b: number): number {
  if (a === b) return word(builder, wide, 0);
  if (!isConstant(builder.graph, b)) return -1;
  const negated = constants(builder, SUB, wide, word(builder, wide, 0), b);
  return builder.numeric(ADD + wide, 0, a, negated, -1);
}

function multiply(builder: GraphBuilder, wide: number, a: number, b: number): number {
  const { graph } = builder;
  if (!isConstant(graph, b) || (wide !== 0 && graph.b[b] !== 0)) return -1;
  const factor = graph.a[b]!;
  if (factor === 0) return b;
  if (factor === 1) return a;
  if (factor < 0 || (factor & (factor - 1)) !== 0) return -1;
  return builder.numeric(SHL + wide, 0, a, word(builder, wide, 31 - Math.clz32(factor)), -1);
}

function and(builder: GraphBuilder, wide: number, a: number, b: number): number {
  const { graph, significant } = builder;
  if (a === b || isZero(graph, a)) return a;
  if (!isConstant(graph, b)) return -1;
  if (isZero(graph, b)) return b;
  if (coversLow(graph, b, significant[a]!)) return a;
  if (isMaskedAway(builder, wide, a, b)) return word(builder, wide, 0);
  const part = keptPart(builder, wide, a, b);
  if (part >= 0) return builder.numeric(AND + wide, 0, part, b, -1);
  const joined = reassociate(builder, AND, wide, a, b);
  if (joined >= 0 || wide === 0) return joined;
  // A mask of 32 ones as a pair of width changes, which meet others.
  if (graph.a[b] === -1 && graph.b[b] === 0) {
    return builder.numeric(EXTEND_U, 0, builder.numeric(WRAP, 0, a, -1, -1), -1, -1);
  }
  if (graph.b[b] === 0 && isOp(graph, a, EXTEND_U)) {
    const narrow = builder.numeric(AND, 0, graph.a[a]!, builder.constant32(graph.a[b]!), -1);
    return builder.numeric(EXTEND_U, 0, narrow, -1, -1);
  }
  return -1;
}

/** The side of `x | y` (or of their exclusive or) of which a mask keeps something, where it keeps nothing of the other. */
function keptPart(builder: GraphBuilder, wide: number, a: number, mask: number): number {
  const { graph } = builder;
  if (!isOp(graph, a, OR + wide) && !isOp(graph, a, XOR + wide)) return -1;
  if (isMaskedAway(builder, wide, graph.b[a]!, mask)) return graph.a[a]!;
  return isMaskedAway(builder, wide, graph.a[a]!, mask) ? graph.b[a]! : -1;
}

/** Whether a value has only bits that a mask clears. */
function isMaskedAway(builder: GraphBuilder, wide: number, value: number, mask: number): boolean {
  const { graph, significant } = builder;
  const low = graph.a[mask]!;
  const high = wide === 0 ? 0 : graph.b[mask]!;
  const known = significant[value]!;
  const below = known >= 32 ? -1 : (1 << known) - 1;
  const above = known <= 32 ? 0 : (1 << (known - 32)) - 1;
  if (known < 64 && (low & below) === 0 && (high & above) === 0) return true;
  if (graph.kind[value] !== NUMERIC || !isConstant(graph, graph.b[value]!)) return false;
  const right = graph.b[value]!;
  if (isOp(graph, value, AND + wide)) return (low & graph.a[right]!) === 0 && (wide === 0 || (high & graph.b[right]!) === 0);
  if (!isOp(graph, value, SHL + wide)) return false;
  const count = graph.a[right]! & (wide === 0 ? 31 : 63);
  return (count >= 32 || (low & (-1 << count)) === 0) && (high & (count >= 32 ? -1 << (count - 32) : -1)) === 0;
}

function orXor(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph, significant } = builder;
  if (a === b) return op === OR ? a : word(builder, wide, 0);
  if (isZero(graph, b)) return a;
  if (isZero(graph, a)) return b;
  if (op === OR && isOnes(graph, b)) return b;
  if (op === XOR && wide === 0 && significant[a] === 1 && isWord(graph, b, 1, 0)) {
    return builder.numeric(EQZ, 0, a, -1, -1);
  }
  return reassociate(builder, op, wide, a, b);
}

function shift(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph, significant } = builder;
  const width = wide === 0 ? 32 : 64;
  if (isZero(graph, a)) return a;
  if (!isConstant(graph, b)) {
    // WebAssembly takes counts modulo the width, so a mask for that is redundant.
    const masked = isOp(graph, b, AND + wide) && coversLow(graph, graph.b[b]!, width === 32 ? 5 : 6);
    return masked ? builder.numeric(op + wide, 0, a, graph.a[b]!, -1) : -1;
  }
  const count = graph.a[b]! & (width - 1);
  if (count === 0) return a;
  const known = significant[a]!;
  if (op === SHR_U && known <= count) return word(builder, wide, 0);
  if (op === SHR_S && known < width) return builder.numeric(SHR_U + wide, 0, a, b, -1);
  if (op === ROTL || op === ROTR || graph.kind[a] !== NUMERIC) return -1;
  const inner = graph.b[a]!;
  if (inner < 0 || !isConstant(graph, inner)) return -1;
  const innerCount = graph.a[inner]! & (width - 1);
  if (isOp(graph, a, op + wide)) return shiftTwice(builder, op, wide, graph.a[a]!, count + innerCount);
  if (innerCount !== count || !isOp(graph, a, (op === SHL ? SHR_U : SHL) + wide)) return -1;
  return shiftBack(builder, op, wide, graph.a[a]!, count);
}

function shiftTwice(builder: GraphBuilder, op: number, wide: number, value: number, total: number): number {
  const width = wide === 0 ? 32 : 64;
  if (total < width) return builder.numeric(op + wide, 0, value, word(builder, wide, total), -1);
  if (op !== SHR_S) return word(builder, wide, 0);
  return builder.numeric(op + wide, 0, value, word(builder, wide, width - 1), -1);
}

/** A shift there and back again by the same count is a mask or a sign extension. */
function shiftBack(builder: GraphBuilder, op: number, wide: number, value: number, count: number): number {
  const width = wide === 0 ? 32 : 64;
  if (op === SHR_S) {
    const kept = width - count;
    const base = wide === 0 ? EXTEND8_S : EXTEND8_S + 2;
    if (kept === 8) return builder.numeric(base, 0, value, -1, -1);
    if (kept === 16) return builder.numeric(base + 1, 0, value, -1, -1);
    if (kept === 32) return builder.numeric(EXTEND32_S_WIDE, 0, value, -1, -1);
    return -1;
  }
  const ones = word(builder, wide, -1);
  const mask = constants(builder, op, wide, ones, word(builder, wide, count));
  return builder.numeric(AND + wide, 0, value, mask, -1);
}

function compare(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph } = builder;
  if (op === EQZ)
    return isConstant(graph, a) ? constants(builder, op, wide, a, -1) : isEqualZero(builder, wide, a);
  if (isConstant(graph, a)) {
    if (isConstant(graph, b)) return constants(builder, op, wide, a, b);
    return builder.numeric(SWAPPED[op - EQ]! + wide, 0, b, a, -1);
  }
  if (a === b) return builder.constant32(op === EQ || op >= 0x4c ? 1 : 0);
  if (wide !== 0) {
    const narrow = compareNarrow(builder, op, a, b);
    if (narrow >= 0) return narrow;
  }
  if (!isConstant(graph, b)) return -1;
  if (op === EQ || op === NE) return equalConstant(builder, op, wide, a, b);
  return orderConstant(builder, op, wide, a, b);
}

function isEqualZero(builder: GraphBuilder, wide: number, a: number): number {
  const { graph, significant } = builder;
  if (graph.kind[a] !== NUMERIC) return -1;
  const op = graph.op[a]!;
  const arithmeticWide = wide === 0 ? 0 : WIDE;
  if (op === XOR + arithmeticWide || op === SUB + arithmeticWide) {
    return builder.numeric(EQ + wide, 0, graph.a[a]!, graph.b[a]!, -1);
  }
  if (wide !== 0)
    return op === EXTEND_U || op === EXTEND_S ? builder.numeric(EQZ, 0, graph.a[a]!, -1, -1) : -1;
  const inverse = inverseComparison(op);
  if (inverse >= 0) return builder.numeric(inverse, 0, graph.a[a]!, graph.b[a]!, -1);
  if (op === EQZ && significant[graph.a[a]!] === 1) return graph.a[a]!;
  if (op === EQZ) return builder.numeric(NE, 0, graph.a[a]!, builder.constant32(0), -1);
  if (op === EQZ + WIDE_COMPARE)
    return builder.numeric(NE + WIDE_COMPARE, 0, graph.a[a]!, builder.constant64(0, 0), -1);
  return -1;
}

/** i64 comparisons of extended i32 values. */
function compareNarrow(builder: GraphBuilder, op: number, a: number, b: number): number {
  const { graph } = builder;
  if (graph.kind[a] !== NUMERIC) return -1;
  const extension = graph.op[a]!;
  if (extension !== EXTEND_U && extension !== EXTEND_S) return -1;
  let right: number;
  if (isOp(graph, b, extension)) right = graph.a[b]!;
  else if (isConstant(graph, b) && graph.b[b] === (extension === EXTEND_U ? 0 : graph.a[b]! >> 31)) {
    right = builder.constant32(graph.a[b]!);
  } else return -1;
  // Zero-extended values compare unsigned whatever the comparison; sign extension keeps both orders.
  const isSigned = op >= LT_S && (op & 1) === 0;
  const narrow = extension === EXTEND_U && isSigned ? op + 1 : op;
  return builder.numeric(narrow, 0, graph.a[a]!, right, -1);
}

function equalConstant(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph, significant } = builder;
  const known = significant[a]!;
  if (significant[b]! > known) return builder.constant32(op === EQ ? 0 : 1);
  if (isZero(graph, b)) {
    if (op === EQ) return builder.numeric(EQZ + wide, 0, a, -1, -1);
    if (wide === 0 && known === 1) return a;
  } else if (known === 1 && wide === 0) return op === EQ ? a : builder.numeric(EQZ, 0, a, -1, -1);
  if (graph.kind[a] !== NUMERIC) return -1;
  const arithmeticWide = wide === 0 ? 0 : WIDE;
  const isAdd = isOp(graph, a, ADD + arithmeticWide);
  if (!(isAdd || isOp(graph, a, XOR + arithmeticWide)) || !isConstant(graph, graph.b[a]!)) return -1;
  const moved = constants(builder, isAdd ? SUB : XOR, arithmeticWide, b, graph.b[a]!);
  return builder.numeric(op + wide, 0, graph.a[a]!, moved, -1);
}

/** Order comparisons decided, or made simpler, by what is known of the left side's size. */
function orderConstant(builder: GraphBuilder, op: number, wide: number, a: number, b: number): number {
  const { graph, significant } = builder;
  const width = wide === 0 ? 32 : 64;
  const known = significant[a]!;
  if (isZero(graph, b)) {
    if (op === LT_U || (op === LT_S && known < width)) return builder.constant32(0);
    if (op === GE_U || (op === GE_S && known < width)) return builder.constant32(1);
    if (op === LE_U) return builder.numeric(EQZ + wide, 0, a, -1, -1);
    if (op === GT_U) return builder.numeric(NE + wide, 0, a, b, -1);
    return -1;
  }
  if (op === LT_U && isWord(graph, b, 1, 0)) return builder.numeric(EQZ + wide, 0, a, -1, -1);
  if (op === GE_U && isWord(graph, b, 1, 0))
    return builder.numeric(NE + wide, 0, a, word(builder, wide, 0), -1);
  if (significant[b]! <= known) return -1;
  // The constant has a bit above all that the left side may have: it is larger, unsigned.
  if (op === LT_U || op === LE_U) return builder.constant32(1);
  if (op === GT_U || op === GE_U) return builder.constant32(0);
  return -1;
}

function wrap(builder: GraphBuilder, a: number): number {
  const { graph } = builder;
  if (isConstant(graph, a)) return builder.constant32(graph.a[a]!);
  if (graph.kind[a] !== NUMERIC) return -1;
  const op = graph.op[a]!;
  const left = graph.a[a]!;
  if (op === EXTEND_S || op === EXTEND_U) return left;
  const right = graph.b[a]!;
  const base = op - WIDE;
  if (base === AND && isConstant(graph, right) && graph.a[right] === -1)
    return builder.numeric(WRAP, 0, left, -1, -1);
  if (base === ADD || base === SUB || base === MUL || base === AND || base === OR || base === XOR) {
    if (!isNarrow(graph, left) || !isNarrow(graph, right)) return -1;
    return builder.numeric(
      base,
      0,
      builder.numeric(WRAP, 0, left, -1, -1),
      builder.numeric(WRAP, 0, right, -1, -1),
      -1,
    );
  }
  if (base !== SHL && base !== SHR_U) return -1;
  if (!isConstant(graph, right) || (graph.a[right]! & 63) > 31) return -1;
  if (!isOp(graph, left, EXTEND_U) && !(base === SHL && isOp(graph, left, EXTEND_S))) return -1;
  return builder.numeric(base, 0, graph.a[left]!, builder.constant32(graph.a[right]! & 63), -1);
}

/** Values whose low half costs nothing. */
function isNarrow(graph: FunctionGraph, id: number): boolean {
  return isConstant(graph, id) || isOp(graph, id, EXTEND_U) || isOp(graph, id, EXTEND_S);
}

function extend(builder: GraphBuilder, op: number, a: number): number {
  const { graph, significant } = builder;
  if (isConstant(graph, a)) return builder.constant64(graph.a[a]!, op === EXTEND_U ? 0 : graph.a[a]! >> 31);
  if (op === EXTEND_S && significant[a]! < 32) return builder.numeric(EXTEND_U, 0, a, -1, -1);
  if (!isOp(graph, a, WRAP)) return -1;
  const whole = graph.a[a]!;
  if (op === EXTEND_U) return significant[whole]! <= 32 ? whole : -1;
  return builder.numeric(EXTEND32_S_WIDE, 0, whole, -1, -1);
}

function signExtend(builder: GraphBuilder, op: number, a: number): number {
  const { graph, significant } = builder;
  const wide = op > EXTEND16_S;
  const bits = op === EXTEND32_S_WIDE ? 32 : op === EXTEND8_S || op === EXTEND8_S + 2 ? 8 : 16;
  if (isConstant(graph, a)) {
    const low = bits === 32 ? graph.a[a]! : (graph.a[a]! << (32 - bits)) >> (32 - bits);
    return wide ? builder.constant64(low, low >> 31) : builder.constant32(low);
  }
  if (significant[a]! < bits) return a;
  if (graph.kind[a] !== NUMERIC) return -1;
  const inner = graph.op[a]!;
  if (inner === (wide ? AND + WIDE : AND) && coversLow(graph, graph.b[a]!, bits)) {
    return builder.numeric(op, 0, graph.a[a]!, -1, -1);
  }
  if (wide && (inner === EXTEND_U || inner === EXTEND_S)) {
    const narrow = bits === 32 ? graph.a[a]! : builder.numeric(op - 2, 0, graph.a[a]!, -1, -1);
    return builder.numeric(EXTEND_S, 0, narrow, -1, -1);
  }
  const isExtension = wide
    ? inner > EXTEND16_S && inner <= EXTEND32_S_WIDE
    : inner === EXTEND8_S || inner === EXTEND16_S;
  if (!isExtension) return -1;
  // The narrower of two sign extensions decides; theirs are ordered by opcode.
  return inner <= op ? a : builder.numeric(op, 0, graph.a[a]!, -1, -1);
}

export function foldSelect(
  builder: GraphBuilder,
  condition: number,
  ifTrue: number,
  ifFalse: number,
): number {
  const { graph, significant } = builder;
  if (ifTrue === ifFalse) return ifTrue;
  if (isConstant(graph, condition)) return graph.a[condition] !== 0 ? ifTrue : ifFalse;
  if (isOp(graph, condition, EQZ)) return builder.selectIds(graph.a[condition]!, ifFalse, ifTrue);
  const tested = conditionOf(builder, condition);
  if (tested !== condition) return builder.selectIds(tested, ifTrue, ifFalse);
  if (graph.type[ifTrue] !== I32) return -1;
  if (isWord(graph, ifTrue, 1, 0) && isZero(graph, ifFalse)) {
    return significant[condition] === 1
      ? condition
      : builder.numeric(NE, 0, condition, builder.constant32(0), -1);
  }
  if (isZero(graph, ifTrue) && isWord(graph, ifFalse, 1, 0))
    return builder.numeric(EQZ, 0, condition, -1, -1);
  return -1;
}

/** Where only zero or not counts: `x != 0` is x. */
export function conditionOf(builder: GraphBuilder, condition: number): number {
  const { graph } = builder;
  return isOp(graph, condition, NE) && isZero(graph, graph.b[condition]!) ? graph.a[condition]! : condition;
}

/** The operand of an `i32.eqz`, or -1: its branch goes the other way. */
export function negatedCondition(builder: GraphBuilder, condition: number): number {
  return isOp(builder.graph, condition, EQZ) ? builder.graph.a[condition]! : -1;
}

/** What a store of the lowest `bits` bits may take instead: a mask or extension above them does not matter. */
export function storedPart(builder: GraphBuilder, value: number, bits: number): number {
  const { graph } = builder;
  if (graph.kind[value] !== NUMERIC) return value;
  const op = graph.op[value]!;
  const isMask = op === AND || op === AND + WIDE;
  if (isMask && coversLow(graph, graph.b[value]!, bits)) return storedPart(builder, graph.a[value]!, bits);
  const kept =
    op === EXTEND8_S || op === EXTEND8_S + 2
      ? 8
      : op === EXTEND32_S_WIDE
        ? 32
        : op >= EXTEND8_S && op < 0x100
          ? 16
          : 0;
  return kept >= bits ? storedPart(builder, graph.a[value]!, bits) : value;
}

/** The i64 whose lower half an i32 is, or -1. */
export function wrappedFrom(graph: FunctionGraph, value: number): number {
  return isOp(graph, value, WRAP) ? graph.a[value]! : -1;
}

/** The i32 that an i64 value extends, or -1. */
export function extendedFrom(builder: GraphBuilder, value: number): number {
  const { graph } = builder;
  return graph.type[value] === I64 && (isOp(graph, value, EXTEND_U) || isOp(graph, value, EXTEND_S))
    ? graph.a[value]!
    : -1;
}

export function isSum(graph: FunctionGraph, id: number): boolean {
  return isOp(graph, id, ADD) || isOp(graph, id, ADD + WIDE);
}

/** The parts of a sum with a constant, which is exact as a number; undefined for other values. */
export function sumParts(graph: FunctionGraph, id: number): { readonly base: number; readonly addend: number } | undefined {
  const constant = graph.b[id]!;
  if (isOp(graph, id, ADD) && isConstant(graph, constant)) return { base: graph.a[id]!, addend: graph.a[constant]! };
  if (!isOp(graph, id, ADD + WIDE) || !isConstant(graph, constant)) return undefined;
  const addend = graph.b[constant]! * 0x1_0000_0000 + (graph.a[constant]! >>> 0);
  return Number.isSafeInteger(addend) ? { base: graph.a[id]!, addend } : undefined;
}

/** A memory address as base and static offset: exact, because the sum provably stays below 2^32. */
export function foldAddress(
  builder: GraphBuilder,
  address: number,
  offset: number,
): { readonly base: number; readonly offset: number } | undefined {
  const { graph, significant } = builder;
  if (isConstant(graph, address)) {
    const total = (graph.a[address]! >>> 0) + offset;
    if (graph.a[address] === 0 || total > 0xffff_ffff) return undefined;
    return { base: builder.constant32(0), offset: total };
  }
  if (!isOp(graph, address, ADD) || !isConstant(graph, graph.b[address]!)) return undefined;
  const base = graph.a[address]!;
  const addend = graph.a[graph.b[address]!]! >>> 0;
  const largest = 2 ** significant[base]! - 1;
  if (largest + addend > 0xffff_ffff || offset + addend > 0xffff_ffff) return undefined;
  return { base, offset: offset + addend };
}
