// The verifier finds what it is there to find, and names it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { verify } from '../../../src-main/engine/ir/verify.ts';
import { randomProgram, replay } from '../../support/random-ir.ts';

function define() {
  return createModuleBuilder().defineFunction('f', ['i32'], ['i32']).builder;
}

describe('verify', () => {
  it('accepts random programs, folded or not', () => {
    fc.assert(
      fc.property(randomProgram(), fc.boolean(), (program, fold) => {
        const module = createModuleBuilder();
        const observe = module.importFunction('env', 'observe', ['i32', 'i32'], ['i32']);
        const { builder } = module.defineFunction('run', ['i32', 'i64'], ['i32'], { fold });
        replay(builder, observe, program);
        verify(builder.graph);
      }),
      { numRuns: 100 },
    );
  });

  it('rejects a target that was never entered', () => {
    const f = define();
    f.jump(f.block());
    expect(() => verify(f.graph)).toThrow('f: block 1 is a target, never entered');
  });

  it('rejects a block left open', () => {
    const f = define();
    expect(() => verify(f.graph)).toThrow('f: block 0 has no terminator');
  });

  it('rejects a value that not every path computes', () => {
    const f = define();
    const [left, right, join] = [f.block(), f.block(), f.block()];
    f.branch(f.parameter(0), left, right);
    f.enter(left);
    const value = f.load('i32.load', f.parameter(0), 0);
    f.jump(join);
    f.enter(right);
    f.jump(join);
    f.enter(join);
    f.return(value);
    expect(() => verify(f.graph)).toThrow('operand 0 is not computed on every path');
  });

  it('ignores what control cannot reach', () => {
    const f = define();
    f.return(f.parameter(0));
    f.enter(f.block());
    f.jump(f.block());
    expect(() => verify(f.graph)).not.toThrow();
  });
});
