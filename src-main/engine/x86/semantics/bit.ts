// Bit tests, bit scans, byte swaps, population count and CRC32.
// Reference: Intel SDM vol. 2 (BT, BTC, BTR, BTS, BSF, BSR, BSWAP, POPCNT, CRC32).

import { EFLAGS_STATUS, EFLAGS_ZF } from '../state/control-bits.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { bitNumber } from './flag-bits.ts';
import { resize, resizeSigned, widthOf } from './width.ts';

type Change = (e: Emitter, value: Value, mask: Value) => Value;

const set: Change = (e, value, mask) => e.or(value, mask);
const reset: Change = (e, value, mask) => e.and(value, e.not(mask));
const complement: Change = (e, value, mask) => e.xor(value, mask);

/** The addressed bit within `value`; only CF changes. */
function testBit(e: Emitter, value: Value, position: Value): void {
  e.flags({ cf: e.bit(e.shr(value, position), 0) });
}

/** A register bit offset reaches from a memory operand over the whole address range, in units of its size. */
function reachesMemory(a: Operand, b: Operand): boolean {
  return a.kind === 'memory' && b.kind === 'register';
}

/** Address of the unit that holds the bit: the offset divided by the operand size, rounded down. */
function unitAddress(e: Emitter, a: Operand, offset: Value): Value {
  const bits = widthOf(a);
  const unit = e.sar(offset, e.constant(bits, Math.log2(bits)));
  const bytes = resizeSigned(e, unit, e.shape.addressBits);
  return e.add(e.address(a), e.mul(bytes, e.constant(e.shape.addressBits, bits / 8)));
}

function bitPosition(e: Emitter, a: Operand, b: Operand): Value {
  const bits = widthOf(a);
  return e.and(resize(e, e.read(b), bits), e.constant(bits, bits - 1));
}

const bt: Semantics = (e, a, b) => {
  const position = bitPosition(e, a, b);
  const value = reachesMemory(a, b)
    ? e.load('instruction', unitAddress(e, a, e.read(b)), widthOf(a))
    : e.read(a);
  testBit(e, value, position);
};

function changeBit(change: Change): Semantics {
  return (e, a, b) => {
    const bits = widthOf(a);
    const position = bitPosition(e, a, b);
    const mask = e.shl(e.constant(bits, 1), position);
    if (!reachesMemory(a, b)) {
      const value = e.readForUpdate(a);
      e.write(a, change(e, value, mask));
      testBit(e, value, position);
      return;
    }
    const address = unitAddress(e, a, e.read(b));
    e.probeStore('instruction', address, bits);
    const value = e.load('instruction', address, bits);
    e.store('instruction', address, change(e, value, mask));
    testBit(e, value, position);
  };
}

/** A source of 0 leaves the destination's bits (but clears the upper half in 64-bit code, as Intel does). */
function scan(find: (e: Emitter, source: Value, bits: 16 | 32 | 64) => Value): Semantics {
  return (e, a, b) => {
    const source = e.read(b);
    const bits = widthOf(a);
    if (bits === 8) throw new Error('Bit scans have no 8-bit form');
    e.write(a, e.select(e.isZero(source), e.read(a), find(e, source, bits)));
    e.flagsLogic(source);
  };
}

const lowestBit = (e: Emitter, source: Value, bits: 16 | 32 | 64): Value =>
  bits === 16 ? e.truncate(e.countTrailingZeros(e.zeroExtend(source, 32)), 16) : e.countTrailingZeros(source);

function highestBit(e: Emitter, source: Value, bits: 16 | 32 | 64): Value {
  if (bits !== 16) return e.sub(e.constant(bits, bits - 1), e.countLeadingZeros(source));
  const zeros = e.countLeadingZeros(e.zeroExtend(source, 32));
  return e.truncate(e.sub(e.constant(32, 31), zeros), 16);
}

/** Of 16 bits it is undefined; processors write 0. */
const bswap: Semantics = (e, a) => {
  const bits = widthOf(a);
  if (bits === 8 || bits === 16) e.write(a, e.constant(bits, 0));
  else e.write(a, swapBytes(e, e.read(a)));
};

/** Reverses the bytes of 16, 32 or 64 bits. */
export function swapBytes(e: Emitter, value: Value): Value {
  if (value.bits === 16) {
    return e.or(e.shl(value, e.constant(16, 8)), e.shr(value, e.constant(16, 8)));
  }
  if (value.bits === 32) return swapBytes32(e, value);
  const low = swapBytes32(e, e.truncate(value, 32));
  const high = swapBytes32(e, e.truncate(e.shr(value, e.constant(64, 32)), 32));
  return e.or(e.shl(e.zeroExtend(low, 64), e.constant(64, 32)), e.zeroExtend(high, 64));
}

/** Bytes 0 and 2 move by one rotate, bytes 1 and 3 by the other. */
function swapBytes32(e: Emitter, value: Value): Value {
  const even = e.rotr(e.and(value, e.constant(32, 0x00ff00ff)), e.constant(32, 8));
  const odd = e.and(e.rotl(value, e.constant(32, 8)), e.constant(32, 0x00ff00ff));
  return e.or(even, odd);
}

const popcnt: Semantics = (e, a, b) => {
  const source = e.read(b);
  const bits = widthOf(a);
  const counted = bits < 32 ? e.populationCount(e.zeroExtend(source, 32)) : e.populationCount(source);
  e.write(a, resize(e, counted, bits));
  const zf = e.shl(e.zeroExtend(e.isZero(source), 32), e.constant(32, bitNumber(EFLAGS_ZF)));
  e.setEflags(zf, EFLAGS_STATUS);
};

/** The Castagnoli polynomial 11EDC6F41h, reflected. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

/** Divides `bits` bits that have been xored into the low end of the running remainder. */
function crcSteps(e: Emitter, start: Value, bits: 8 | 16 | 32): Value {
  const crc = e.variable(start);
  const left = e.variable(e.constant(32, bits));
  const one = e.constant(32, 1);
  e.loop(() => {
    const value = e.get(crc);
    const polynomial = e.and(e.neg(e.and(value, one)), e.constant(32, CRC32C_POLYNOMIAL));
    e.set(crc, e.xor(e.shr(value, one), polynomial));
    e.set(left, e.sub(e.get(left), one));
    return e.notEqual(e.get(left), e.constant(32, 0));
  });
  return e.get(crc);
}

const crc32: Semantics = (e, a, b) => {
  const data = e.read(b);
  const bits = widthOf(b);
  const start = resize(e, e.read(a), 32);
  const lower = e.xor(start, resize(e, data, 32));
  let crc = crcSteps(e, lower, bits === 64 ? 32 : bits);
  if (bits === 64) {
    const upper = e.truncate(e.shr(data, e.constant(64, 32)), 32);
    crc = crcSteps(e, e.xor(crc, upper), 32);
  }
  e.write(a, resize(e, crc, widthOf(a)));
};

export const BIT: Record<string, Semantics> = {
  BT: bt,
  BTS: changeBit(set),
  BTR: changeBit(reset),
  BTC: changeBit(complement),
  BSF: scan(lowestBit),
  BSR: scan(highestBit),
  BSWAP: bswap,
  POPCNT: popcnt,
  CRC32: crc32,
};
