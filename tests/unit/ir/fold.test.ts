// Folding: chosen rules by their printed result, and chains of operations over constants by evaluation.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../../src-main/engine/ir/builder.ts';
import { evaluate } from '../../../src-main/engine/ir/evaluate.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import type { IrValue } from '../../../src-main/engine/ir/types.ts';
import { OPCODES } from '../../../src-main/engine/wasm/opcodes.table.ts';

const INTEGER = OPCODES.filter(
  (opcode) =>
    opcode !== undefined &&
    opcode.id < 0x100 &&
    opcode.immediate === 'none' &&
    opcode.operands.every((type) => type <= 2) &&
    opcode.result <= 2 &&
    !/div|rem/.test(opcode.name),
) as { name: string; operands: readonly number[]; result: number }[];

const WORDS = [
  0, 1, 2, 3, 7, 8, 15, 16, 24, 31, 32, 48, 56, 63, 0xff, 0xffff, 0xff00, 0x7fffffff, 0xffffffff,
];
const CONSTANTS: readonly bigint[] = [
  ...WORDS.flatMap((word) => [BigInt(word), -BigInt(word)]),
  0x8000_0000n,
  0x1_0000_0000n,
  0xffff_ffff_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  1n << 63n,
];

/** Each step applies one operation to the last value of its type and to a constant or an older value. */
type Chain = readonly (readonly [op: number, other: number, side: boolean])[];

function apply(f: GraphBuilder, chain: Chain): void {
  const values: Record<number, IrValue[]> = { 1: [f.parameter(0)], 2: [f.parameter(1)] };
  const pick = (type: number, other: number): IrValue => {
    const pool = values[type]!;
    if (other % 3 > 0)
      return f.constant(type === 1 ? 'i32' : 'i64', CONSTANTS[(other >> 2) % CONSTANTS.length]!);
    return pool[(other >> 2) % pool.length]!;
  };
  for (const [index, other, side] of chain) {
    const { name, operands } = INTEGER[index % INTEGER.length]!;
    const last = values[operands[0]!]!.at(-1)!;
    const inputs = operands.length === 1 ? [last] : [last, pick(operands[0]!, other)];
    const result = f.op(name, ...(side ? inputs : inputs.reverse()));
    values[result.type === 'i32' ? 1 : 2]!.push(result);
    if (other % 11 === 0) {
      const type = result.type === 'i32' ? 1 : 2;
      values[type]!.push(f.select(values[1]!.at(-1)!, result, pick(type, other + 1)));
    }
  }
  const low = values[1]!.reduce((sum, value) =>
    f.op('i32.xor', f.op('i32.mul', sum, f.constant('i32', 31)), value),
  );
  const high = values[2]!.reduce((sum, value) =>
    f.op('i64.xor', f.op('i64.mul', sum, f.constant('i64', 31)), value),
  );
  f.return(f.op('i64.add', high, f.op('i64.extend_i32_u', low)));
}

function build(chain: Chain, fold: boolean) {
  const module = createModuleBuilder();
  const { ref, builder } = module.defineFunction('chain', ['i32', 'i64'], ['i64'], { fold });
  apply(builder, chain);
  return { graph: module.graphOf(ref)!, builder };
}

const environment = { memory: new Uint8Array(0), call: () => 0, callIndirect: () => 0 };

describe('folding', () => {
  it('keeps the value of chains of operations, and their significant bits are true', () => {
    const chain = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.boolean()), {
      minLength: 1,
      maxLength: 8,
    });
    const operands = [
      [0, 0n],
      [1, -1n],
      [-1, 0xffff_ffffn],
      [0x1234_5678, 0x9abc_def0_1234_5678n - (1n << 64n)],
      [-0x8000_0000, -(1n << 63n)],
    ] as const;
    fc.assert(
      fc.property(chain, (steps) => {
        const folded = build(steps, true).graph;
        const plain = build(steps, false).graph;
        for (const pair of operands) {
          expect(evaluate(folded, pair, environment)).toBe(evaluate(plain, pair, environment));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('never claims fewer significant bits than a value has', () => {
    const step = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.boolean()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(step, fc.constantFrom(true, false), (steps, fold) => {
        const module = createModuleBuilder();
        const { ref, builder: f } = module.defineFunction('bits', ['i32', 'i64'], ['i64'], { fold });
        let last: IrValue = f.parameter(0);
        for (const [index, other] of steps) {
          const candidates = INTEGER.filter(({ operands }) => operands[0] === (last.type === 'i32' ? 1 : 2));
          const { name, operands } = candidates[index % candidates.length]!;
          const constant = f.constant(last.type as 'i32', CONSTANTS[other % CONSTANTS.length]!);
          last = operands.length === 1 ? f.op(name, last) : f.op(name, last, constant);
        }
        const bits = f.significantBits(last);
        f.return(last.type === 'i32' ? f.op('i64.extend_i32_u', last) : last);
        for (const operand of [0, 1, -1, 0x5555, -0x8000_0000]) {
          const value = BigInt.asUintN(
            64,
            evaluate(module.graphOf(ref)!, [operand, 0n], environment) as bigint,
          );
          expect(value >> BigInt(bits)).toBe(0n);
        }
      }),
      { numRuns: 800 },
    );
  });

  it.each(['i32', 'i64'] as const)('finds the part of an %s that a mask keeps of two joined ones', (type) => {
    const small = fc.constantFrom(...CONSTANTS);
    fc.assert(
      fc.property(small, small, fc.nat(63), fc.constantFrom('or', 'xor'), fc.boolean(), (kept, mask, count, join, shifted) => {
        const both = [true, false].map((fold) => {
          const module = createModuleBuilder();
          const { ref, builder: f } = module.defineFunction('part', ['i32', 'i64'], ['i64'], { fold });
          const value = f.parameter(type === 'i32' ? 0 : 1);
          const c = (number: bigint) => f.constant(type, number);
          const left = f.op(`${type}.and`, value, c(kept));
          const right = shifted ? f.op(`${type}.shl`, f.op(`${type}.mul`, value, c(31n)), c(BigInt(count))) : f.op(`${type}.and`, f.op(`${type}.mul`, value, c(31n)), c(~kept));
          const masked = f.op(`${type}.and`, f.op(`${type}.${join}`, left, right), c(mask));
          f.return(type === 'i32' ? f.op('i64.extend_i32_u', masked) : masked);
          return [[0x1234_5678, 0x1abc_def0_9234_5678n], [-1, -1n]].map((pair) => evaluate(module.graphOf(ref)!, pair as [number, bigint], environment));
        });
        expect(both[0]).toEqual(both[1]);
      }),
      { numRuns: 600 },
    );
  });

  it('computes again only what is not at hand', () => {
    const module = createModuleBuilder();
    const { ref, builder: f } = module.defineFunction('again', ['i32'], ['i32']);
    const doubled = f.op('i32.mul', f.parameter(0), f.constant('i32', 3));
    const since = f.mark();
    const kept = f.op('i32.add', doubled, f.constant('i32', 5));
    const sum = f.op('i32.rotl', f.op('i32.xor', kept, doubled), doubled);
    const again = f.rebuild(sum, since, (value) => value === kept);
    expect(again).not.toBe(sum);
    expect(f.rebuild(doubled, since, () => false)).toBe(doubled);
    expect(f.rebuild(kept, since, (value) => value === kept)).toBe(kept);
    f.return(f.op('i32.sub', sum, again));
    expect(evaluate(module.graphOf(ref)!, [0x1234], environment)).toBe(0);
  });

  it.each([32, 64] as const)('keeps lanes that are read and written as floats of %i bits in the vector unit', (bits) => {
    const [integer, float] = [`i${bits}`, `f${bits}`];
    const lanes = 128 / bits;
    const doubled = (fold: boolean) => {
      const module = createModuleBuilder();
      const { ref, builder: f } = module.defineFunction('doubled', ['i64'], ['i64'], { fold });
      const vector = f.op('v128.not', f.op('i64x2.splat', f.op('i64.xor', f.parameter(0), f.constant('i64', -1))));
      const lane = f.op(`${float}.reinterpret_${integer}`, f.op(`${integer}x${lanes}.extract_lane`, 1, vector));
      const sum = f.op(`${integer}.reinterpret_${float}`, f.op(`${float}.add`, lane, lane));
      const inserted = f.op(`${integer}x${lanes}.replace_lane`, 1, vector, sum);
      f.return(f.op('i64x2.extract_lane', bits === 32 ? 0 : 1, inserted));
      return module.graphOf(ref)!;
    };
    const number = bits === 32 ? 0x40490fdb_12345678n : 0x400921fb_54442d18n;
    const twice = bits === 32 ? 0x40c90fdb_12345678n : 0x401921fb_54442d18n;
    for (const fold of [true, false]) expect(evaluate(doubled(fold), [number], environment)).toBe(twice);
    const used = (fold: boolean) => Array.from(doubled(fold).op.slice(0, doubled(fold).count), (op) => OPCODES[op]?.name);
    for (const name of ['replace_lane', 'extract_lane']) {
      expect(used(true)).toContain(`${float}x${lanes}.${name}`);
      expect(used(false)).not.toContain(`${float}x${lanes}.${name}`);
    }
  });

  const cases: readonly [string, (f: GraphBuilder, x: IrValue, y: IrValue) => [IrValue, IrValue]][] = [
    ['x + 3 - 5 is x + -2', (f, x) => [minus(f, plus(f, x, 3), 5), plus(f, x, -2)]],
    ['x ^ x is 0', (f, x) => [f.op('i32.xor', x, x), f.constant('i32', 0)]],
    ['(x & 255) & 65535 is x & 255', (f, x) => [masked(f, masked(f, x, 255), 65535), masked(f, x, 255)]],
    ['wrap of extend is the value', (f, x) => [f.op('i32.wrap_i64', f.op('i64.extend_i32_s', x)), x]],
    ['x << 24 >> 24 is extend8_s', (f, x) => [
      f.op('i32.shr_s', f.op('i32.shl', x, f.constant('i32', 24)), f.constant('i32', 24)),
      f.op('i32.extend8_s', x),
    ]],
    ['not (x < y) is x >= y', (f, x, y) => [f.op('i32.eqz', f.op('i32.lt_s', x, y)), f.op('i32.ge_s', x, y)]],
    ['x - y == 0 is x == y', (f, x, y) => [f.op('i32.eqz', f.op('i32.sub', x, y)), f.op('i32.eq', x, y)]],
    ['x + 1 == 3 is x == 2', (f, x) => [
      f.op('i32.eq', plus(f, x, 1), f.constant('i32', 3)),
      f.op('i32.eq', x, f.constant('i32', 2)),
    ]],
    ['(x & 255) < 256 is 1', (f, x) => [
      f.op('i32.lt_u', masked(f, x, 255), f.constant('i32', 256)),
      f.constant('i32', 1),
    ]],
    ['a shift count masked to 31 is not masked', (f, x, y) => [
      f.op('i32.shl', x, masked(f, y, 31)),
      f.op('i32.shl', x, y),
    ]],
    ['64-bit compare of extended values is narrow', (f, x, y) => [
      f.op('i64.lt_u', f.op('i64.extend_i32_u', x), f.op('i64.extend_i32_u', y)),
      f.op('i32.lt_u', x, y),
    ]],
    ['x * 8 is x << 3', (f, x) => [
      f.op('i32.mul', x, f.constant('i32', 8)),
      f.op('i32.shl', x, f.constant('i32', 3)),
    ]],
  ]; // biome-ignore format: a table

  function plus(f: GraphBuilder, x: IrValue, n: number): IrValue {
    return f.op('i32.add', x, f.constant('i32', n));
  }
  function minus(f: GraphBuilder, x: IrValue, n: number): IrValue {
    return f.op('i32.sub', x, f.constant('i32', n));
  }
  function masked(f: GraphBuilder, x: IrValue, mask: number): IrValue {
    return f.op('i32.and', x, f.constant('i32', mask));
  }

  /** The operation and operands of a value, nested. */
  function shape(f: GraphBuilder, value: IrValue): string {
    const { graph } = f;
    const text = (id: number): string =>
      `${graph.kind[id]}:${graph.op[id]}:${graph.d[id]}(${[graph.a, graph.b, graph.c]
        .map((field) => (graph.kind[id] === 2 && field[id]! >= 0 ? text(field[id]!) : field[id]))
        .join()})`;
    return text((value as unknown as { id: number }).id);
  }

  for (const [title, make] of cases) {
    it(title, () => {
      const { builder: f } = createModuleBuilder().defineFunction('fold', ['i32', 'i32'], ['i32']);
      const [left, right] = make(f, f.parameter(0), f.parameter(1));
      expect(shape(f, left)).toBe(shape(f, right));
    });
  }

  it('moves a constant into the static offset only where the sum cannot wrap', () => {
    const { builder: f } = createModuleBuilder().defineFunction('offset', ['i32'], []);
    const { graph } = f;
    const offsets = [masked(f, f.parameter(0), 0xffff), f.parameter(0)].map((base) => {
      f.store('i32.store', plus(f, base, 100), 8, base);
      return graph.d[graph.count - 1];
    });
    expect(offsets).toEqual([108, 8]);
  });
});
