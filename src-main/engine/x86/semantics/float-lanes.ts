// Conditions under which the host's float instructions give exactly what SSE gives, flags included: nearest
// rounding, everything masked, no denormal operands, no doubtful results. Where one does not hold, the
// semantics call the software arithmetic. One notation serves scalars and vectors.
// Reference: Intel SDM vol. 1, 4.9, 10.2.3, 11.5.2-11.5.3.

import type { Emitter, Value } from './emitter.ts';
import { fromHalves, lane64, truth } from './vector-operand.ts';

export type FloatType = 'f32' | 'f64' | 'f32x4' | 'f64x2';

const isVector = (type: FloatType): type is 'f32x4' | 'f64x2' => type === 'f32x4' || type === 'f64x2';

const MAGNITUDES = {
  zero: [0, 0n],
  /** Smallest normal number, and the one that no rounding can have reached from below. */
  normal: [0x0080_0000, 0x0010_0000_0000_0000n],
  comfortable: [0x0100_0000, 0x0020_0000_0000_0000n],
  /** `comfortable` of singles, as a double too. */
  comfortableSingle: [0x0100_0000, 0x3820_0000_0000_0000n],
  infinity: [0x7f80_0000, 0x7ff0_0000_0000_0000n],
  twoTo31: [0x4f00_0000, 0x41e0_0000_0000_0000n],
  twoTo63: [0x5f00_0000, 0x43e0_0000_0000_0000n],
} as const;

/** Float operations on values of one type, given and returned as the host's float types. */
export class FloatLanes {
  readonly e: Emitter;
  readonly type: FloatType;
  readonly bits: 32 | 64;

  constructor(e: Emitter, type: FloatType) {
    this.e = e;
    this.type = type;
    this.bits = type.startsWith('f32') ? 32 : 64;
  }

  op(name: string, ...operands: Value[]): Value {
    return this.e.op(`${this.type}.${name}`, ...operands);
  }

  /** An integer of a scalar's width as a float; vectors are untyped. */
  fromBits(value: Value): Value {
    if (isVector(this.type)) return value;
    return this.e.op(this.bits === 32 ? 'f32.reinterpret_i32' : 'f64.reinterpret_i64', value);
  }

  toBits(value: Value): Value {
    if (isVector(this.type)) return value;
    return this.e.op(this.bits === 32 ? 'i32.reinterpret_f32' : 'i64.reinterpret_f64', value);
  }

  constant(name: keyof typeof MAGNITUDES): Value {
    const [single, double] = MAGNITUDES[name];
    if (!isVector(this.type)) {
      return this.fromBits(this.bits === 32 ? this.e.constant(32, single) : this.e.constant(64, double));
    }
    const lane = this.bits === 32 ? BigInt(single) * 0x1_0000_0001n : double;
    const bytes = Array.from({ length: 16 }, (_, i) => Number((lane >> BigInt(8 * (i & 7))) & 0xffn));
    return this.e.vectorConstant(bytes);
  }

  /** Truth values stay in the type's own form (32-bit integer or lane mask) until `all`. */
  and(a: Value, b: Value): Value {
    return isVector(this.type) ? this.e.op('v128.and', a, b) : this.e.and(truth(this.e, a), truth(this.e, b));
  }

  or(a: Value, b: Value): Value {
    return isVector(this.type) ? this.e.op('v128.or', a, b) : this.e.or(truth(this.e, a), truth(this.e, b));
  }

  all(a: Value): Value {
    return truth(this.e, isVector(this.type) ? this.e.op(`i${this.bits}x${128 / this.bits}.all_true`, a) : a);
  }

  isZero(a: Value): Value {
    return this.op('eq', a, this.constant('zero'));
  }

  /** Zero, normal or infinite: neither a denormal nor a NaN. */
  plain(a: Value): Value {
    return this.or(this.op('ge', this.op('abs', a), this.constant('normal')), this.isZero(a));
  }

  finite(a: Value): Value {
    return this.below(a, 'infinity');
  }

  below(a: Value, limit: keyof typeof MAGNITUDES): Value {
    return this.op('lt', this.op('abs', a), this.constant(limit));
  }

  /** A constant of the lanes' bits, in every lane. */
  #pattern(single: number, double: bigint): Value {
    if (!isVector(this.type)) return this.bits === 32 ? this.e.constant(32, single) : this.e.constant(64, double);
    const lane = this.bits === 32 ? BigInt(single) * 0x1_0000_0001n : double;
    return this.e.vectorConstant(Array.from({ length: 16 }, (_, i) => Number((lane >> BigInt(8 * (i & 7))) & 0xffn)));
  }

  /**
   * Whether operands are neither zero nor denormal, and the result is finite with an exponent of at least `least`, if
   * that is not 0. All given as bits. Each difference below is negative where its number is not as wanted, and the signs of
   * all are looked at together: comparisons of floats take several times as long. An infinite or undefined operand
   * is not asked for, as it shows in the result: a quotient by infinity is zero.
   */
  areUsual(operands: readonly Value[], result: Value, least: 0 | 2): Value {
    const { e } = this;
    const vector = isVector(this.type);
    const name = `i${this.bits}x${128 / this.bits}`;
    const sub = (x: Value, y: Value) => (vector ? e.op(`${name}.sub`, x, y) : e.sub(x, y));
    const and = (x: Value, y: Value) => (vector ? e.op('v128.and', x, y) : e.and(x, y));
    const or = (x: Value, y: Value) => (vector ? e.op('v128.or', x, y) : e.or(x, y));
    const mask = this.#pattern(0x7f80_0000, 0x7ff0_0000_0000_0000n);
    const exponent = (x: Value) => and(x, mask);
    const differences = operands.map((x) => sub(exponent(x), this.#pattern(1, 1n)));
    const ofResult = exponent(result);
    differences.push(sub(this.#pattern(0x7f7f_ffff, 0x7fef_ffff_ffff_ffffn), ofResult));
    if (least === 2) differences.push(sub(ofResult, this.#pattern(0x0100_0000, 0x0020_0000_0000_0000n)));
    const all = differences.reduce(or);
    if (vector) return e.isZero(e.op(`${name}.bitmask`, all));
    return e.not(e.lessS(all, this.#pattern(0, 0n)));
  }

  /** Finite, and so far from the denormals that no underflow is in question. */
  comfortable(a: Value): Value {
    return this.and(this.op('ge', this.op('abs', a), this.constant('comfortable')), this.finite(a));
  }
}

/** MXCSR: nearest rounding, all exceptions masked, neither DAZ nor FTZ. */
export function defaultControl(e: Emitter): Value {
  return e.equal(e.and(e.state('mxcsr'), e.constant(32, 0xffc0)), e.constant(32, 0x1f80));
}

/** As `defaultControl`, and an inexact result has no flag left to set. */
export function defaultAndInexact(e: Emitter): Value {
  return e.equal(e.and(e.state('mxcsr'), e.constant(32, 0xffe0)), e.constant(32, 0x1fa0));
}

/** `fast` where `safe` holds, else what `slow` computes; both as integers or vectors. */
export function guarded(e: Emitter, safe: Value, fast: Value, slow: () => Value): Value {
  const result = e.variable(fast);
  e.when(e.not(safe), () => e.set(result, slow()));
  return e.get(result);
}

/** The 128-bit result of a helper: low half returned, high half in scratch. */
export function vectorFromHelper(e: Emitter, low: Value): Value {
  return fromHalves(e, low, e.state('scratch', 1));
}

export function halves(e: Emitter, vector: Value): readonly [Value, Value] {
  return [lane64(e, vector, 0), lane64(e, vector, 1)];
}
