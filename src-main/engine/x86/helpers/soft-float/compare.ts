// Ordering of two numbers. Reference: IEEE 754-2019, 5.11; Intel SDM vol. 1, 4.8.3.

import { floatEnvironment as env, INVALID } from './environment.ts';
import { compareSignificands, FINITE, INFINITE, QUIET_NAN, type SoftNumber, ZERO } from './number.ts';
import { noteDenormals } from './operands.ts';

export const LESS = -1;
export const EQUAL = 0;
export const GREATER = 1;
export const UNORDERED = 2;

/** Relation of a to b. A quiet NaN is invalid too unless `quiet`. */
export function compare(a: SoftNumber, b: SoftNumber, quiet: boolean): -1 | 0 | 1 | 2 {
  if (a.kind >= QUIET_NAN || b.kind >= QUIET_NAN) {
    if (!quiet || a.kind > QUIET_NAN || b.kind > QUIET_NAN) env.flags |= INVALID;
    return UNORDERED;
  }
  noteDenormals(a, b);
  if (a.kind === ZERO && b.kind === ZERO) return EQUAL;
  if (a.kind === ZERO) return b.negative ? GREATER : LESS;
  if (b.kind === ZERO || a.negative !== b.negative) return a.negative ? LESS : GREATER;
  const magnitude = compareMagnitudes(a, b);
  if (magnitude === 0) return EQUAL;
  return magnitude < 0 === a.negative ? GREATER : LESS;
}

function compareMagnitudes(a: SoftNumber, b: SoftNumber): number {
  if (a.kind !== b.kind) return a.kind === INFINITE ? 1 : -1;
  if (a.kind !== FINITE) return 0;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1;
  return compareSignificands(a, b);
}
