// The text of lowered code for the shapes that matter: what nests, what stays, how control flow comes out.

import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../../src-main/engine/ir/builder.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { print } from '../../../src-main/engine/ir/print.ts';
import type { IrType } from '../../../src-main/engine/ir/types.ts';
import { disassemble } from '../../../src-main/engine/wasm/disassemble.ts';

function lowered(
  parameters: readonly IrType[],
  results: readonly IrType[],
  make: (f: GraphBuilder) => void,
): string[] {
  const module = createModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: true });
  const { builder } = module.defineFunction('f', parameters, results);
  make(builder);
  return disassemble(module.build())[0]!;
}

describe('lowering', () => {
  it('nests single uses and keeps the order of loads and stores', () => {
    const code = lowered(['i32'], ['i32'], (f) => {
      const a = f.load('i32.load', f.parameter(0), 0);
      const b = f.load('i32.load', f.parameter(0), 4);
      f.store('i32.store', f.parameter(0), 8, b);
      f.return(a);
    });
    expect(code).toEqual([
      'local 1 i32',
      'local.get 0', 'i32.load', 'local.set 1',
      'local.get 0', 'local.get 0', 'i32.load offset=4', 'i32.store offset=8',
      'local.get 1', 'return',
    ]); // biome-ignore format: lines of code
  });

  it('reads a variable where it is used, unless it changes before', () => {
    const code = lowered([], ['i32'], (f) => {
      const x = f.variable('i32');
      f.set(x, f.load('i32.load', f.constant('i32', 0), 0));
      const old = f.get(x);
      const twice = f.op('i32.add', old, old);
      f.set(x, twice);
      f.return(f.op('i32.sub', f.get(x), f.op('i32.mul', twice, old)));
    });
    expect(code).toEqual([
      'local 3 i32',
      'i32.const 0', 'i32.load', 'local.tee 0', 'local.tee 1',
      'local.get 1', 'i32.add', 'local.tee 2', 'local.tee 0',
      'local.get 2', 'local.get 1', 'i32.mul', 'i32.sub', 'return',
    ]); // biome-ignore format: lines of code
  });

  it('drops sets that nothing reads, and what only they need', () => {
    const code = lowered(['i32'], ['i32'], (f) => {
      const flags = f.variable('i32');
      f.set(flags, f.op('i32.mul', f.parameter(0), f.parameter(0)));
      f.set(flags, f.op('i32.sub', f.parameter(0), f.constant('i32', 9)));
      f.return(f.get(flags));
    });
    expect(code).toEqual(['local 1 i32', 'local.get 0', 'i32.const -9', 'i32.add', 'local.tee 1', 'return']);
  });

  it('puts code that leaves a loop behind it', () => {
    const code = lowered(['i32'], ['i32'], (f) => {
      const [head, body, exit, done] = [f.block(), f.block(), f.block(), f.block()];
      f.jump(head);
      f.enter(head);
      f.branch(f.load('i32.load', f.parameter(0), 0), exit, body, false);
      f.enter(body);
      f.branch(f.load('i32.load', f.parameter(0), 4), head, done);
      f.enter(done);
      f.return(f.constant('i32', 1));
      f.enter(exit);
      f.return(f.constant('i32', 2));
    });
    expect(code).toEqual([
      'block', '  block', '    loop',
      '      local.get 0', '      i32.load', '      br_if 2',
      '      local.get 0', '      i32.load offset=4', '      br_if 0',
      '    end', '  end',
      'i32.const 1', 'return', 'end', 'i32.const 2', 'return',
    ].map((line, index) => (index === 11 || index === 12 ? `  ${line}` : line))); // biome-ignore format: lines of code
  });

  it('prints the graph', () => {
    const { builder: f } = createModuleBuilder().defineFunction('f', ['i32'], ['i64']);
    const [yes, no] = [f.block(), f.block()];
    f.branch(f.op('i32.gt_u', f.parameter(0), f.constant('i32', 5)), yes, no, true);
    f.enter(yes);
    f.return(f.load('i64.load', f.parameter(0), 16));
    f.enter(no);
    f.return(f.constant('i64', -1));
    expect(print(f.graph).split('\n')).toEqual([
      'f (i32) -> i64',
      'b0:', '  v2 = i32.gt_u p0, 5', '  branch v2 b1 b2 likely',
      'b1:', '  v4 = i64.load+16 p0', '  return v4',
      'b2:', '  return -1n',
    ]); // biome-ignore format: lines of code
  });

  it('keeps nesting shallow and locals few in a long chain of cases', () => {
    const code = lowered(['i32'], ['i32'], (f) => {
      const result = f.variable('i32');
      for (let i = 0; i < 2000; i++) {
        const [yes, no, next] = [f.block(), f.block(), f.block()];
        const value = f.load('i32.load', f.parameter(0), i * 4);
        f.branch(f.op('i32.eq', value, f.constant('i32', i)), yes, no);
        f.enter(yes);
        f.set(result, f.op('i32.add', value, f.op('i32.mul', value, f.get(result))));
        f.jump(next);
        f.enter(no);
        f.set(f.variable('i32'), value);
        f.jump(next);
        f.enter(next);
      }
      f.return(f.get(result));
    });
    expect(code[0]).toBe('local 2 i32');
    expect(Math.max(...code.map((line) => line.search(/\S/)))).toBeLessThan(8);
  });
});
