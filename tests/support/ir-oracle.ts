// Runs a function of the IR twice, by the evaluator and as WebAssembly, on equal memories, and gives both
// outcomes in a form that can be compared.

import {
  type Environment,
  EvaluationTrap,
  evaluate,
  type RawValue,
} from '../../src-main/engine/ir/evaluate.ts';
import type { FunctionGraph } from '../../src-main/engine/ir/graph.ts';

export const ORACLE_PAGES = 1;

export interface Outcome {
  readonly result: string;
  readonly memory: string;
  readonly calls: readonly string[];
}

export interface Host {
  readonly memory: WebAssembly.Memory;
  readonly calls: string[];
  /** The one imported function: pure, so both sides agree. */
  observe(a: number, b: number): number;
}

export function createHost(seed: Uint8Array): Host {
  const memory = new WebAssembly.Memory({ initial: ORACLE_PAGES, maximum: ORACLE_PAGES, shared: true });
  new Uint8Array(memory.buffer).set(seed);
  const calls: string[] = [];
  return {
    memory,
    calls,
    observe(a, b) {
      calls.push(`${a},${b}`);
      return (Math.imul(a, 31) + b) | 0;
    },
  };
}

function outcome(host: Host, run: () => unknown): Outcome {
  let result: string;
  try {
    result = String(run());
  } catch (error) {
    if (!(error instanceof EvaluationTrap || error instanceof WebAssembly.RuntimeError)) throw error;
    // Both sides trap, in their own words; calls and memory before it are compared all the same.
    result = 'trap';
  }
  return {
    result,
    memory: Array.from(new Uint8Array(host.memory.buffer).subarray(0, 1024)).join(),
    calls: host.calls,
  };
}

export function runEvaluator(graph: FunctionGraph, operands: readonly RawValue[], host: Host): Outcome {
  const environment: Environment = {
    memory: new Uint8Array(host.memory.buffer),
    call: (_callee, [a, b]) => host.observe(Number(a), Number(b)),
    callIndirect: () => {
      throw new EvaluationTrap('no table');
    },
    maxBlocks: 100_000,
  };
  return outcome(host, () => evaluate(graph, operands, environment));
}

export function runWasm(bytes: Uint8Array, name: string, operands: readonly RawValue[], host: Host): Outcome {
  const module = new WebAssembly.Module(bytes as BufferSource);
  const instance = new WebAssembly.Instance(module, {
    env: { memory: host.memory, observe: (a: number, b: number) => host.observe(a, b) },
  });
  const exported = instance.exports[name] as (...operands: unknown[]) => unknown;
  return outcome(host, () => exported(...operands));
}
