// Folding while building: what an operation over known operands reduces to. Each rule returns the id of an
// equal value, or -1. Division that traps is never folded.

import type { GraphBuilder } from './builder.ts';

export function foldNumeric(_builder: GraphBuilder, _op: number, _a: number, _b: number): number {
  return -1;
}

export function foldSelect(
  _builder: GraphBuilder,
  _condition: number,
  ifTrue: number,
  ifFalse: number,
): number {
  return ifTrue === ifFalse ? ifTrue : -1;
}
