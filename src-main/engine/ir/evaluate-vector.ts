// Vector instructions of WebAssembly over arrays of lanes, by text name: slow and plain.
// Reference: WebAssembly core specification 2.0, section 4.3.8 (vector operations).

import {
  bitsOf,
  convertedInteger,
  floatLane,
  floatOf,
  integerLane,
  type Lane,
  type RawValue,
  truncated,
  unsignedOf,
} from './evaluate-scalar.ts';

type Lanes = readonly bigint[];

function lanesOf(vector: Uint8Array, width: number): bigint[] {
  const lanes: bigint[] = [];
  for (let at = 0; at < 16; at += width / 8) {
    let lane = 0n;
    for (let byte = width / 8 - 1; byte >= 0; byte--) lane = (lane << 8n) | BigInt(vector[at + byte]!);
    lanes.push(lane);
  }
  return lanes;
}

function vectorOf(lanes: Lanes, width: number): Uint8Array {
  const bytes = new Uint8Array(16);
  lanes.forEach((lane, index) => {
    const cut = BigInt.asUintN(width, lane);
    for (let byte = 0; byte < width / 8; byte++) {
      bytes[(index * width) / 8 + byte] = Number((cut >> BigInt(byte * 8)) & 0xffn);
    }
  });
  return bytes;
}

function vector(raw: RawValue | undefined): Uint8Array {
  if (raw instanceof Uint8Array) return raw;
  throw new Error('not a vector');
}

const signedLane = (lane: bigint, width: number): bigint => BigInt.asIntN(width, lane);

function saturated(value: bigint, width: number, isSigned: boolean): bigint {
  const low = isSigned ? -(1n << BigInt(width - 1)) : 0n;
  const high = (1n << BigInt(isSigned ? width - 1 : width)) - 1n;
  return value < low ? low : value > high ? high : value;
}

/** Lane-wise integer instructions that have no scalar counterpart. */
function vectorIntegerLane(operation: string, width: number): Lane | undefined {
  const s = (lane: bigint): bigint => signedLane(lane, width);
  const all: Record<string, Lane> = {
    neg: (a) => -a,
    abs: (a) => (s(a) < 0n ? -s(a) : a),
    min_s: (a, b) => (s(a) < s(b!) ? a : b!),
    min_u: (a, b) => (a < b! ? a : b!),
    max_s: (a, b) => (s(a) > s(b!) ? a : b!),
    max_u: (a, b) => (a > b! ? a : b!),
    avgr_u: (a, b) => (a + b! + 1n) >> 1n,
    add_sat_s: (a, b) => saturated(s(a) + s(b!), width, true),
    add_sat_u: (a, b) => saturated(a + b!, width, false),
    sub_sat_s: (a, b) => saturated(s(a) - s(b!), width, true),
    sub_sat_u: (a, b) => saturated(a - b!, width, false),
    q15mulr_sat_s: (a, b) => saturated((s(a) * s(b!) + 0x4000n) >> 15n, 16, true),
  };
  return all[operation];
}

const COMPARISON = /^(eq|ne|lt|gt|le|ge)(_[su])?$/;

function bitwise(operation: string, operands: readonly RawValue[]): RawValue {
  const [a = 0n, b = 0n, c = 0n] = operands.map((operand) => lanesOf(vector(operand), 128)[0] ?? 0n);
  switch (operation) {
    case 'not':
      return vectorOf([~a], 128);
    case 'and':
      return vectorOf([a & b], 128);
    case 'andnot':
      return vectorOf([a & ~b], 128);
    case 'or':
      return vectorOf([a | b], 128);
    case 'xor':
      return vectorOf([a ^ b], 128);
    case 'bitselect':
      return vectorOf([(a & c) | (b & ~c)], 128);
    case 'any_true':
      return a === 0n ? 0 : 1;
    default:
      throw new Error(`v128.${operation}`);
  }
}

/** extend, extmul, extadd_pairwise, narrow, dot: the lanes of the operands have another width. */
function resized(operation: string, width: number, operands: readonly RawValue[]): RawValue | undefined {
  const match = /^(extend|extmul|extadd|narrow|dot)_(?:(low|high|pairwise)_)?i(\d+)x\d+_([su])$/.exec(
    operation,
  );
  if (match === null) return undefined;
  const [, family, part, sourceBits, sign] = match;
  const from = Number(sourceBits);
  const sources = operands.map((operand) =>
    lanesOf(vector(operand), from).map((lane) =>
      sign === 's' || family === 'narrow' ? signedLane(lane, from) : lane,
    ),
  );
  const [a = [], b = []] = sources;
  const half = (lanes: Lanes): Lanes =>
    part === 'low' ? lanes.slice(0, lanes.length / 2) : lanes.slice(lanes.length / 2);
  const pairs = (lanes: Lanes): Lanes =>
    lanes.flatMap((lane, index) => (index % 2 === 0 ? [lane + lanes[index + 1]!] : []));
  switch (family) {
    case 'extend':
      return vectorOf(half(a), width);
    case 'extmul': {
      const right = half(b);
      return vectorOf(
        half(a).map((lane, index) => lane * right[index]!),
        width,
      );
    }
    case 'extadd':
      return vectorOf(pairs(a), width);
    case 'dot':
      return vectorOf(pairs(a.map((lane, index) => lane * b[index]!)), width);
    default:
      return vectorOf(
        [...a, ...b].map((lane) => saturated(lane, width, sign === 's')),
        width,
      );
  }
}

function laneAccess(
  operation: string,
  shape: string,
  width: number,
  lane: number,
  operands: readonly RawValue[],
): RawValue | undefined {
  const scalar = (bits: bigint): RawValue =>
    width === 64 ? BigInt.asIntN(64, bits) : Number(BigInt.asIntN(32, bits));
  if (operation === 'splat')
    return vectorOf(new Array<bigint>(128 / width).fill(unsignedOf(operands[0])), width);
  if (operation === 'replace_lane') {
    return vectorOf(lanesOf(vector(operands[0]), width).with(lane, unsignedOf(operands[1])), width);
  }
  if (!operation.startsWith('extract_lane')) return undefined;
  const bits = lanesOf(vector(operands[0]), width)[lane]!;
  return scalar(operation.endsWith('_s') && shape.startsWith('i') ? signedLane(bits, width) : bits);
}

function permuted(
  operation: string,
  lanes: readonly number[],
  operands: readonly RawValue[],
): RawValue | undefined {
  if (operation === 'shuffle') {
    const both = [...vector(operands[0]), ...vector(operands[1])];
    return Uint8Array.from(lanes, (lane) => both[lane]!);
  }
  if (operation === 'swizzle')
    return Uint8Array.from(vector(operands[1]), (index) => vector(operands[0])[index] ?? 0);
  return undefined;
}

function summary(operation: string, lanes: Lanes, width: number): RawValue | undefined {
  if (operation === 'all_true') return lanes.every((lane) => lane !== 0n) ? 1 : 0;
  if (operation !== 'bitmask') return undefined;
  return lanes.reduce((mask, lane, index) => mask | (signedLane(lane, width) < 0n ? 1 << index : 0), 0);
}

function converted(name: string, operand: RawValue | undefined): RawValue | undefined {
  const lanes = (width: number): bigint[] => lanesOf(vector(operand), width);
  const isSigned = /_s(_zero)?$/.test(name);
  const integer = (lane: bigint): bigint => (isSigned ? signedLane(lane, 32) : lane);
  if (name.startsWith('i32x4.trunc_sat_f32x4')) {
    return vectorOf(
      lanes(32).map((lane) => truncated(floatOf(lane, 32), 32, isSigned, true)),
      32,
    );
  }
  if (name.startsWith('i32x4.trunc_sat_f64x2')) {
    return vectorOf(
      [...lanes(64).map((lane) => truncated(floatOf(lane, 64), 32, isSigned, true)), 0n, 0n],
      32,
    );
  }
  if (name.startsWith('f32x4.convert'))
    return vectorOf(
      lanes(32).map((lane) => convertedInteger(integer(lane), 32)),
      32,
    );
  if (name.startsWith('f64x2.convert')) {
    return vectorOf(
      lanes(32)
        .slice(0, 2)
        .map((lane) => convertedInteger(integer(lane), 64)),
      64,
    );
  }
  if (name === 'f32x4.demote_f64x2_zero') {
    return vectorOf([...lanes(64).map((lane) => bitsOf(floatOf(lane, 64), 32)), 0n, 0n], 32);
  }
  if (name === 'f64x2.promote_low_f32x4') {
    return vectorOf(
      lanes(32)
        .slice(0, 2)
        .map((lane) => bitsOf(floatOf(lane, 32), 64)),
      64,
    );
  }
  return undefined;
}

function lanewise(operation: string, shape: string, width: number, operands: readonly RawValue[]): RawValue {
  const isFloat = shape.startsWith('f');
  const compute = isFloat
    ? floatLane(operation, width)
    : (vectorIntegerLane(operation, width) ?? integerLane(operation, width));
  if (compute === undefined) throw new Error(`${shape}.${operation}`);
  const left = lanesOf(vector(operands[0]), width);
  const second = operands[1];
  const right = second instanceof Uint8Array ? lanesOf(second, width) : undefined;
  const shift = right === undefined && second !== undefined ? unsignedOf(second) : 0n;
  const ones = COMPARISON.test(operation);
  return vectorOf(
    left.map((lane, index) => {
      const result = compute(lane, right === undefined ? shift : right[index]!);
      return ones ? -result : result;
    }),
    width,
  );
}

/** `immediates`: the lane, or the 16 indices of a shuffle. */
export function vectorOperation(
  name: string,
  immediates: readonly number[],
  operands: readonly RawValue[],
): RawValue {
  const [shape = '', operation = ''] = name.split('.');
  if (shape === 'v128') return bitwise(operation, operands);
  const width = Number(/^[if](\d+)/.exec(shape)?.[1]);
  const special =
    permuted(operation, immediates, operands) ??
    laneAccess(operation, shape, width, immediates[0] ?? 0, operands) ??
    resized(operation, width, operands) ??
    converted(name, operands[0]);
  if (special !== undefined) return special;
  return (
    summary(operation, lanesOf(vector(operands[0]), width), width) ??
    lanewise(operation, shape, width, operands)
  );
}
