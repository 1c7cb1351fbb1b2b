// How many low bits of an integer value may be non-zero, from its operation and its operands.

import { I32, OPCODES } from '../wasm/opcodes.table.ts';
import { ATOMIC, CONSTANT, type FunctionGraph, LOAD, NUMERIC, SELECT } from './graph.ts';

/** What loads leave at most, by opcode: those that extend by zeros. */
const LOADED_BITS = Uint8Array.from(OPCODES, (opcode) => (opcode?.name.endsWith('_u') ? opcode.size * 8 : 64));

/** `known` holds the answers for all earlier ids. */
export function significantBitsOf(graph: FunctionGraph, known: Uint8Array, id: number): number {
  const width = graph.type[id] === I32 ? 32 : 64;
  switch (graph.kind[id]) {
    case CONSTANT:
      return bitLength(graph.a[id]!, width === 64 ? graph.b[id]! : 0);
    case SELECT:
      return Math.max(known[graph.a[id]!]!, known[graph.b[id]!]!);
    case NUMERIC:
      return Math.min(width, numericBits(graph, known, id, width));
    case LOAD:
    case ATOMIC:
      return Math.min(width, LOADED_BITS[graph.op[id]!]!);
    default:
      return width;
  }
}

export function bitLength(low: number, high: number): number {
  return high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low);
}

function numericBits(graph: FunctionGraph, known: Uint8Array, id: number, width: number): number {
  const op = graph.op[id]!;
  if (op <= 0x66) return 1; // comparisons
  if (op >= 0x200) return vectorBits(graph, id, width);
  const left = graph.a[id]!;
  const a = known[left]!;
  const b = graph.b[id]! >= 0 ? known[graph.b[id]!]! : 0;
  // The i64 operations follow the i32 ones in the same order.
  switch (op >= 0x79 && op <= 0x8a ? op - 0x12 : op) {
    case 0x67: // clz
    case 0x68: // ctz
    case 0x69: // popcnt
      return width === 32 ? 6 : 7;
    case 0x6a: // add
      return Math.max(a, b) + 1;
    case 0x6c: // mul
      return a + b;
    case 0x6e: // div_u
      return a;
    case 0x70: // rem_u
    case 0x71: // and
      return Math.min(a, b);
    case 0x72: // or
    case 0x73: // xor
      return Math.max(a, b);
    case 0x74: // shl
      return shiftCount(graph, id, width) < 0 ? width : a + shiftCount(graph, id, width);
    case 0x75: // shr_s
      return a === width ? width : Math.max(0, a - Math.max(0, shiftCount(graph, id, width)));
    case 0x76: // shr_u
      return Math.max(0, a - Math.max(0, shiftCount(graph, id, width)));
    case 0xa7: // i32.wrap_i64
    case 0xad: // i64.extend_i32_u
      return a;
    case 0xac: // i64.extend_i32_s
      return a < 32 ? a : width;
    case 0xc0: // i32.extend8_s
    case 0xc2: // i64.extend8_s
      return a < 8 ? a : width;
    case 0xc1: // i32.extend16_s
    case 0xc3: // i64.extend16_s
      return a < 16 ? a : width;
    case 0xc4: // i64.extend32_s
      return a < 32 ? a : width;
    default:
      return width;
  }
}

/** -1 if not constant. */
function shiftCount(graph: FunctionGraph, id: number, width: number): number {
  const count = graph.b[id]!;
  return graph.kind[count] === CONSTANT ? graph.a[count]! & (width - 1) : -1;
}

function vectorBits(graph: FunctionGraph, id: number, width: number): number {
  const { name } = OPCODES[graph.op[id]!]!;
  if (name.endsWith('_true')) return 1;
  if (name.endsWith('.bitmask')) return Number(/x(\d+)/.exec(name)?.[1]);
  if (name.endsWith('extract_lane_u')) return Number(/i(\d+)/.exec(name)?.[1]);
  return width;
}
