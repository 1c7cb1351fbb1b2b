// How MMX and SSE semantics read and write their operands: one vector type for MM and XMM registers, low
// lanes of XMM registers, byte-index vectors made from an immediate, and the entry into MMX state.
// Not here: the meaning of any instruction. Reference: Intel SDM vol. 1, 9.2, 9.5.1, 10.2, 11.4.

import type { Emitter, Operand, Value } from './emitter.ts';

/** Bytes 0 to 15 in order: the swizzle index that changes nothing. */
export const IDENTITY: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/** Every MMX instruction but EMMS waits for a pending x87 exception, as x87 instructions do. */
export function waitForX87(e: Emitter): void {
  e.when(e.bit(e.state('fsw'), 7), () => {
    e.helper('x87Wait');
  });
}

/** TOP = 0 and all registers valid. The exponent of a written register is set by the register write itself. */
export function enterMmx(e: Emitter): void {
  e.setState('ftop', e.constant(32, 0));
  e.setState('ftag', e.constant(32, 0xff));
}

export function isMmx(...operands: (Operand | undefined)[]): boolean {
  return operands.some((operand) => operand?.file === 'mmx');
}

/** The whole operand as a vector. A shorter one is zero-extended to 64 bits and fills both halves. */
export function readVector(e: Emitter, operand: Operand): Value {
  return toVector(e, e.read(operand));
}

export function toVector(e: Emitter, value: Value): Value {
  if (value.type === 'v128') return value;
  return e.op('i64x2.splat', value.bits === 64 ? value : e.zeroExtend(value, 64));
}

/** Writes an XMM register or 128 bits of memory whole, an MM register or 64 bits of memory from the low half. */
export function writeVector(e: Emitter, operand: Operand, value: Value): void {
  e.write(operand, operand.file === 'xmm' || operand.bits === 128 ? value : lane64(e, value, 0));
}

/** `write` of an operation's vector result, with what comes before and after an MMX instruction. */
export function vectorResult(e: Emitter, operands: readonly Operand[], compute: () => Value): void {
  const [destination] = operands;
  if (destination === undefined) return;
  const mmx = isMmx(...operands);
  if (mmx) waitForX87(e);
  writeVector(e, destination, compute());
  if (mmx) enterMmx(e);
}

export function lane64(e: Emitter, vector: Value, lane: 0 | 1): Value {
  return e.op('i64x2.extract_lane', lane, vector);
}

export function lane32(e: Emitter, vector: Value, lane: 0 | 1 | 2 | 3): Value {
  return e.op('i32x4.extract_lane', lane, vector);
}

/** A vector of two 64-bit halves. */
export function fromHalves(e: Emitter, low: Value, high: Value): Value {
  return e.op('i64x2.replace_lane', 1, e.op('i64x2.splat', low), high);
}

export function zeroVector(e: Emitter): Value {
  return e.vectorConstant(new Array<number>(16).fill(0));
}

/** A vector whose lanes of `bits` bits hold the given small numbers. */
export function laneConstant(e: Emitter, bits: 8 | 16 | 32 | 64, lanes: readonly number[]): Value {
  const width = bits / 8;
  return e.vectorConstant(
    lanes.flatMap((lane) => Array.from({ length: width }, (_, byte) => byteOf(lane, byte))),
  );
}

function byteOf(value: number, byte: number): number {
  if (byte >= 4) return value < 0 ? 0xff : 0;
  return (value >>> (8 * byte)) & 0xff;
}

/** Both low halves as one vector: what an MMX instruction that mixes its operands works on. */
export function joinLow(e: Emitter, low: Value, high: Value): Value {
  return shuffle(e, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23], low, high);
}

export function joinHigh(e: Emitter, low: Value, high: Value): Value {
  return shuffle(e, [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31], low, high);
}

export function shuffle(e: Emitter, bytes: readonly number[], a: Value, b: Value): Value {
  return e.op('i8x16.shuffle', ...bytes, a, b);
}

/** The low 32 or 64 bits of an XMM register or memory operand, whatever width the operand was decoded with. */
export function readLow(e: Emitter, operand: Operand, bits: 32 | 64): Value {
  const value = e.read(operand);
  if (value.type === 'v128') return bits === 64 ? lane64(e, value, 0) : lane32(e, value, 0);
  return value.bits > bits ? e.truncate(value, bits) : value;
}

/** All 128 bits of an XMM register that was decoded as 32 or 64 bits wide cannot be read; 128 ones can. */
export function mergeLow(e: Emitter, operand: Operand, value: Value): void {
  if (operand.file !== 'xmm' || operand.bits === value.bits) {
    e.write(operand, value);
    return;
  }
  const name = value.bits === 64 ? 'i64x2.replace_lane' : 'i32x4.replace_lane';
  e.write(operand, e.op(name, 0, e.read(operand), value));
}

/** A 32- or 64-bit value in the low lane, zeros above. */
export function zeroExtendToVector(e: Emitter, value: Value): Value {
  const wide = value.bits === 64 ? value : e.zeroExtend(value, 64);
  return e.op('i64x2.replace_lane', 0, zeroVector(e), wide);
}

/** An immediate or register value as an unsigned 32-bit number. */
export function read32(e: Emitter, operand: Operand): Value {
  const value = e.read(operand);
  if (value.bits === 32) return value;
  return value.bits === 64 ? e.truncate(value, 32) : e.zeroExtend(value, 32);
}

export function constant32(e: Emitter, value: number): Value {
  return e.constant(32, value);
}

/** The smaller of two unsigned 32-bit values. */
export function atMost(e: Emitter, value: Value, limit: number): Value {
  const bound = constant32(e, limit);
  return e.select(e.lessU(bound, value), bound, value);
}

/** 1-bit truth of a 32-bit value, as `any_true` and `all_true` give it. */
export function truth(e: Emitter, value: Value): Value {
  return value.bits === 1 ? value : e.notEqual(value, constant32(e, 0));
}
