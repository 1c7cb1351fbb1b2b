// Rotates, plain and through carry. They change CF and OF only, and nothing for a masked count of 0.
// OF for counts above 1 is undefined in the manual and follows the 1-bit rule here.
// Reference: Intel SDM vol. 2 (RCL/RCR/ROL/ROR).

import type { Emitter, Semantics, Value } from './emitter.ts';
import { shiftCount, topBitsDiffer } from './shift.ts';
import { resize, signOf, widthOf, widthOfValue } from './width.ts';

/** An 8- or 16-bit value repeated to 32 bits rotates there by any count as it would in its own width. */
function repeated(e: Emitter, value: Value): Value {
  const factor = value.bits === 8 ? 0x01010101 : 0x00010001;
  return e.mul(e.zeroExtend(value, 32), e.constant(32, factor));
}

function rotateLeft(e: Emitter, value: Value, count: Value): Value {
  const bits = widthOfValue(value);
  if (bits >= 32) return e.rotl(value, count);
  return e.truncate(e.rotl(repeated(e, value), e.zeroExtend(count, 32)), bits);
}

function rotateRight(e: Emitter, value: Value, count: Value): Value {
  const bits = widthOfValue(value);
  if (bits >= 32) return e.rotr(value, count);
  return e.truncate(e.rotr(repeated(e, value), e.zeroExtend(count, 32)), bits);
}

const rol: Semantics = (e, a, b) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, bits);
  const result = rotateLeft(e, value, count);
  const cf = e.bit(result, 0);
  e.write(a, result);
  e.flags({
    cf,
    of: e.xor(signOf(e, result), cf),
    af: 'keep',
    enabled: e.notEqual(count, e.constant(bits, 0)),
  });
};

const ror: Semantics = (e, a, b) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, bits);
  const result = rotateRight(e, value, count);
  e.write(a, result);
  e.flags({
    cf: signOf(e, result),
    of: topBitsDiffer(e, result),
    af: 'keep',
    enabled: e.notEqual(count, e.constant(bits, 0)),
  });
};

interface Rotated {
  readonly result: Value;
  readonly cf: Value;
  /** 1-bit: the value moved at all. */
  readonly moved: Value;
}

/** Rotates carry:value of up to 33 bits inside a wider integer. */
function rotateThroughCarry(e: Emitter, value: Value, count: Value, left: boolean): Rotated {
  const bits = widthOfValue(value);
  if (bits === 64) return rotateThroughCarry64(e, value, count, left);
  const room = bits === 32 ? 64 : 32;
  const carry = e.shl(resize(e, e.flag('cf'), room), e.constant(room, bits));
  const all = e.or(e.zeroExtend(value, room), carry);
  // 9 and 17 positions come back to the start within the 5-bit count; 33 positions do not.
  const wideCount = resize(e, count, room);
  const forward = bits === 32 ? wideCount : e.remU(wideCount, e.constant(room, bits + 1));
  const backward = e.sub(e.constant(room, bits + 1), forward);
  const rotated = left
    ? e.or(e.shl(all, forward), e.shr(all, backward))
    : e.or(e.shr(all, forward), e.shl(all, backward));
  return {
    result: e.truncate(rotated, bits),
    cf: e.bit(rotated, bits),
    moved: e.notEqual(forward, e.constant(room, 0)),
  };
}

function rotateThroughCarry64(e: Emitter, value: Value, count: Value, left: boolean): Rotated {
  const one = e.constant(64, 1);
  const moved = e.notEqual(count, e.constant(64, 0));
  const carry = resize(e, e.flag('cf'), 64);
  const backward = e.sub(e.constant(64, 64), count);
  if (left) {
    const entering = e.or(e.shl(carry, e.sub(count, one)), e.shr(e.shr(value, one), backward));
    const result = e.or(e.shl(value, count), entering);
    return { result: e.select(moved, result, value), cf: e.bit(e.shr(value, backward), 0), moved };
  }
  const entering = e.or(e.shl(carry, backward), e.shl(e.shl(value, one), backward));
  const result = e.or(e.shr(value, count), entering);
  return { result: e.select(moved, result, value), cf: e.bit(e.shr(value, e.sub(count, one)), 0), moved };
}

const rcl: Semantics = (e, a, b) => {
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, widthOf(a));
  const { result, cf, moved } = rotateThroughCarry(e, value, count, true);
  e.write(a, result);
  e.flags({ cf, of: e.xor(signOf(e, result), cf), af: 'keep', enabled: moved });
};

const rcr: Semantics = (e, a, b) => {
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, widthOf(a));
  const { result, cf, moved } = rotateThroughCarry(e, value, count, false);
  e.write(a, result);
  e.flags({ cf, of: topBitsDiffer(e, result), af: 'keep', enabled: moved });
};

export const ROTATE: Record<string, Semantics> = { ROL: rol, ROR: ror, RCL: rcl, RCR: rcr };
