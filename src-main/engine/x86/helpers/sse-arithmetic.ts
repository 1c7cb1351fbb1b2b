// Software SSE arithmetic: what generated code calls when the host's float instructions might differ.
// Operands come from `scratch`, 64 bits a position; results go to `scratch[0]` and `[1]`.
// Reference: Intel SDM vol. 1, 10.4.1, 11.4.1, 11.5; vol. 2, MINPS, CMPPS, DPPS, ROUNDPS, RCPPS.

import type { CpuContext } from './cpu-context.ts';
import { scratchHigh, scratchLow, setScratch } from './float-words.ts';
import { add, subtract } from './soft-float/add.ts';
import { compare, EQUAL, LESS, UNORDERED } from './soft-float/compare.ts';
import { divide, squareRoot } from './soft-float/divide.ts';
import { floatEnvironment as env } from './soft-float/environment.ts';
import { pack32, pack64, packed, unpack32, unpack64 } from './soft-float/formats.ts';
import { roundToIntegral } from './soft-float/integer.ts';
import { multiply } from './soft-float/multiply.ts';
import { SoftNumber } from './soft-float/number.ts';
import { beginSse, endSse, faultPending } from './sse-exceptions.ts';
import { SSE_OPERATION } from './sse-operations.ts';

const a = new SoftNumber();
const b = new SoftNumber();
const result = new SoftNumber();

/** a and b in, `result` out. */
function arithmetic(operation: number): void {
  switch (operation) {
    case SSE_OPERATION.add:
      add(a, b, result);
      break;
    case SSE_OPERATION.subtract:
      subtract(a, b, result);
      break;
    case SSE_OPERATION.multiply:
      multiply(a, b, result);
      break;
    case SSE_OPERATION.divide:
      divide(a, b, result);
      break;
    default:
      squareRoot(b, result);
  }
}

/** Predicates EQ, UNORD, NEQ and ORD are quiet about quiet NaNs. */
const QUIET_PREDICATES = [true, false, false, true, true, false, false, true];

function predicateHolds(predicate: number): boolean {
  const order = compare(a, b, QUIET_PREDICATES[predicate] === true);
  const base =
    (predicate & 3) === 0
      ? order === EQUAL
      : (predicate & 3) === 1
        ? order === LESS
        : (predicate & 3) === 2
          ? order === LESS || order === EQUAL
          : order === UNORDERED;
  return base !== predicate >= 4;
}

/** MIN and MAX take the first operand only if it is the smaller (larger) one: NaNs and zeros give the second. */
function takesFirst(operation: number): boolean {
  if (operation === SSE_OPERATION.minimum) return compare(a, b, false) === LESS;
  return compare(b, a, false) === LESS;
}

const isExtreme = (operation: number): boolean =>
  operation === SSE_OPERATION.minimum || operation === SSE_OPERATION.maximum;

/** A denormal counts as zero under DAZ also where an operand itself is the result. */
function asRead32(bits: number): number {
  return env.denormalsAreZero && (bits & 0x7f80_0000) === 0 ? bits & 0x8000_0000 : bits;
}

function operate32(operation: number, left: number, right: number): number {
  unpack32(left, a);
  unpack32(right, b);
  if (operation >= SSE_OPERATION.compare) return predicateHolds(operation & 7) ? -1 : 0;
  if (isExtreme(operation)) return asRead32(takesFirst(operation) ? left : right);
  arithmetic(operation);
  return pack32(result);
}

/** The result is left in `packed`. */
function operate64(operation: number, aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  unpack64(aLow, aHigh, a);
  unpack64(bLow, bHigh, b);
  if (operation >= SSE_OPERATION.compare) {
    packed.low = predicateHolds(operation & 7) ? 0xffff_ffff : 0;
    packed.high = packed.low;
  } else if (isExtreme(operation)) {
    const first = takesFirst(operation);
    packed.low = first ? aLow : bLow;
    packed.high = first ? aHigh : bHigh;
    if (env.denormalsAreZero && (packed.high & 0x7ff0_0000) === 0) {
      packed.low = 0;
      packed.high &= 0x8000_0000;
    }
  } else {
    arithmetic(operation);
    pack64(result);
  }
}

export function sseScalar32(cpu: CpuContext, operation: number, left: number, right: number): number {
  beginSse(cpu);
  const value = operate32(operation, left, right);
  if (endSse(cpu)) return 1;
  setScratch(cpu, value >>> 0, 0);
  return 0;
}

export function sseScalar64(cpu: CpuContext, operation: number): number {
  beginSse(cpu);
  operate64(operation, scratchLow(cpu, 1), scratchHigh(cpu, 1), scratchLow(cpu, 2), scratchHigh(cpu, 2));
  if (endSse(cpu)) return 1;
  setScratch(cpu, packed.low >>> 0, packed.high >>> 0);
  return 0;
}

/** ADDSUB: the operation of one lane. */
function laneOperation(operation: number, lane: number): number {
  if (operation !== SSE_OPERATION.addSubtract) return operation;
  return (lane & 1) === 0 ? SSE_OPERATION.subtract : SSE_OPERATION.add;
}

const lanes = new Uint32Array(4);

function storeLanes(cpu: CpuContext): void {
  setScratch(cpu, lanes[0] ?? 0, lanes[1] ?? 0, 0);
  setScratch(cpu, lanes[2] ?? 0, lanes[3] ?? 0, 1);
}

/** 32-bit word `n` of the vector whose low half is at scratch position `first`. */
function word(cpu: CpuContext, first: number, n: number): number {
  return (n & 1) === 0 ? scratchLow(cpu, first + (n >> 1)) : scratchHigh(cpu, first + (n >> 1));
}

export function ssePacked32(cpu: CpuContext, operation: number): number {
  beginSse(cpu);
  for (let lane = 0; lane < 4; lane++) {
    lanes[lane] = operate32(laneOperation(operation, lane), word(cpu, 1, lane), word(cpu, 3, lane));
  }
  if (endSse(cpu)) return 1;
  storeLanes(cpu);
  return 0;
}

export function ssePacked64(cpu: CpuContext, operation: number): number {
  beginSse(cpu);
  for (let lane = 0; lane < 2; lane++) {
    const l = 2 * lane;
    const aLow = word(cpu, 1, l);
    const bLow = word(cpu, 3, l);
    operate64(laneOperation(operation, lane), aLow, word(cpu, 1, l + 1), bLow, word(cpu, 3, l + 1));
    lanes[l] = packed.low;
    lanes[l + 1] = packed.high;
  }
  if (endSse(cpu)) return 1;
  storeLanes(cpu);
  return 0;
}

const ZF = 0x40;
const PF = 0x04;
const CF = 0x01;

function compareFlags(cpu: CpuContext, quiet: number): number {
  const order = compare(a, b, quiet !== 0);
  if (endSse(cpu)) return 1;
  const flags = order === UNORDERED ? ZF | PF | CF : order === EQUAL ? ZF : order === LESS ? CF : 0;
  setScratch(cpu, flags, 0);
  return 0;
}

export function sseCompare32(cpu: CpuContext, quiet: number, left: number, right: number): number {
  beginSse(cpu);
  unpack32(left, a);
  unpack32(right, b);
  return compareFlags(cpu, quiet);
}

export function sseCompare64(cpu: CpuContext, quiet: number): number {
  beginSse(cpu);
  unpack64(scratchLow(cpu, 1), scratchHigh(cpu, 1), a);
  unpack64(scratchLow(cpu, 2), scratchHigh(cpu, 2), b);
  return compareFlags(cpu, quiet);
}

/** ROUNDPS and its like: immediate bit 3 silences inexact, bit 2 takes MXCSR's rounding, bits 1-0 its own. */
export function sseRound(cpu: CpuContext, width: number, count: number, immediate: number): number {
  beginSse(cpu);
  if ((immediate & 4) === 0) env.rounding = immediate & 3;
  const silent = (immediate & 8) !== 0;
  lanes.fill(0);
  for (let lane = 0; lane < count; lane++) {
    if (width === 32) {
      unpack32(word(cpu, 3, lane), a);
      roundToIntegral(a, result, silent);
      lanes[lane] = pack32(result);
    } else {
      unpack64(word(cpu, 3, 2 * lane), word(cpu, 3, 2 * lane + 1), a);
      roundToIntegral(a, result, silent);
      pack64(result);
      lanes[2 * lane] = packed.low;
      lanes[2 * lane + 1] = packed.high;
    }
  }
  if (endSse(cpu)) return 1;
  storeLanes(cpu);
  return 0;
}

/** DPPS, DPPD: every product and sum is rounded; sums of neighbours first. An unmasked exception ends it. */
export function sseDotProduct(cpu: CpuContext, width: number, immediate: number): number {
  beginSse(cpu);
  lanes.fill(0);
  if (width === 32) dotProduct32(cpu, immediate);
  else dotProduct64(cpu, immediate);
  if (endSse(cpu)) return 1;
  storeLanes(cpu);
  return 0;
}

function dotProduct32(cpu: CpuContext, immediate: number): void {
  const products = [0, 0, 0, 0];
  for (let lane = 0; lane < 4; lane++) {
    if (((immediate >> (4 + lane)) & 1) === 0) continue;
    products[lane] = operate32(SSE_OPERATION.multiply, word(cpu, 2, lane), word(cpu, 4, lane));
  }
  if (faultPending(cpu)) return;
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0] = products;
  const low = operate32(SSE_OPERATION.add, a0, a1);
  const high = operate32(SSE_OPERATION.add, a2, a3);
  if (faultPending(cpu)) return;
  const sum = operate32(SSE_OPERATION.add, low, high);
  for (let lane = 0; lane < 4; lane++) if ((immediate >> lane) & 1) lanes[lane] = sum;
}

function dotProduct64(cpu: CpuContext, immediate: number): void {
  const product = (lane: number): readonly [number, number] => {
    if (((immediate >> (4 + lane)) & 1) === 0) return [0, 0];
    const l = 2 * lane;
    const right = word(cpu, 4, l);
    operate64(SSE_OPERATION.multiply, word(cpu, 2, l), word(cpu, 2, l + 1), right, word(cpu, 4, l + 1));
    return [packed.low, packed.high];
  };
  const first = product(0);
  const second = product(1);
  if (faultPending(cpu)) return;
  operate64(SSE_OPERATION.add, ...first, ...second);
  for (let lane = 0; lane < 2; lane++) {
    if (((immediate >> lane) & 1) === 0) continue;
    lanes[2 * lane] = packed.low;
    lanes[2 * lane + 1] = packed.high;
  }
}

const floats = new Float32Array(1);
const floatBits = new Uint32Array(floats.buffer);

/** 1/x or 1/sqrt(x); denormal operands and results are zero, and nothing is signalled. */
function approximate(kind: number, bits: number): number {
  const magnitude = bits & 0x7fff_ffff;
  const sign = bits & 0x8000_0000;
  if (magnitude > 0x7f80_0000) return (bits | 0x40_0000) >>> 0;
  if (magnitude < 0x80_0000) return (sign | 0x7f80_0000) >>> 0;
  if (kind === 1 && sign !== 0) return 0xffc0_0000;
  floatBits[0] = bits;
  const x = floats[0] ?? 0;
  floats[0] = kind === 0 ? 1 / x : 1 / Math.sqrt(x);
  const value = floatBits[0] ?? 0;
  return (value & 0x7f80_0000) === 0 ? sign >>> 0 : value;
}

export function sseApproximate(cpu: CpuContext, kind: number): number {
  for (let lane = 0; lane < 4; lane++) lanes[lane] = approximate(kind, word(cpu, 1, lane));
  storeLanes(cpu);
  return 0;
}
