// Conversions between integers, singles and doubles of SSE and SSE2, in XMM, MM and general registers.
// The host converts where the result is exact, or inexact with nothing left to report; software otherwise.
// Reference: Intel SDM vol. 1, 4.8.4, 10.4.3, 11.4.1.6; vol. 2, CVTxx2yy.

import { SSE_CONVERSION } from '../helpers/sse-operations.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { defaultAndInexact, FloatLanes, guarded, halves, vectorFromHelper } from './float-lanes.ts';
import { supposeControl, UsualNumbers } from './usual-numbers.ts';
import {
  fromHalves,
  lane64,
  laneConstant,
  mergeLow,
  readLow,
  readVector,
  truth,
  vectorResult,
} from './vector-operand.ts';

/** The software conversion of the low lane, or of a vector. */
function convertLow(e: Emitter, code: number, source: Value): Value {
  const wide = source.bits === 64 ? source : e.zeroExtend(source, 64);
  return e.helper('sseConvert', e.constant(32, code), wide, e.constant(64, 0));
}

function convertVector(e: Emitter, code: number, source: Value): Value {
  return vectorFromHelper(e, e.helper('sseConvert', e.constant(32, code), ...halves(e, source)));
}

/** |value| <= 2^digits, as an unsigned comparison: exact in a float of so many digits. */
function smallInteger(e: Emitter, value: Value, digits: number): Value {
  const half = 1n << BigInt(digits);
  const bits = value.bits === 32 ? 32 : 64;
  return e.lessU(e.add(value, e.constant(bits, half)), e.constant(bits, 2n * half + 1n));
}

/** CVTSI2SS, CVTSI2SD. */
function integerToScalar(bits: 32 | 64): Semantics {
  return (e, destination, source) => {
    const value = e.read(source);
    const fast = e.op(`f${bits}.convert_i${value.bits}_s`, value);
    const f = new FloatLanes(e, bits === 32 ? 'f32' : 'f64');
    let result = f.toBits(fast);
    const { suppositions } = e;
    const isExact = bits === 64 && value.bits === 32;
    if (suppositions !== undefined) {
      if (!isExact) supposeControl(suppositions);
      suppositions.setRange(fast, { bits, least: 0, greatest: value.bits - 1 });
    } else if (!isExact) {
      const safe = e.or(defaultAndInexact(e), smallInteger(e, value, bits === 32 ? 24 : 53));
      const code =
        value.bits === 32
          ? SSE_CONVERSION.i32ToF32
          : bits === 32
            ? SSE_CONVERSION.i64ToF32
            : SSE_CONVERSION.i64ToF64;
      result = guarded(e, safe, result, () => {
        const low = convertLow(e, code, value);
        return bits === 32 ? e.truncate(low, 32) : low;
      });
    }
    mergeLow(e, destination, result);
  };
}

const TO_INTEGER = {
  32: { 32: SSE_CONVERSION.f32ToI32, 64: SSE_CONVERSION.f32ToI64 },
  64: { 32: SSE_CONVERSION.f64ToI32, 64: SSE_CONVERSION.f64ToI64 },
} as const;

/** CVTSS2SI, CVTTSD2SI and the others: round (or cut), then convert what is certainly in range. */
function scalarToInteger(bits: 32 | 64, truncating: boolean): Semantics {
  return (e, destination, source) => {
    const f = new FloatLanes(e, bits === 32 ? 'f32' : 'f64');
    const sourceBits = readLow(e, source, bits);
    const value = f.fromBits(sourceBits);
    const to = destination.bits === 64 ? 64 : 32;
    const whole = f.op(truncating ? 'trunc' : 'nearest', value);
    const inRange = f.all(f.below(whole, to === 32 ? 'twoTo31' : 'twoTo63'));
    const converted = e.op(`i${to}.trunc_sat_f${bits}_s`, whole);
    const { suppositions } = e;
    if (suppositions !== undefined) {
      supposeControl(suppositions);
      suppositions.holds(inRange);
      e.write(destination, converted);
      return;
    }
    const silent = e.or(f.all(f.op('eq', whole, value)), defaultAndInexact(e));
    const safe = e.and(silent, inRange);
    const code = TO_INTEGER[bits][to] | (truncating ? SSE_CONVERSION.truncate : 0);
    const result = guarded(e, safe, converted, () => {
      const low = convertLow(e, code, sourceBits);
      return to === 32 ? e.truncate(low, 32) : low;
    });
    e.write(destination, result);
  };
}

function singleToDouble(e: Emitter, destination: Operand, source: Operand): void {
  const sourceBits = readLow(e, source, 32);
  const single = new FloatLanes(e, 'f32');
  const value = single.fromBits(sourceBits);
  const double = e.op('f64.promote_f32', value);
  const fast = e.op('i64.reinterpret_f64', double);
  const { suppositions } = e;
  if (suppositions !== undefined) {
    suppositions.setRange(double, { ...new UsualNumbers(suppositions, single).operand(value), bits: 64 });
    mergeLow(e, destination, fast);
    return;
  }
  const slow = () => convertLow(e, SSE_CONVERSION.f32ToF64, sourceBits);
  mergeLow(e, destination, guarded(e, single.all(single.plain(value)), fast, slow));
}

/** Whether a double and the single it became, as a double again, keep clear of overflow and underflow. */
function narrowsQuietly(e: Emitter, f: FloatLanes, value: Value, back: Value): Value {
  const large = f.op('ge', f.op('abs', value), f.constant('comfortableSingle'));
  const range = f.all(f.or(f.and(large, f.finite(back)), f.isZero(value)));
  return e.and(range, e.or(f.all(f.op('eq', back, value)), defaultAndInexact(e)));
}

function doubleToSingle(e: Emitter, destination: Operand, source: Operand): void {
  const sourceBits = readLow(e, source, 64);
  const f = new FloatLanes(e, 'f64');
  const value = f.fromBits(sourceBits);
  const result = e.op('f32.demote_f64', value);
  const { suppositions } = e;
  if (suppositions !== undefined) {
    supposeControl(suppositions);
    new UsualNumbers(suppositions, f).operand(value);
    new UsualNumbers(suppositions, new FloatLanes(e, 'f32')).inWindow(result, () => f.isZero(value));
    mergeLow(e, destination, e.op('i32.reinterpret_f32', result));
    return;
  }
  const safe = narrowsQuietly(e, f, value, e.op('f64.promote_f32', result));
  const slow = () => e.truncate(convertLow(e, SSE_CONVERSION.f64ToF32, sourceBits), 32);
  mergeLow(e, destination, guarded(e, safe, e.op('i32.reinterpret_f32', result), slow));
}

function packedSinglesToDoubles(e: Emitter, destination: Operand, source: Operand): void {
  const value = readVector(e, source);
  const f = new FloatLanes(e, 'f32x4');
  const low = fromHalves(e, lane64(e, value, 0), lane64(e, value, 0));
  const fast = e.op('f64x2.promote_low_f32x4', low);
  const slow = () => convertVector(e, SSE_CONVERSION.f32ToF64Packed, low);
  e.write(destination, guarded(e, f.all(f.plain(low)), fast, slow));
}

function packedDoublesToSingles(e: Emitter, destination: Operand, source: Operand): void {
  const value = readVector(e, source);
  const result = e.op('f32x4.demote_f64x2_zero', value);
  const back = e.op('f64x2.promote_low_f32x4', result);
  const safe = narrowsQuietly(e, new FloatLanes(e, 'f64x2'), value, back);
  const slow = () => convertVector(e, SSE_CONVERSION.f64ToF32Packed, value);
  e.write(destination, guarded(e, safe, result, slow));
}

/** CVTDQ2PS, and CVTPI2PS with its two lanes in the low half. */
function integersToSingles(e: Emitter, value: Value, code: number): Value {
  const fast = e.op('f32x4.convert_i32x4_s', value);
  const shifted = e.op('i32x4.add', value, laneConstant(e, 32, new Array<number>(4).fill(1 << 24)));
  const bound = laneConstant(e, 32, new Array<number>(4).fill(1 << 25));
  const small = truth(e, e.op('i32x4.all_true', e.op('i32x4.le_u', shifted, bound)));
  return guarded(e, e.or(small, defaultAndInexact(e)), fast, () => convertVector(e, code, value));
}

/** CVTPS2DQ, CVTTPS2DQ, CVTPS2PI, CVTTPS2PI. */
function singlesToIntegers(e: Emitter, value: Value, truncating: boolean, code: number): Value {
  const f = new FloatLanes(e, 'f32x4');
  const whole = f.op(truncating ? 'trunc' : 'nearest', value);
  const silent = e.or(f.all(f.op('eq', whole, value)), defaultAndInexact(e));
  const safe = e.and(silent, f.all(f.below(whole, 'twoTo31')));
  const kind = code | (truncating ? SSE_CONVERSION.truncate : 0);
  return guarded(e, safe, e.op('i32x4.trunc_sat_f32x4_s', whole), () => convertVector(e, kind, value));
}

/** CVTPD2DQ, CVTTPD2DQ, CVTPD2PI, CVTTPD2PI: two lanes, zeros above. */
function doublesToIntegers(e: Emitter, value: Value, truncating: boolean): Value {
  const f = new FloatLanes(e, 'f64x2');
  const whole = f.op(truncating ? 'trunc' : 'nearest', value);
  const silent = e.or(f.all(f.op('eq', whole, value)), defaultAndInexact(e));
  const safe = e.and(silent, f.all(f.below(whole, 'twoTo31')));
  const kind = SSE_CONVERSION.f64ToI32Packed | (truncating ? SSE_CONVERSION.truncate : 0);
  return guarded(e, safe, e.op('i32x4.trunc_sat_f64x2_s_zero', whole), () => convertVector(e, kind, value));
}

/** A vector conversion whose MM form (if the mnemonic has one) enters MMX state. */
function packed(convert: (e: Emitter, value: Value) => Value): Semantics {
  return (e, destination, source) =>
    vectorResult(e, [destination, source], () => convert(e, readVector(e, source)));
}

export const SSE_CONVERT: Readonly<Record<string, Semantics>> = {
  CVTSI2SS: integerToScalar(32),
  CVTSI2SD: integerToScalar(64),
  CVTSS2SI: scalarToInteger(32, false),
  CVTSD2SI: scalarToInteger(64, false),
  CVTTSS2SI: scalarToInteger(32, true),
  CVTTSD2SI: scalarToInteger(64, true),
  CVTSS2SD: singleToDouble,
  CVTSD2SS: doubleToSingle,
  CVTPS2PD: packedSinglesToDoubles,
  CVTPD2PS: packedDoublesToSingles,
  CVTDQ2PS: packed((e, value) => integersToSingles(e, value, SSE_CONVERSION.i32ToF32Packed)),
  CVTDQ2PD: packed((e, value) => e.op('f64x2.convert_low_i32x4_s', value)),
  CVTPS2DQ: packed((e, value) => singlesToIntegers(e, value, false, SSE_CONVERSION.f32ToI32Packed)),
  CVTTPS2DQ: packed((e, value) => singlesToIntegers(e, value, true, SSE_CONVERSION.f32ToI32Packed)),
  CVTPD2DQ: packed((e, value) => doublesToIntegers(e, value, false)),
  CVTTPD2DQ: packed((e, value) => doublesToIntegers(e, value, true)),
  CVTPS2PI: packed((e, value) => singlesToIntegers(e, value, false, SSE_CONVERSION.f32ToI32Pair)),
  CVTTPS2PI: packed((e, value) => singlesToIntegers(e, value, true, SSE_CONVERSION.f32ToI32Pair)),
  CVTPD2PI: packed((e, value) => doublesToIntegers(e, value, false)),
  CVTTPD2PI: packed((e, value) => doublesToIntegers(e, value, true)),
  CVTPI2PD: packed((e, value) => e.op('f64x2.convert_low_i32x4_s', value)),
  CVTPI2PS(e, destination, source) {
    vectorResult(e, [destination, source], () => {
      const converted = integersToSingles(e, readVector(e, source), SSE_CONVERSION.i32ToF32Pair);
      const high = lane64(e, readVector(e, destination), 1);
      return fromHalves(e, lane64(e, converted, 0), high);
    });
  },
};
