// How many low bits of an integer value may be non-zero, from its operation and its operands.

import { I32 } from '../wasm/opcodes.table.ts';
import { CONSTANT, type FunctionGraph } from './graph.ts';

/** `known` holds the answers for all earlier ids. */
export function significantBitsOf(graph: FunctionGraph, _known: Uint8Array, id: number): number {
  const width = graph.type[id] === I32 ? 32 : 64;
  if (graph.kind[id] === CONSTANT) {
    const high = graph.b[id]!;
    return width === 64 && high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(graph.a[id]!);
  }
  return width;
}
