// Scalar instructions of WebAssembly over bit patterns, by text name: one lane at a time, slow and plain. The
// oracle for folding and lowering, so it shares nothing with them.
// Reference: WebAssembly core specification 2.0, section 4.3 (numerics).

/** i32 as signed number, i64 as signed bigint, f32 and f64 as the bits of such, v128 as 16 bytes. */
export type RawValue = number | bigint | Uint8Array;

/** The executed program did what traps. */
export class EvaluationTrap extends Error {}

export type Lane = (...operands: bigint[]) => bigint;

const BITS = new DataView(new ArrayBuffer(8));

export function floatOf(bits: bigint, width: number): number {
  if (width === 32) {
    BITS.setUint32(0, Number(bits));
    return BITS.getFloat32(0);
  }
  BITS.setBigUint64(0, bits);
  return BITS.getFloat64(0);
}

export function bitsOf(value: number, width: number): bigint {
  if (width === 32) {
    BITS.setFloat32(0, value);
    return BigInt(BITS.getUint32(0));
  }
  BITS.setFloat64(0, value);
  return BITS.getBigUint64(0);
}

const truth = (value: boolean): bigint => (value ? 1n : 0n);
const signed = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);

function leadingZeros(value: bigint, width: number): bigint {
  return value === 0n ? BigInt(width) : BigInt(width - value.toString(2).length);
}

function trailingZeros(value: bigint, width: number): bigint {
  return value === 0n ? BigInt(width) : leadingZeros(0n, width) - 1n - leadingZeros(value & -value, width);
}

function populationCount(value: bigint): bigint {
  return BigInt(value.toString(2).replaceAll('0', '').length);
}

function divide(a: bigint, b: bigint, limit: bigint): bigint {
  if (b === 0n) throw new EvaluationTrap('integer divide by zero');
  const quotient = a / b;
  if (quotient === limit) throw new EvaluationTrap('integer overflow');
  return quotient;
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new EvaluationTrap('integer divide by zero');
  return a % b;
}

/** Operands are unsigned and of the given width; results are cut by the caller. */
export function integerLane(operation: string, width: number): Lane | undefined {
  const s = (value: bigint): bigint => signed(value, width);
  const modulo = (count: bigint): bigint => count % BigInt(width);
  const all: Record<string, Lane> = {
    add: (a, b) => a + b!,
    sub: (a, b) => a - b!,
    mul: (a, b) => a * b!,
    div_s: (a, b) => divide(s(a), s(b!), 1n << BigInt(width - 1)),
    div_u: (a, b) => divide(a, b!, -1n),
    rem_s: (a, b) => remainder(s(a), s(b!)),
    rem_u: (a, b) => remainder(a, b!),
    and: (a, b) => a & b!,
    or: (a, b) => a | b!,
    xor: (a, b) => a ^ b!,
    shl: (a, b) => a << modulo(b!),
    shr_s: (a, b) => s(a) >> modulo(b!),
    shr_u: (a, b) => a >> modulo(b!),
    rotl: (a, b) => (a << modulo(b!)) | (a >> (BigInt(width) - modulo(b!))),
    rotr: (a, b) => (a >> modulo(b!)) | (a << (BigInt(width) - modulo(b!))),
    clz: (a) => leadingZeros(a, width),
    ctz: (a) => trailingZeros(a, width),
    popcnt: (a) => populationCount(a),
    extend8_s: (a) => signed(a, 8),
    extend16_s: (a) => signed(a, 16),
    extend32_s: (a) => signed(a, 32),
    eqz: (a) => truth(a === 0n),
    eq: (a, b) => truth(a === b),
    ne: (a, b) => truth(a !== b),
    lt_s: (a, b) => truth(s(a) < s(b!)),
    lt_u: (a, b) => truth(a < b!),
    gt_s: (a, b) => truth(s(a) > s(b!)),
    gt_u: (a, b) => truth(a > b!),
    le_s: (a, b) => truth(s(a) <= s(b!)),
    le_u: (a, b) => truth(a <= b!),
    ge_s: (a, b) => truth(s(a) >= s(b!)),
    ge_u: (a, b) => truth(a >= b!),
  };
  return all[operation];
}

/** Rounds half to even. */
function nearest(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const fraction = value - floor;
  const rounded = fraction < 0.5 || (fraction === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}

/** Operands and result are bit patterns; a NaN result is any NaN. */
export function floatLane(operation: string, width: number): Lane | undefined {
  const sign = 1n << BigInt(width - 1);
  const unary =
    (compute: (a: number) => number): Lane =>
    (a) =>
      bitsOf(compute(floatOf(a, width)), width);
  const binary =
    (compute: (a: number, b: number) => number): Lane =>
    (a, b) =>
      bitsOf(compute(floatOf(a, width), floatOf(b!, width)), width);
  const compare =
    (holds: (a: number, b: number) => boolean): Lane =>
    (a, b) =>
      truth(holds(floatOf(a, width), floatOf(b!, width)));
  const all: Record<string, Lane> = {
    abs: (a) => a & ~sign,
    neg: (a) => a ^ sign,
    copysign: (a, b) => (a & ~sign) | (b! & sign),
    ceil: unary(Math.ceil),
    floor: unary(Math.floor),
    trunc: unary(Math.trunc),
    nearest: unary(nearest),
    sqrt: unary(Math.sqrt),
    add: binary((a, b) => a + b),
    sub: binary((a, b) => a - b),
    mul: binary((a, b) => a * b),
    div: binary((a, b) => a / b),
    min: binary(Math.min),
    max: binary(Math.max),
    pmin: (a, b) => (floatOf(b!, width) < floatOf(a, width) ? b! : a),
    pmax: (a, b) => (floatOf(a, width) < floatOf(b!, width) ? b! : a),
    eq: compare((a, b) => a === b),
    ne: compare((a, b) => a !== b),
    lt: compare((a, b) => a < b),
    gt: compare((a, b) => a > b),
    le: compare((a, b) => a <= b),
    ge: compare((a, b) => a >= b),
  };
  return all[operation];
}

export function truncated(value: number, width: number, isSigned: boolean, saturate: boolean): bigint {
  const low = isSigned ? -(2n ** BigInt(width - 1)) : 0n;
  const high = 2n ** BigInt(isSigned ? width - 1 : width) - 1n;
  if (Number.isNaN(value)) {
    if (saturate) return 0n;
    throw new EvaluationTrap('invalid conversion to integer');
  }
  const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : value > 0 ? high + 1n : low - 1n;
  if (whole >= low && whole <= high) return whole;
  if (!saturate) throw new EvaluationTrap('integer overflow');
  return whole < low ? low : high;
}

/** One rounding only: `Number` of a large integer would round before the rounding to 24 bits. */
export function convertedInteger(value: bigint, width: number): bigint {
  const magnitude = value < 0n ? -value : value;
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - 40));
  if (width === 64 || excess === 0n) return bitsOf(Number(value), width);
  const sticky = (magnitude >> excess) << excess === magnitude ? 0n : 1n;
  const rounded = Math.fround(Number((magnitude >> excess) | sticky)) * 2 ** Number(excess);
  return bitsOf(value < 0n ? -rounded : rounded, width);
}

/** Instructions whose operand and result types differ; operands are unsigned bit patterns. */
function conversion(name: string): Lane | undefined {
  const match = /^([if])(\d+)\.(\w+?)_([if])(\d+)(_s|_u)?$/.exec(name);
  if (match === null) return undefined;
  const [, , resultBits, operation, , sourceBits, sign] = match;
  const to = Number(resultBits);
  const from = Number(sourceBits);
  switch (operation) {
    case 'wrap':
    case 'reinterpret':
      return (a) => a;
    case 'extend':
      return (a) => (sign === '_s' ? signed(a, 32) : a);
    case 'trunc':
    case 'trunc_sat':
      return (a) => truncated(floatOf(a, from), to, sign === '_s', operation === 'trunc_sat');
    case 'convert':
      return (a) => convertedInteger(sign === '_s' ? signed(a, from) : a, to);
    default: // promote, demote
      return (a) => bitsOf(floatOf(a, from), to);
  }
}

const OPERATIONS = new Map<string, Lane | undefined>();

/** A scalar instruction as a function over unsigned bit patterns; `undefined` for a vector instruction. */
export function scalarOperation(name: string): Lane | undefined {
  if (!OPERATIONS.has(name)) OPERATIONS.set(name, findOperation(name));
  return OPERATIONS.get(name);
}

function findOperation(name: string): Lane | undefined {
  const [type = '', operation = ''] = name.split('.');
  if (!/^[if](32|64)$/.test(type)) return undefined;
  const width = Number(type.slice(1));
  return conversion(name) ?? (type.startsWith('i') ? integerLane(operation, width) : floatLane(operation, width));
}

/** Bits as the representation of a type. */
export function rawOf(bits: bigint, type: 'i32' | 'i64' | 'f32' | 'f64'): number | bigint {
  return type.endsWith('32') ? Number(BigInt.asIntN(32, bits)) : BigInt.asIntN(64, bits);
}

export function unsignedOf(raw: RawValue | undefined): bigint {
  if (typeof raw === 'number') return BigInt.asUintN(32, BigInt(raw));
  if (typeof raw === 'bigint') return BigInt.asUintN(64, raw);
  throw new Error('not a scalar');
}
