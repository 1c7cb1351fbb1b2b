// Software arithmetic against the SSE and x87 vectors of TestFloat: results and flags, all rounding modes.
// Denormal-operand flags are not in the vectors and are masked.

import { describe, expect, it } from 'vitest';
import { add, subtract } from '../../../../src-main/engine/x86/helpers/soft-float/add.ts';
import {
  compare,
  EQUAL,
  LESS,
  UNORDERED,
} from '../../../../src-main/engine/x86/helpers/soft-float/compare.ts';
import { divide, squareRoot } from '../../../../src-main/engine/x86/helpers/soft-float/divide.ts';
import {
  adoptControlWord,
  adoptMxcsr,
  DENORMAL,
  floatEnvironment,
} from '../../../../src-main/engine/x86/helpers/soft-float/environment.ts';
import {
  pack32,
  pack64,
  pack80,
  packed,
  unpack32,
  unpack64,
  unpack80,
} from '../../../../src-main/engine/x86/helpers/soft-float/formats.ts';
import {
  fromInteger,
  fromInteger32,
  integer,
  roundToIntegral,
  toInteger,
} from '../../../../src-main/engine/x86/helpers/soft-float/integer.ts';
import { multiply } from '../../../../src-main/engine/x86/helpers/soft-float/multiply.ts';
import { QUIET_NAN, SoftNumber } from '../../../../src-main/engine/x86/helpers/soft-float/number.ts';
import { specialOperand } from '../../../../src-main/engine/x86/helpers/soft-float/operands.ts';
import { remainder } from '../../../../src-main/engine/x86/helpers/soft-float/remainder.ts';
import {
  EXTENDED,
  EXTENDED_DOUBLE,
  EXTENDED_SINGLE,
  type FloatFormat,
} from '../../../../src-main/engine/x86/helpers/soft-float/rounding.ts';
import { hasSharedData, readSharedText, skipReason } from '../../../support/shared-data.ts';

type Format = 'f32' | 'f64' | 'extF80' | 'i32' | 'i64';

const a = new SoftNumber();
const b = new SoftNumber();
const result = new SoftNumber();

const word = (hex: string, from: number, digits: number): number =>
  Number.parseInt(hex.slice(from, from + digits), 16);

function unpack(format: Format, hex: string, n: SoftNumber): void {
  if (format === 'f32') unpack32(word(hex, 0, 8), n);
  else if (format === 'f64') unpack64(word(hex, 8, 8), word(hex, 0, 8), n);
  else if (format === 'extF80') unpack80(word(hex, 12, 8), word(hex, 4, 8), word(hex, 0, 4), n);
  else if (format === 'i32') fromInteger32(word(hex, 0, 8) | 0, n);
  else fromInteger(word(hex, 8, 8), word(hex, 0, 8), n);
}

const hex = (value: number, digits = 8): string =>
  (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');

function pack(format: Format, n: SoftNumber, precision: FloatFormat): string {
  if (format === 'f32') return hex(pack32(n));
  if (format === 'f64') {
    pack64(n);
    return hex(packed.high) + hex(packed.low);
  }
  pack80(n, precision);
  return hex(packed.exponent, 4) + hex(packed.high) + hex(packed.low);
}

/** Flag bits of the vectors from those of the processor. */
function vectorFlags(): string {
  const flags = floatEnvironment.flags & ~DENORMAL;
  const bit = (from: number, to: number) => ((flags & from) !== 0 ? to : 0);
  return hex(bit(0x20, 1) | bit(0x10, 2) | bit(8, 4) | bit(4, 8) | bit(1, 16), 2);
}

const OPERATIONS: Record<string, (x: SoftNumber, y: SoftNumber, r: SoftNumber) => void> = {
  add,
  sub: subtract,
  mul: multiply,
  div: divide,
  sqrt: (x, _y, r) => squareRoot(x, r),
  roundToInt: (x, _y, r) => roundToIntegral(x, r, false),
  // As a program does it: again while C2 says that the reduction is incomplete.
  rem: (x, y, r) => {
    let incomplete = remainder(x, y, r, true) < 0;
    while (incomplete) incomplete = remainder(r, y, r, true) < 0;
  },
};

function relation(name: string): string {
  const quiet = name === 'eq' || name.endsWith('_quiet');
  const order = compare(a, b, quiet);
  if (order === UNORDERED) return '0';
  if (name.startsWith('eq')) return order === EQUAL ? '1' : '0';
  return order === LESS || (name.startsWith('le') && order === EQUAL) ? '1' : '0';
}

function convert(to: Format, precision: FloatFormat): string {
  if (to === 'i32' || to === 'i64') {
    toInteger(a, to === 'i32' ? 32 : 64, false);
    return to === 'i32' ? hex(integer.low) : hex(integer.high) + hex(integer.low);
  }
  if (a.kind >= QUIET_NAN) specialOperand(a, a);
  return pack(to, a, precision);
}

function evaluate(name: string, operands: readonly string[], precision: FloatFormat): string {
  const [format, operation, target] = name.split('_') as [Format, string, Format];
  unpack(format, operands[0] ?? '', a);
  if (operation === 'to') return convert(target, precision);
  if (operands[1] !== undefined) unpack(format, operands[1], b);
  if (['eq', 'le', 'lt'].includes(operation)) return relation(name.slice(format.length + 1));
  OPERATIONS[operation]?.(a, b, result);
  return pack(format, result, precision);
}

const FORMATS: Record<string, FloatFormat> = { 80: EXTENDED, 64: EXTENDED_DOUBLE, 32: EXTENDED_SINGLE };

/** Runs one file; at most ten differences are described. */
function run(name: string): { cases: number; failures: string[] } {
  const failures: string[] = [];
  let cases = 0;
  let rounding = 0;
  let precision = EXTENDED;
  let mode = '';
  for (const line of readSharedText(`vectors/softfloat/${name}.txt.gz`).split('\n')) {
    if (line.startsWith('#')) {
      mode = line;
      rounding = Number(/rc=(\d)/.exec(line)?.[1]);
      precision = FORMATS[/precision=(\d+)/.exec(line)?.[1] ?? '80'] ?? EXTENDED;
      continue;
    }
    const fields = line.trim().split(' ');
    if (fields.length < 3) continue;
    cases++;
    if (name.includes('extF80')) adoptControlWord(0x33f | (rounding << 10));
    else adoptMxcsr(0x1f80 | (rounding << 13));
    const value = evaluate(name, fields.slice(0, -2), precision);
    const got = `${value} ${vectorFlags()}`;
    const expected = fields.slice(-2).join(' ');
    if (got !== expected && failures.length < 10) failures.push(`${mode}: ${line} got ${got}`);
  }
  return { cases, failures };
}

const FILES = [
  ...['f32', 'f64'].flatMap((format) =>
    ['add', 'sub', 'mul', 'div', 'sqrt', 'roundToInt', 'eq', 'le', 'lt', 'to_i32', 'to_i64', 'to_extF80']
      .concat(['eq_signaling', 'le_quiet', 'lt_quiet', format === 'f32' ? 'to_f64' : 'to_f32'])
      .map((operation) => `${format}_${operation}`),
  ),
  ...['add', 'sub', 'mul', 'div', 'sqrt', 'rem', 'roundToInt', 'eq', 'le', 'lt', 'eq_signaling', 'lt_quiet']
    .concat(['to_i32', 'to_i64', 'to_f32', 'to_f64'])
    .map((operation) => `extF80_${operation}`),
  ...['i32', 'i64'].flatMap((format) => ['f32', 'f64', 'extF80'].map((to) => `${format}_to_${to}`)),
];

describe.skipIf(!hasSharedData)(skipReason('software arithmetic against TestFloat vectors'), () => {
  it.each(FILES)('%s', (name) => {
    const { cases, failures } = run(name);
    expect(failures).toEqual([]);
    expect(cases).toBeGreaterThan(200);
  });
});
