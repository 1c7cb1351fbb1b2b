// Operand widths as types, and the conversions between them that nearly every instruction needs.
// Not here: meaning of any instruction. Reference: Intel SDM vol. 1, 3.6 (operand and address size).

import type { Emitter, Operand, Value } from './emitter.ts';

export type Width = 8 | 16 | 32 | 64;

/** Width of an operand that holds an integer; anything else is a wrong row in an opcode table. */
export function widthOf(operand: Operand): Width {
  const { bits } = operand;
  if (bits === 8 || bits === 16 || bits === 32 || bits === 64) return bits;
  throw new Error(`An integer instruction has a ${operand.kind} operand of ${bits} bits`);
}

/** Width of an integer value. */
export function widthOfValue(value: Value): Width {
  const { bits } = value;
  if (bits === 8 || bits === 16 || bits === 32 || bits === 64) return bits;
  throw new Error(`A ${value.type} value stands where an integer of 8 to 64 bits is needed`);
}

/** Zero-extends or truncates. */
export function resize(e: Emitter, value: Value, bits: Width): Value {
  if (value.bits === bits) return value;
  return value.bits < bits ? e.zeroExtend(value, bits) : e.truncate(value, bits);
}

/** Sign-extends or truncates. */
export function resizeSigned(e: Emitter, value: Value, bits: Width): Value {
  if (value.bits === bits) return value;
  return value.bits < bits ? e.signExtend(value, bits) : e.truncate(value, bits);
}

/** 1 where a 1-bit value is 0. */
export function not1(e: Emitter, condition: Value): Value {
  return e.xor(condition, e.constant(1, 1));
}

/** The sign bit of an integer, 1 bit wide. */
export function signOf(e: Emitter, value: Value): Value {
  return e.bit(value, widthOfValue(value) - 1);
}
