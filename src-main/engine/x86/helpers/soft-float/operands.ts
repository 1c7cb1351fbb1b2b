// What every operation does with special operands first: NaN selection, unsupported encodings, denormals.
// Reference: Intel SDM vol. 1, 4.8.3.5 and table 4-7 (NaN rules), 8.5.1.2, 4.9.2 (priorities).

import { DENORMAL, floatEnvironment as env, INVALID } from './environment.ts';
import { QUIET_NAN, SIGNALING_NAN, type SoftNumber, UNSUPPORTED } from './number.ts';

/** The masked response to an invalid operation. */
export function invalid(result: SoftNumber): void {
  env.flags |= INVALID;
  result.setIndefinite();
}

function quieted(result: SoftNumber, from: SoftNumber): void {
  result.copy(from);
  result.kind = QUIET_NAN;
  result.high = (result.high | 0x4000_0000) >>> 0;
}

/** True when an operand is a NaN or unsupported, and `result` is what comes of it. `a` is the destination. */
export function specialOperands(a: SoftNumber, b: SoftNumber, result: SoftNumber): boolean {
  if (a.kind < QUIET_NAN && b.kind < QUIET_NAN) return false;
  if (a.kind === UNSUPPORTED || b.kind === UNSUPPORTED) {
    invalid(result);
    return true;
  }
  if (a.kind === SIGNALING_NAN || b.kind === SIGNALING_NAN) env.flags |= INVALID;
  quieted(result, env.x87Nans ? chooseX87(a, b) : a.isNan ? a : b);
  return true;
}

/** The same for one operand. */
export function specialOperand(a: SoftNumber, result: SoftNumber): boolean {
  return specialOperands(a, a, result);
}

/** A quiet NaN before a signalling one, else the larger significand, else the positive one. */
function chooseX87(a: SoftNumber, b: SoftNumber): SoftNumber {
  if (!b.isNan) return a;
  if (!a.isNan) return b;
  if (a.kind !== b.kind) return a.kind === QUIET_NAN ? a : b;
  if (a.high !== b.high) return a.high > b.high ? a : b;
  if (a.low !== b.low) return a.low > b.low ? a : b;
  return a.negative ? b : a;
}

/** Reports denormal operands; after the checks for NaN and invalid, which have priority. */
export function noteDenormals(a: SoftNumber, b: SoftNumber): void {
  if (a.denormal || b.denormal) env.flags |= DENORMAL;
}
