// Random programs: the evaluator on the unfolded graph against lowered WebAssembly, folded and not.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { createHost, ORACLE_PAGES, type Outcome, runEvaluator, runWasm } from '../../support/ir-oracle.ts';
import { type RandomBlock, type RandomProgram, randomProgram, replay } from '../../support/random-ir.ts';

const SEED = Uint8Array.from({ length: 1024 }, (_, index) => (index * 37 + (index >> 3) * 11) & 0xff);

function build(program: RandomProgram, fold: boolean) {
  const module = createModuleBuilder();
  const observe = module.importFunction('env', 'observe', ['i32', 'i32'], ['i32']);
  module.importMemory('env', 'memory', { initial: ORACLE_PAGES, maximum: ORACLE_PAGES, shared: true });
  const { ref, builder } = module.defineFunction('run', ['i32', 'i64'], ['i32'], { export: 'run', fold });
  replay(builder, observe, program);
  return { module, graph: module.graphOf(ref)! };
}

function expectEqual(actual: Outcome, expected: Outcome): void {
  expect(actual).toEqual(expected);
}

describe('lowering and folding keep the meaning of random programs', () => {
  const operands = fc.tuple(
    fc.constantFrom(0, 1, -1, 77, -0x8000_0000),
    fc.constantFrom(0n, 1n, -5n, 1n << 40n),
  );

  it('lowered code does what the evaluator does', () => {
    fc.assert(
      fc.property(randomProgram(), operands, (program, [a, b]) => {
        const { module, graph } = build(program, false);
        const expected = runEvaluator(graph, [a, b], createHost(SEED));
        expectEqual(runWasm(module.build(), 'run', [a, b], createHost(SEED)), expected);
      }),
      { numRuns: 300 },
    );
  });

  it('lowered code finds what variables hold', () => {
    // Sums and variables only: every other set chooses a shadow.
    const simple = randomProgram(8, 7).map((blocks) =>
      blocks.map(({ steps, end }): RandomBlock => ({
        steps: steps.map(([choice, x, y, z]) => [[11, 12, 12, 0][choice % 4] ?? 0, x, y % 2 === 0 ? 3 * y : y, choice % 4 === 3 ? 0 : z]),
        end,
      })),
    );
    fc.assert(
      fc.property(simple, operands, (program, [a, b]) => {
        const { module, graph } = build(program, true);
        const expected = runEvaluator(graph, [a, b], createHost(SEED));
        expectEqual(runWasm(module.build(), 'run', [a, b], createHost(SEED)), expected);
      }),
      { numRuns: 800 },
    );
  });

  it('folded code does what unfolded code does', () => {
    fc.assert(
      fc.property(randomProgram(5, 24), operands, (program, [a, b]) => {
        const expected = runEvaluator(build(program, false).graph, [a, b], createHost(SEED));
        const { module, graph } = build(program, true);
        expectEqual(runEvaluator(graph, [a, b], createHost(SEED)), expected);
        expectEqual(runWasm(module.build(), 'run', [a, b], createHost(SEED)), expected);
      }),
      { numRuns: 300 },
    );
  });
});
