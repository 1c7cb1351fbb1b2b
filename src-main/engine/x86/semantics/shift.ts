// Shifts, single and double. A masked count of 0 leaves every flag alone, which only the running guest knows.
// Flags the manual leaves undefined (OF for counts above 1, AF) follow the 1-bit rule and are cleared.
// Reference: Intel SDM vol. 2 (SAL/SAR/SHL/SHR, SHLD, SHRD).

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import type { Width } from './width.ts';
import { resize, signOf, widthOf, widthOfValue } from './width.ts';

/** The count as the processor takes it: 5 bits, or 6 for 64-bit operands; as wide as the shifted value. */
export function shiftCount(e: Emitter, count: Operand, bits: Width): Value {
  const mask = bits === 64 ? 0x3f : 0x1f;
  return e.and(resize(e, e.read(count), bits), e.constant(bits, mask));
}

/** XOR of the two highest bits: OF of SHR, RCR, ROR and SHRD by 1, which is "the sign changed". */
export function topBitsDiffer(e: Emitter, result: Value): Value {
  const bits = widthOfValue(result);
  return e.xor(e.bit(result, bits - 1), e.bit(result, bits - 2));
}

const minusOne = (e: Emitter, count: Value): Value => e.sub(count, e.constant(widthOfValue(count), 1));

/** The last bit that left an operand shifted right (count 1 and up). */
const lastBitRight = (e: Emitter, shifted: Value): Value => e.bit(shifted, 0);

/** 8- and 16-bit operands can lose all their bits (counts up to 31), so they shift inside 32 bits. */
function shiftLeft(e: Emitter, value: Value, count: Value): { result: Value; cf: Value } {
  const bits = widthOfValue(value);
  if (bits < 32) {
    const wide = e.shl(e.zeroExtend(value, 32), e.zeroExtend(count, 32));
    return { result: e.truncate(wide, bits), cf: e.bit(wide, bits) };
  }
  return { result: e.shl(value, count), cf: signOf(e, e.shl(value, minusOne(e, count))) };
}

const shl: Semantics = (e, a, b) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, bits);
  const { result, cf } = shiftLeft(e, value, count);
  const enabled = e.notEqual(count, e.constant(bits, 0));
  e.write(a, result);
  e.flags({ result, cf, of: e.xor(signOf(e, result), cf), af: 'clear', enabled });
};

const shr: Semantics = (e, a, b) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, bits);
  const result = e.shr(value, count);
  const cf = lastBitRight(e, e.shr(value, minusOne(e, count)));
  const enabled = e.notEqual(count, e.constant(bits, 0));
  e.write(a, result);
  e.flags({ result, cf, of: topBitsDiffer(e, result), af: 'clear', enabled });
};

const sar: Semantics = (e, a, b) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, b, bits);
  const result = e.sar(value, count);
  const cf = lastBitRight(e, e.sar(value, minusOne(e, count)));
  const enabled = e.notEqual(count, e.constant(bits, 0));
  e.write(a, result);
  e.flags({ result, cf, of: 'clear', af: 'clear', enabled });
};

/**
 * SHLD of 16 bits: counts of 17 to 31 shift destination:source:destination, as processors since the P6 do.
 * The 48 bits stand at bit 0; the result is the topmost 16 of them, CF the bit above.
 */
function shiftLeft16(e: Emitter, value: Value, filler: Value, count: Value): { result: Value; cf: Value } {
  const shifted = e.shl(threefold(e, value, filler), e.zeroExtend(count, 64));
  return { result: e.truncate(e.shr(shifted, e.constant(64, 32)), 16), cf: e.bit(shifted, 48) };
}

function shiftRight16(e: Emitter, value: Value, filler: Value, count: Value): { result: Value; cf: Value } {
  const all = threefold(e, value, filler);
  const wideCount = e.zeroExtend(count, 64);
  return {
    result: e.truncate(e.shr(all, wideCount), 16),
    cf: lastBitRight(e, e.shr(all, minusOne(e, wideCount))),
  };
}

/** value:filler:value, 48 bits in 64. */
function threefold(e: Emitter, value: Value, filler: Value): Value {
  const outer = e.zeroExtend(value, 64);
  const middle = e.shl(e.zeroExtend(filler, 64), e.constant(64, 16));
  return e.or(e.or(outer, middle), e.shl(outer, e.constant(64, 32)));
}

function doubleLeft(e: Emitter, value: Value, filler: Value, count: Value): { result: Value; cf: Value } {
  const bits = widthOfValue(value);
  if (bits === 16) return shiftLeft16(e, value, filler, count);
  // Two steps, so that a count of 0 brings in nothing.
  const entering = e.shr(e.shr(filler, e.constant(bits, 1)), e.sub(e.constant(bits, bits - 1), count));
  return {
    result: e.or(e.shl(value, count), entering),
    cf: signOf(e, e.shl(value, minusOne(e, count))),
  };
}

function doubleRight(e: Emitter, value: Value, filler: Value, count: Value): { result: Value; cf: Value } {
  const bits = widthOfValue(value);
  if (bits === 16) return shiftRight16(e, value, filler, count);
  const entering = e.shl(e.shl(filler, e.constant(bits, 1)), e.sub(e.constant(bits, bits - 1), count));
  return {
    result: e.or(e.shr(value, count), entering),
    cf: lastBitRight(e, e.shr(value, minusOne(e, count))),
  };
}

const shld: Semantics = (e, a, b, c) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, c, bits);
  const { result, cf } = doubleLeft(e, value, e.read(b), count);
  const enabled = e.notEqual(count, e.constant(bits, 0));
  e.write(a, result);
  e.flags({ result, cf, of: e.xor(signOf(e, result), cf), af: 'clear', enabled });
};

const shrd: Semantics = (e, a, b, c) => {
  const bits = widthOf(a);
  const value = e.readForUpdate(a);
  const count = shiftCount(e, c, bits);
  const { result, cf } = doubleRight(e, value, e.read(b), count);
  const enabled = e.notEqual(count, e.constant(bits, 0));
  e.write(a, result);
  e.flags({ result, cf, of: topBitsDiffer(e, result), af: 'clear', enabled });
};

export const SHIFT: Record<string, Semantics> = { SHL: shl, SHR: shr, SAR: sar, SHLD: shld, SHRD: shrd };
