// FPREM and FPREM1: the remainder of a truncated or nearest quotient, at most 63 exponents a step.
// Integers as BigInt: argument reduction is rare. Reference: Intel SDM vol. 2, FPREM, FPREM1.

import { FINITE, INFINITE, type SoftNumber, ZERO } from './number.ts';
import { invalid, noteDenormals, specialOperands } from './operands.ts';

/** Low three bits of the quotient, or -1 when the reduction is incomplete. */
export type QuotientBits = number;

/** result = a - b * q. With `nearest` q is rounded to nearest even (FPREM1), else cut (FPREM). */
export function remainder(a: SoftNumber, b: SoftNumber, result: SoftNumber, nearest: boolean): QuotientBits {
  if (specialOperands(a, b, result)) return 0;
  if (a.kind === INFINITE || b.kind === ZERO) {
    invalid(result);
    return 0;
  }
  noteDenormals(a, b);
  if (a.kind !== FINITE || b.kind !== FINITE || a.exponent < b.exponent - 1) {
    result.copy(a);
    return 0;
  }
  const distance = a.exponent - b.exponent;
  if (distance >= 64) return reducePartly(a, b, result, distance);
  return reduce(a, b, result, distance, nearest);
}

const significand = (n: SoftNumber): bigint => (BigInt(n.high) << 32n) | BigInt(n.low);

/** Takes off a multiple of b so large that the exponent falls by 32 to 63. */
function reducePartly(a: SoftNumber, b: SoftNumber, result: SoftNumber, distance: number): QuotientBits {
  const step = 32 + (distance % 32);
  const rest = (significand(a) << BigInt(step)) % significand(b);
  store(result, rest, a.negative, a.exponent - step);
  return -1;
}

function reduce(
  a: SoftNumber,
  b: SoftNumber,
  result: SoftNumber,
  distance: number,
  nearest: boolean,
): QuotientBits {
  // Both as integers in units of the finer exponent.
  const dividend = distance >= 0 ? significand(a) << BigInt(distance) : significand(a);
  const divisor = distance >= 0 ? significand(b) : significand(b) << BigInt(-distance);
  const exponent = Math.min(a.exponent, b.exponent);
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  let negative = a.negative;
  if (nearest) {
    const twice = rest * 2n;
    if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) {
      quotient++;
      rest = divisor - rest;
      negative = !negative;
    }
  }
  if (rest === 0n) result.setSpecial(ZERO, a.negative);
  else store(result, rest, negative, exponent);
  return Number(quotient & 7n);
}

function store(result: SoftNumber, rest: bigint, negative: boolean, exponent: number): void {
  if (rest === 0n) {
    result.setSpecial(ZERO, negative);
    return;
  }
  result.setFinite(negative, exponent, Number((rest >> 32n) & 0xffff_ffffn), Number(rest & 0xffff_ffffn), 0);
  result.normalize();
}
