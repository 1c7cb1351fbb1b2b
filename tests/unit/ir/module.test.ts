// Small functions through builder and lowering, run by the host's WebAssembly.

import { describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';

type Exported = Record<string, (...args: never[]) => unknown>;

function instantiate(bytes: Uint8Array, imports: WebAssembly.Imports = {}): Exported {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports).exports as Exported;
}

describe('module builder', () => {
  it('lowers a loop over variables', () => {
    const module = createModuleBuilder();
    const { builder: f } = module.defineFunction('sum', ['i32'], ['i32'], { export: 'sum' });
    const i = f.variable('i32');
    const total = f.variable('i32');
    const head = f.block();
    const body = f.block();
    const done = f.block();
    f.set(i, f.parameter(0));
    f.jump(head);
    f.enter(head);
    f.branch(f.op('i32.eqz', f.get(i)), done, body, false);
    f.enter(body);
    const before = f.get(i);
    f.set(i, f.op('i32.sub', f.get(i), f.constant('i32', 1)));
    f.set(total, f.op('i32.add', f.get(total), before));
    f.jump(head);
    f.enter(done);
    f.return(f.get(total));
    expect(instantiate(module.build())['sum']!(10 as never)).toBe(55);
  });

  it('dispatches a loop of hundreds of cases and calls imports, memory and table', () => {
    const module = createModuleBuilder();
    const log = module.importFunction('env', 'log', ['i32', 'i64'], []);
    module.importMemory('env', 'memory', { initial: 1, maximum: 2, shared: true });
    module.defineTable({ initial: 4 });
    const twice = module.defineFunction('twice', ['i32'], ['i32']);
    twice.builder.return(
      twice.builder.op('i32.shl', twice.builder.parameter(0), twice.builder.constant('i32', 1)),
    );
    module.elements(1, [twice.ref]);
    const { builder: f } = module.defineFunction('run', ['i32'], ['i32'], { export: 'run' });
    const pc = f.variable('i32');
    const sum = f.variable('i32');
    f.set(pc, f.parameter(0));
    const head = f.block();
    const stop = f.block();
    f.jump(head);
    f.enter(head);
    const op = f.load('i32.load16_u', f.get(pc), 8);
    f.set(pc, f.op('i32.add', f.get(pc), f.constant('i32', 2)));
    const cases = Array.from({ length: 600 }, () => f.block());
    f.switch(op, cases, stop);
    cases.forEach((block, index) => {
      f.enter(block);
      const doubled = f.callIndirect(['i32'], ['i32'], f.constant('i32', 1), f.get(sum))!;
      f.set(sum, f.op('i32.add', doubled, f.constant('i32', index)));
      f.jump(head);
    });
    f.enter(stop);
    f.call(log, f.get(sum), f.constant('i64', -2n));
    f.return(f.get(sum));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    new Uint16Array(memory.buffer).set([1, 599, 300, 0xffff], 12);
    const logged: unknown[] = [];
    const { run } = instantiate(module.build({ names: true }), {
      env: { memory, log: (...args: unknown[]) => logged.push(...args) },
    });
    expect(run!(16 as never)).toBe((1 * 2 + 599) * 2 + 300);
    expect(logged).toEqual([1502, -2n]);
  });

  it('rejects operands of the wrong type', () => {
    const { builder: f } = createModuleBuilder().defineFunction('bad', ['i64'], []);
    expect(() => f.op('i32.eqz', f.parameter(0))).toThrow('bad: i32.eqz: i64 where i32 is needed');
    expect(() => f.op('i32.nonsense', f.parameter(0))).toThrow('no numeric instruction i32.nonsense');
  });
});
