// The WebAssembly routines in front of the x87 helpers against the helpers themselves: same registers, status and
// memory for operands that lie where rounding, carries and cancellation are decided.

import { describe, expect, it } from 'vitest';
import { FLOAT_HELPER_IMPLEMENTATIONS as HELPERS } from '../../../../src-main/engine/x86/helpers/float-helpers.ts';
import {
  X87_ARITHMETIC,
  X87_COMPARE,
  X87_CONSTANT,
  X87_FUNCTION,
  X87_MEMORY,
} from '../../../../src-main/engine/x86/helpers/x87-operations.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { DATA, FlatGuest } from '../../../support/flat-guest.ts';

/** A small generator of its own, so that a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof createRandom>;

const random64 = (random: Random): bigint =>
  (BigInt(random(2 ** 31)) << 33n) ^ (BigInt(random(2 ** 31)) << 12n) ^ BigInt(random(2 ** 16));

/** Full, sparse, all ones, and one step from either: with the top bit set. */
function significand(random: Random): bigint {
  const ones = (1n << 64n) - 1n;
  const shift = BigInt(random(64));
  const value = [
    random64(random),
    0n,
    ones,
    ones << shift,
    1n << shift,
    (1n << shift) - 1n,
    random64(random) << shift,
  ][random(7)] as bigint;
  return BigInt.asUintN(64, value | (1n << 63n));
}

/** Sign and exponent, then significand: mostly near 1, now and then at the ends of the range or zero. */
function number(random: Random): bigint {
  const sign = BigInt(random(2)) << 79n;
  if (random(12) === 0) return sign;
  const exponents = [
    16383 + random(140) - 70,
    16383 + random(4),
    1 + random(3),
    32764 + random(3),
    15360 + random(70),
  ];
  return sign | (BigInt(exponents[random(5)] as number) << 64n) | significand(random);
}

/** Another number, often as far from the first as its significand is long. */
function partner(random: Random, first: bigint): bigint {
  if (random(3) !== 0) return number(random);
  const exponent = Number((first >> 64n) & 0x7fffn) + (random(2) === 0 ? 1 : -1) * (62 + random(6));
  if (exponent < 1 || exponent > 0x7ffe) return number(random);
  return (BigInt(random(2)) << 79n) | (BigInt(exponent) << 64n) | significand(random);
}

interface Case {
  readonly name: string;
  /** Instructions with ST(0) and ST(1) loaded; memory operands and results at [RDI+64]. */
  readonly code: string;
  /** The same through the helpers; a memory result is left in scratch[0]. */
  run(cpu: FakeCpu, memory: bigint): void;
  readonly resultBits?: number;
}

const memoryCase = (name: string, code: string, kind: number, bits: number): Case => ({
  name,
  code,
  run(cpu, memory) {
    const integer = kind !== X87_MEMORY.f32 && kind !== X87_MEMORY.f64;
    const value = integer ? BigInt.asIntN(bits, memory) : BigInt.asUintN(bits, memory);
    cpu.set64('scratch', BigInt.asUintN(64, value), 1);
    HELPERS.x87Load(cpu, kind);
  },
});

const storeCase = (name: string, code: string, kind: number, resultBits: number, truncate = 0): Case => ({
  name,
  code,
  resultBits,
  run(cpu) {
    HELPERS.x87Store(cpu, kind, truncate);
    HELPERS.x87StoreEnd(cpu, 1);
  },
});

const registerCase = (name: string, code: string, operation: number): Case => ({
  name,
  code,
  run: (cpu) => {
    HELPERS.x87Arithmetic(cpu, operation, 0, 1, 0);
  },
});

const functionCase = (name: string, code: string, index: number): Case => ({
  name,
  code,
  run: (cpu) => {
    HELPERS.x87Function(cpu, index);
  },
});

const CASES: readonly Case[] = [
  registerCase('FADD', 'd8c1', X87_ARITHMETIC.add),
  registerCase('FMUL', 'd8c9', X87_ARITHMETIC.multiply),
  registerCase('FSUB', 'd8e1', X87_ARITHMETIC.subtract),
  registerCase('FSUBR', 'd8e9', X87_ARITHMETIC.subtractReverse),
  registerCase('FDIV', 'd8f1', X87_ARITHMETIC.divide),
  registerCase('FDIVR', 'd8f9', X87_ARITHMETIC.divideReverse),
  {
    name: 'FADDP',
    code: 'dec1',
    run: (cpu) => {
      HELPERS.x87Arithmetic(cpu, X87_ARITHMETIC.add, 1, 0, 1);
    },
  },
  {
    name: 'FMUL m64',
    code: 'dc4f40',
    run(cpu, memory) {
      cpu.set64('scratch', BigInt.asUintN(64, memory), 2);
      HELPERS.x87ArithmeticMemory(cpu, X87_ARITHMETIC.multiply, X87_MEMORY.f64);
    },
  },
  {
    name: 'FIADD m32',
    code: 'da4740',
    run(cpu, memory) {
      cpu.set64('scratch', BigInt.asUintN(64, BigInt.asIntN(32, memory)), 2);
      HELPERS.x87ArithmeticMemory(cpu, X87_ARITHMETIC.add, X87_MEMORY.i32);
    },
  },
  {
    name: 'FCOMP',
    code: 'd8d9',
    run: (cpu) => {
      HELPERS.x87Compare(cpu, X87_COMPARE.pop, 1);
    },
  },
  {
    name: 'FXCH',
    code: 'd9c9',
    run: (cpu) => {
      HELPERS.x87Exchange(cpu, 1);
    },
  },
  {
    name: 'FCOMI',
    code: 'dbf1',
    run: (cpu) => {
      HELPERS.x87CompareFlags(cpu, 0, 1);
    },
  },
  {
    name: 'FCMOVNB',
    code: 'dbc1',
    run: (cpu) => {
      HELPERS.x87ConditionalMove(cpu, 1, 1);
    },
  },
  memoryCase('FLD m32', 'd94740', X87_MEMORY.f32, 32),
  memoryCase('FLD m64', 'dd4740', X87_MEMORY.f64, 64),
  memoryCase('FILD m64', 'df6f40', X87_MEMORY.i64, 64),
  storeCase('FSTP m32', 'd95f40', X87_MEMORY.f32, 32),
  storeCase('FSTP m64', 'dd5f40', X87_MEMORY.f64, 64),
  storeCase('FISTP m16', 'df5f40', X87_MEMORY.i16, 16),
  storeCase('FISTP m32', 'db5f40', X87_MEMORY.i32, 32),
  storeCase('FISTP m64', 'df7f40', X87_MEMORY.i64, 64),
  storeCase('FISTTP m64', 'dd4f40', X87_MEMORY.i64, 64, 1),
  functionCase('FCHS', 'd9e0', X87_FUNCTION.FCHS),
  functionCase('FABS', 'd9e1', X87_FUNCTION.FABS),
  functionCase('FTST', 'd9e4', X87_FUNCTION.FTST),
  {
    name: 'FLD1',
    code: 'd9e8',
    run: (cpu) => {
      HELPERS.x87Constant(cpu, X87_CONSTANT.FLD1);
    },
  },
];

/** FNINIT; FLD m80 [RDI+16]; FLD m80 [RDI]; FLDCW [RDI+32]. */
const PROLOGUE = 'dbe3 db6f10 db2f d96f20';
const CONTROLS = [0x37f, 0x27f, 0x07f, 0xf7f, 0x37b];

function load(cpu: FakeCpu, value: bigint): void {
  cpu.set64('scratch', BigInt.asUintN(64, value), 0);
  HELPERS.x87Load80(cpu, Number(value >> 64n));
}

function stateOf(cpu: FlatGuest['machine']['cpu']): string {
  const registers = Array.from({ length: 8 }, (_, i) =>
    (cpu.get32('ftag') >> i) & 1
      ? `${cpu.get32('fprExponent', i).toString(16)}:${cpu.get64('fprSignificand', i).toString(16)}`
      : '-',
  );
  return `${cpu.get32('fsw').toString(16)} ${cpu.get32('ftop')} ${registers.join(' ')}`;
}

describe('x87 routines agree with the helpers', () => {
  it.each(CASES)('$name', ({ code, run, resultBits }) => {
    const guest = new FlatGuest({ bits: 64 });
    const oracle = new FakeCpu();
    const random = createRandom(0x5eed);
    for (let round = 0; round < 1500; round++) {
      const a = number(random);
      const b = partner(random, a);
      const memory = random64(random);
      const control = CONTROLS[random(CONTROLS.length)] as number;
      HELPERS.x87Initialize(oracle);
      load(oracle, b);
      load(oracle, a);
      oracle.set32('fcw', control);
      run(oracle, memory);

      guest.write128(DATA, a);
      guest.write128(DATA + 16, b);
      guest.view.setUint16(DATA + 32, control, true);
      guest.write128(DATA + 64, BigInt.asUintN(64, memory));
      guest.run(PROLOGUE + code);
      const operands = `${a.toString(16)} ${b.toString(16)} ${memory.toString(16)} ${control.toString(16)}`;
      expect(`${operands}: ${stateOf(guest.machine.cpu)}`).toBe(`${operands}: ${stateOf(oracle)}`);
      if (resultBits === undefined || oracle.high('scratch', 1) === 0) continue;
      const stored = BigInt.asUintN(resultBits, guest.view.getBigUint64(DATA + 64, true));
      expect(`${operands}: ${stored}`).toBe(
        `${operands}: ${BigInt.asUintN(resultBits, oracle.get64('scratch', 0))}`,
      );
    }
  });
});

/** Sign and exponent of a power of two, and its significand. */
const power = (exponent: number, sign = 0): bigint => (BigInt((sign << 15) | (16383 + exponent)) << 64n) | (1n << 63n);

describe('sums of numbers that are far apart', () => {
  const DISTANCES = Array.from({ length: 68 }, (_, i) => i + 61);
  it('round by all bits of the smaller one', () => {
    const guest = new FlatGuest({ bits: 64 });
    const oracle = new FakeCpu();
    for (const distance of DISTANCES) {
      for (const sign of [0, 1]) {
        for (const lowest of [0n, 1n]) {
          const [a, b] = [power(0), power(-distance, sign) | lowest];
          HELPERS.x87Initialize(oracle);
          load(oracle, b);
          load(oracle, a);
          HELPERS.x87Arithmetic(oracle, X87_ARITHMETIC.add, 0, 1, 0);
          guest.write128(DATA, a);
          guest.write128(DATA + 16, b);
          guest.view.setUint16(DATA + 32, 0x37f, true);
          guest.run(`${PROLOGUE}d8c1`);
          const operands = `1 and ${b.toString(16)}`;
          expect(`${operands}: ${stateOf(guest.machine.cpu)}`).toBe(`${operands}: ${stateOf(oracle)}`);
        }
      }
    }
  });
});
