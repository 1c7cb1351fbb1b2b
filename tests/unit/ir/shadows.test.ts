// Shadows of loops: what a way out takes from elsewhere, and what must be kept for it. That random programs mean the same
// is the matter of `equivalence.test.ts`.

import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../../src-main/engine/ir/builder.ts';
import { type FunctionGraph, SET } from '../../../src-main/engine/ir/graph.ts';
import { prepareLowering } from '../../../src-main/engine/ir/lower.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import type { IrValue, IrVariable } from '../../../src-main/engine/ir/types.ts';

interface Loop {
  readonly f: GraphBuilder;
  readonly register: IrVariable;
  readonly shadow: IrVariable;
  readonly choose: (value: IrValue) => void;
}

/** A loop of two parts, between which it may be left; behind it the shadow is returned, if it is chosen. */
function loop(first: (loop: Loop) => void, second: (loop: Loop) => void): FunctionGraph {
  const module = createModuleBuilder();
  const { ref, builder: f } = module.defineFunction('f', ['i32'], ['i32'], { export: 'f' });
  const [register, selector, way] = [f.variable('i32'), f.variable('i32'), f.variable('i32')];
  const shadow = f.shadow('i32', selector, 1);
  const [head, out, on, leave, chosen, none] = [f.block(), f.block(), f.block(), f.block(), f.block(), f.block()];
  const choose = (value: IrValue): void => {
    f.set(selector, f.constant('i32', 1));
    f.set(shadow, value);
  };
  const parts = { f, register, shadow, choose };
  f.set(register, f.parameter(0));
  f.set(selector, f.constant('i32', 0));
  f.jump(head);
  f.enter(head);
  first(parts);
  f.branch(f.op('i32.lt_s', f.get(register), f.constant('i32', 10)), on, out);
  f.enter(out);
  // An empty block would be jumped over.
  f.set(way, f.constant('i32', 2));
  f.settle();
  f.jump(leave);
  f.enter(on);
  second(parts);
  f.jump(head);
  f.enter(leave);
  f.branch(f.get(selector), chosen, none);
  f.enter(chosen);
  f.return(f.get(shadow));
  f.enter(none);
  f.return(f.get(way));
  return module.graphOf(ref) as FunctionGraph;
}

/** Whether the loop itself sets the shadow. */
function isKept(graph: FunctionGraph): boolean {
  const { flow, uses } = prepareLowering(graph);
  const [shadow] = graph.shadows.keys();
  const sets = (block: number): boolean => {
    for (let id = graph.blockStart[block] as number; id < (graph.blockEnd[block] as number); id++)
      if (graph.kind[id] === SET && graph.d[id] === shadow && (uses[id] as number) > 0) return true;
    return false;
  };
  // The loop's own blocks are those that were built before the way out was settled.
  return [...flow.order].filter((block) => block < 5).some(sets);
}

const next = ({ f, register }: Loop): IrValue => f.op('i32.add', f.get(register), f.constant('i32', 3));

describe('a shadow is', () => {
  it('not kept where a variable holds the same', () => {
    const graph = loop(
      () => {},
      (parts) => {
        const value = next(parts);
        parts.f.set(parts.register, value);
        parts.choose(value);
      },
    );
    expect(isKept(graph)).toBe(false);
  });
  it('not kept where the graph has to grow for the way out', () => {
    for (let spare = 0; spare < 40; spare++) {
      const graph = loop(
        ({ f }) => {
          for (let i = 0; i < spare; i++) f.constant('f32', i);
        },
        (parts) => {
          const value = next(parts);
          parts.f.set(parts.register, value);
          parts.choose(value);
        },
      );
      expect(isKept(graph), `with ${spare} instructions more`).toBe(false);
    }
  });
  it('not kept where the variable has changed since, but was read before', () => {
    const graph = loop(
      ({ f, register }) => f.set(register, f.op('i32.mul', f.get(register), f.constant('i32', 2))),
      (parts) => {
        const value = next(parts);
        parts.f.set(parts.register, value);
        parts.choose(value);
      },
    );
    expect(isKept(graph)).toBe(false);
  });
  it('kept where nothing else holds its value', () => {
    const graph = loop(
      () => {},
      (parts) => {
        const value = next(parts);
        parts.f.set(parts.register, value);
        parts.choose(parts.f.op('i32.xor', value, parts.f.constant('i32', 5)));
      },
    );
    expect(isKept(graph)).toBe(true);
  });
  it('kept where it is that of the pass before the last', () => {
    const graph = loop(
      () => {},
      (parts) => {
        const old = parts.f.get(parts.register);
        parts.f.set(parts.register, next(parts));
        parts.choose(old);
      },
    );
    expect(isKept(graph)).toBe(true);
  });
});
