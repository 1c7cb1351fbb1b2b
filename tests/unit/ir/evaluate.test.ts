// Every numeric, vector, load, store and atomic instruction: the evaluator against the host's WebAssembly, which
// checks the opcode table as well.

import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../../src-main/engine/ir/builder.ts';
import { EvaluationTrap, evaluate } from '../../../src-main/engine/ir/evaluate.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import type { IrValue } from '../../../src-main/engine/ir/types.ts';
import { OPCODES, type Opcode, TYPE_NAMES } from '../../../src-main/engine/wasm/opcodes.table.ts';

const RESULT = 0x100;
// biome-ignore format: a table of edge cases
const WORDS = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x3f80_0000n,
  0xbfc0_0000n, 0x7f80_0000n, 0xff80_0000n, 0x7fc0_0001n, 0x4f00_0000n, 0xcf00_0001n, 0x3fe0_0000_0000_0000n,
  0xbff8_0000_0000_0000n, 0x41e0_0000_0000_0000n, 0xc1e0_0000_0020_0000n, 0x43e0_0000_0000_0000n,
  0x7ff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0x7ff8_0000_0000_0001n, 0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn, 0x0102_0304_0506_0708n, 0x7fff_ffff_ffff_fc01n, 0xfedc_ba98_7654_3210n, 0x4340_0000_0000_0001n,
];

/** Fills the operand area so that every pair of edge cases meets somewhere. */
function seeds(): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let round = 0; round < WORDS.length * 2; round++) {
    const words = new BigUint64Array(6);
    for (let i = 0; i < 6; i++) words[i] = WORDS[(round * (i + 1) + i * 7 + (round >> 5)) % WORDS.length]!;
    if (round % 2 === 1) words[1] = (words[1]! << 32n) | (words[0]! & 0xffff_ffffn);
    all.push(new Uint8Array(words.buffer));
  }
  return all;
}

const LOADS = ['', 'i32.load', 'i64.load', 'f32.load', 'f64.load', 'v128.load'];

function operand(f: GraphBuilder, type: number, index: number): IrValue {
  return f.load(LOADS[type]!, f.constant('i32', 0), index * 16);
}

function storeResult(f: GraphBuilder, value: IrValue): void {
  f.store(`${value.type}.store`, f.constant('i32', 0), RESULT, value);
}

function emit(f: GraphBuilder, opcode: Opcode, lane: number): void {
  if (opcode.immediate !== 'memory') {
    const immediates =
      opcode.immediate === 'lane'
        ? [lane % opcode.size]
        : opcode.immediate === 'shuffle'
          ? Array.from({ length: 16 }, (_, i) => (i * 7 + lane) % 32)
          : [];
    storeResult(
      f,
      f.op(opcode.name, ...immediates, ...opcode.operands.map((type, i) => operand(f, type, i))),
    );
    return;
  }
  const values = opcode.operands.slice(1).map((type, i) => operand(f, type, i));
  const address = f.constant('i32', RESULT);
  if (opcode.id >= 0x300) {
    const old = f.atomic(opcode.name, address, 0, ...values);
    f.store(`${old.type}.store`, address, 64, old);
  } else if (opcode.result === 0) f.store(opcode.name, address, 0, values[0]!);
  else storeResult(f, f.load(opcode.name, address, lane));
}

const NAN_RESULT: Record<string, number> = { f32: 4, f64: 8, f32x4: 4, f64x2: 8 };

/** Which NaN a float instruction gives is the implementation's choice. */
function canonical(name: string, bytes: Uint8Array): string {
  const size = NAN_RESULT[name.split('.')[0]!];
  const view = new DataView(bytes.slice().buffer);
  const isExact = /abs|neg|copysign|reinterpret|lane|splat|pm|load|store/.test(name);
  for (let at = 0; size !== undefined && !isExact && at < 16; at += size) {
    const value = size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
    if (Number.isNaN(value)) for (let i = 0; i < size; i++) view.setUint8(at + i, 0xee);
  }
  return Array.from(new Uint8Array(view.buffer)).join();
}

const instructions = OPCODES.filter(
  (opcode) => opcode !== undefined && !opcode.name.startsWith('memory.'),
) as Opcode[];

describe('every instruction, evaluated and run', () => {
  const cases = seeds();
  for (const lane of [0, 3]) {
    const module = createModuleBuilder();
    module.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: true });
    const defined = instructions.map((opcode) => {
      const { ref, builder } = module.defineFunction(opcode.name, [], [], {
        export: opcode.name,
        fold: false,
      });
      emit(builder, opcode, lane);
      builder.return();
      return module.graphOf(ref)!;
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build() as BufferSource), {
      env: { memory },
    });
    const live = new Uint8Array(memory.buffer);
    instructions.forEach((opcode, index) => {
      it(`${opcode.name} (variant ${lane}), ${TYPE_NAMES[opcode.result]}`, () => {
        for (const seed of cases) {
          const mirror = new Uint8Array(0x200);
          mirror.set(seed);
          mirror.set(seed, RESULT);
          live.set(mirror);
          const trapped = [
            () => (instance.exports[opcode.name] as () => void)(),
            () => evaluate(defined[index]!, [], { memory: mirror, call: () => 0, callIndirect: () => 0 }),
          ].map((run) => {
            try {
              run();
              return false;
            } catch (error) {
              if (error instanceof EvaluationTrap || error instanceof WebAssembly.RuntimeError) return true;
              throw error;
            }
          });
          expect(trapped[0], `traps on ${seed}`).toBe(trapped[1]);
          const got = canonical(opcode.name, mirror.subarray(RESULT, RESULT + 16));
          const expected = canonical(opcode.name, live.subarray(RESULT, RESULT + 16));
          if (got !== expected) expect(got, `operands ${seed}`).toBe(expected);
          if (opcode.id >= 0x300) expect(mirror.subarray(RESULT)).toEqual(live.slice(RESULT, 0x200));
        }
      });
    });
  }
});
