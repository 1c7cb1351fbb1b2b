// Software SSE conversions. The source stands in scratch[1] and [2], the result goes to [0] and [1].
// Reference: Intel SDM vol. 1, 4.8.4, 11.4.1.6; vol. 2, CVTxx2yy.

import type { CpuContext } from './cpu-context.ts';
import { scratchHigh, scratchLow, setScratch } from './float-words.ts';
import { pack32, pack64, packed, unpack32, unpack64 } from './soft-float/formats.ts';
import { fromInteger, fromInteger32, integer, toInteger } from './soft-float/integer.ts';
import { QUIET_NAN, SoftNumber } from './soft-float/number.ts';
import { noteDenormals, specialOperand } from './soft-float/operands.ts';
import { beginSse, endSse } from './sse-exceptions.ts';
import { SSE_CONVERSION } from './sse-operations.ts';

const n = new SoftNumber();
const source = new Uint32Array(4);
const target = new Uint32Array(4);

const word = (index: number): number => source[index] ?? 0;

/** NaNs and denormals are reported by conversions between floats only. */
function note(): void {
  if (n.kind >= QUIET_NAN) specialOperand(n, n);
  else noteDenormals(n, n);
}

function toSingle(lane: number): void {
  target[lane] = pack32(n);
}

function toDouble(lane: number): void {
  pack64(n);
  target[2 * lane] = packed.low;
  target[2 * lane + 1] = packed.high;
}

function toInteger32(lane: number, truncate: boolean): void {
  toInteger(n, 32, truncate);
  target[lane] = integer.low;
}

function toInteger64(truncate: boolean): void {
  toInteger(n, 64, truncate);
  target[0] = integer.low;
  target[1] = integer.high;
}

const single = (lane: number): void => unpack32(word(lane), n);
const double = (lane: number): void => unpack64(word(2 * lane), word(2 * lane + 1), n);

function convert(conversion: number, truncate: boolean): void {
  switch (conversion) {
    case SSE_CONVERSION.f32ToF64:
    case SSE_CONVERSION.f32ToF64Packed:
      for (let lane = 0; lane < (conversion === SSE_CONVERSION.f32ToF64 ? 1 : 2); lane++) {
        single(lane);
        note();
        toDouble(lane);
      }
      break;
    case SSE_CONVERSION.f64ToF32:
    case SSE_CONVERSION.f64ToF32Packed:
      for (let lane = 0; lane < (conversion === SSE_CONVERSION.f64ToF32 ? 1 : 2); lane++) {
        double(lane);
        note();
        toSingle(lane);
      }
      break;
    case SSE_CONVERSION.i64ToF32:
      fromInteger(word(0), word(1), n);
      toSingle(0);
      break;
    case SSE_CONVERSION.i64ToF64:
      fromInteger(word(0), word(1), n);
      toDouble(0);
      break;
    case SSE_CONVERSION.i32ToF32:
    case SSE_CONVERSION.i32ToF32Pair:
    case SSE_CONVERSION.i32ToF32Packed:
      for (let lane = 0; lane < laneCount(conversion); lane++) {
        fromInteger32(word(lane) | 0, n);
        toSingle(lane);
      }
      break;
    default:
      convertToInteger(conversion, truncate);
  }
}

function laneCount(conversion: number): number {
  if (conversion === SSE_CONVERSION.i32ToF32 || conversion === SSE_CONVERSION.f32ToI32) return 1;
  return conversion === SSE_CONVERSION.i32ToF32Pair || conversion === SSE_CONVERSION.f32ToI32Pair ? 2 : 4;
}

function convertToInteger(conversion: number, truncate: boolean): void {
  switch (conversion) {
    case SSE_CONVERSION.f32ToI64:
      single(0);
      toInteger64(truncate);
      break;
    case SSE_CONVERSION.f64ToI64:
      double(0);
      toInteger64(truncate);
      break;
    case SSE_CONVERSION.f64ToI32:
    case SSE_CONVERSION.f64ToI32Packed:
      for (let lane = 0; lane < (conversion === SSE_CONVERSION.f64ToI32 ? 1 : 2); lane++) {
        double(lane);
        toInteger32(lane, truncate);
      }
      break;
    default:
      for (let lane = 0; lane < laneCount(conversion); lane++) {
        single(lane);
        toInteger32(lane, truncate);
      }
  }
}

export function sseConvert(cpu: CpuContext, code: number): number {
  beginSse(cpu);
  source[0] = scratchLow(cpu, 1);
  source[1] = scratchHigh(cpu, 1);
  source[2] = scratchLow(cpu, 2);
  source[3] = scratchHigh(cpu, 2);
  target.fill(0);
  convert(code & ~SSE_CONVERSION.truncate, (code & SSE_CONVERSION.truncate) !== 0);
  if (endSse(cpu)) return 1;
  setScratch(cpu, target[0] ?? 0, target[1] ?? 0, 0);
  setScratch(cpu, target[2] ?? 0, target[3] ?? 0, 1);
  return 0;
}
