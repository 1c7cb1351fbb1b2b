// Floating point where MXCSR and the numbers are as they nearly always are: the host's results hold then, and no flag
// changes. Exponents are followed through a block, so that most operations need no look at their numbers.
// Not here: what is done where something is unusual (sse-float.ts). Reference: Intel SDM vol. 1, 4.9, 10.2.3, 11.5.2.

import type { ExponentRange, Suppositions, Value } from './emitter.ts';
import type { FloatLanes } from './float-lanes.ts';
import { laneConstant, truth } from './vector-operand.ts';

export type UsualOperation = 'add' | 'subtract' | 'multiply' | 'divide' | 'squareRoot';

/**
 * `window`: exponents of numbers whose product is normal, at least with 64 bits. Its width is a power of two: to be in it,
 * with the first one subtracted, is to have none of the bits of `outside` in the word that holds the exponent.
 */
const FORMATS = {
  32: { least: -126, greatest: 127, digits: 24, window: { bits: 32, least: -64, greatest: 63 }, outside: 0x4000_0000 },
  64: { least: -1022, greatest: 1023, digits: 53, window: { bits: 64, least: -256, greatest: 255 }, outside: 0x6000_0000 },
} as const;

/** Of the word that holds the exponent, with the bias of the format. */
const firstInWindow = (bits: 32 | 64): number => (bits === 32 ? (127 - 64) << 23 : (1023 - 256) << 20);

/** Nearest rounding, everything masked, neither DAZ nor FTZ, and an inexact result has no flag left to set. */
const USUAL_CONTROL = { mask: 0xffe0, value: 0x1fa0 } as const;

export const isControlUsual = (mxcsr: number): boolean => (mxcsr & USUAL_CONTROL.mask) === USUAL_CONTROL.value;

export function supposeControl(suppositions: Suppositions): void {
  suppositions.state('mxcsr', USUAL_CONTROL.mask, USUAL_CONTROL.value);
}

export class UsualNumbers {
  readonly #suppositions: Suppositions;
  readonly #f: FloatLanes;

  constructor(suppositions: Suppositions, f: FloatLanes) {
    this.#suppositions = suppositions;
    this.#f = f;
  }

  /** Supposes that a result of the host is that of the guest, and sets no flag. */
  result(operation: UsualOperation, operands: readonly Value[], result: Value): void {
    supposeControl(this.#suppositions);
    const [a, b = a] = operands.map((operand) => this.operand(operand)) as [ExponentRange, ExponentRange?];
    const range = this.#rangeAfter(operation, a, b);
    if (range === undefined) this.inWindow(result, () => this.#exactZero(operation, operands, result));
    else this.#suppositions.setRange(result, range);
  }

  /** Supposes that a number is zero, or in the window if nothing else is known of it. */
  operand(number: Value): ExponentRange {
    const known = this.#suppositions.rangeOf(number);
    if (known?.bits === this.#f.bits) return known;
    return this.inWindow(number, () => this.#f.isZero(number));
  }

  /** Supposes that a number is in the window, or zero where that is fine. */
  inWindow(number: Value, fineZero: () => Value): ExponentRange {
    const { window } = FORMATS[this.#f.bits];
    checkWindow(this.#f, number, fineZero, (condition, otherwise) => this.#suppositions.holds(condition, otherwise));
    this.#suppositions.setRange(number, window);
    return window;
  }

  /** Where a zero is not what is left of something too small, by lanes. */
  #exactZero(operation: UsualOperation, [a, b = a]: readonly (Value | undefined)[], result: Value): Value {
    const f = this.#f;
    const zero = f.isZero(result);
    if (operation === 'multiply') return f.and(zero, f.or(f.isZero(a as Value), f.isZero(b as Value)));
    return operation === 'divide' ? f.and(zero, f.isZero(a as Value)) : zero;
  }

  /** Undefined where the result may overflow, be denormal or undefined. */
  #rangeAfter(operation: UsualOperation, a: ExponentRange, b: ExponentRange): ExponentRange | undefined {
    const { bits } = this.#f;
    const { least, greatest, digits } = FORMATS[bits];
    if (operation === 'divide' || operation === 'squareRoot') return undefined;
    const range =
      operation === 'multiply'
        ? { bits, least: a.least + b.least, greatest: a.greatest + b.greatest + 1 }
        : { bits, least: Math.min(a.least, b.least) - (digits - 1), greatest: Math.max(a.greatest, b.greatest) + 1 };
    return range.least >= least && range.greatest <= greatest ? range : undefined;
  }
}

/** What numbers are supposed to be of which nothing is known. */
export const usualRange = (bits: 32 | 64): ExponentRange => FORMATS[bits].window;

export const isInRange = (range: ExponentRange, other: ExponentRange): boolean =>
  range.bits === other.bits && range.least >= other.least && range.greatest <= other.greatest;

/** Asks `holds` for a number to be in the window, or for what it is else. */
export function checkWindow(
  f: FloatLanes,
  number: Value,
  otherwise: () => Value,
  holds: (condition: Value, otherwise: () => Value) => void,
): void {
  const { e, bits } = f;
  const outside = outsideWindow(f, number);
  if (outside.type !== 'v128') {
    holds(e.isZero(outside), () => f.all(otherwise()));
    return;
  }
  holds(e.not(truth(e, e.op('v128.any_true', outside))), () => {
    const inside = e.op(`i${bits}x${128 / bits}.eq`, outside, laneConstant(e, 32, [0, 0, 0, 0]));
    return f.all(f.or(inside, otherwise()));
  });
}

/** Zero where a number is in the window, by lanes. */
function outsideWindow(f: FloatLanes, number: Value): Value {
  const { e, bits } = f;
  const { outside } = FORMATS[bits];
  const first = firstInWindow(bits);
  const word = f.toBits(number);
  if (word.type === 'v128') {
    const lanes = (value: number) => laneConstant(e, 32, bits === 32 ? [value, value, value, value] : [0, value, 0, value]);
    return e.op('v128.and', e.op('i32x4.sub', word, lanes(first)), lanes(outside));
  }
  const high = bits === 32 ? word : e.truncate(e.shr(word, e.constant(64, 32)), 32);
  return e.and(e.sub(high, e.constant(32, first)), e.constant(32, outside));
}
