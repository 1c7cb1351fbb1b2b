// Generated functions run by the evaluator of the intermediate representation instead of WebAssembly: neither
// lowering nor V8 has a part in what they do. Slow; a third opinion for differential tests.

import type { EngineImports } from '../../src-main/engine/execution/interpreter/engine-imports.ts';
import type { ModuleLoader } from '../../src-main/engine/execution/module-loader.ts';
import { type Environment, evaluate, type RawValue } from '../../src-main/engine/ir/evaluate.ts';
import type { FunctionGraph } from '../../src-main/engine/ir/graph.ts';
import { createModuleBuilder } from '../../src-main/engine/ir/module.ts';

type AnyFunction = (...operands: RawValue[]) => RawValue | undefined;

/** Every function goes through the evaluator. Calls leave it for what the module would import. */
export const loadEvaluated: ModuleLoader = (module, imports) => {
  const environment = environmentOf(imports);
  const functions = new Map<string, AnyFunction>();
  for (const [name, graph] of module.exportedGraphs) {
    functions.set(name, (...operands) => evaluate(graph, operands, environment));
  }
  return fitForTables(module.exportedGraphs, functions);
};

function environmentOf(imports: EngineImports): Environment {
  const { buffer } = imports['memory'] as WebAssembly.Memory;
  return {
    memory: new Uint8Array(buffer),
    call: ({ name }, operands) => (imports[name] as AnyFunction)(...operands),
    callIndirect: (index, _signature, operands) => {
      const callee = (imports['table'] as WebAssembly.Table).get(index) as AnyFunction;
      return callee(...operands);
    },
  };
}

/** Only functions that a WebAssembly module exports may stand in a table: one that passes them on. */
function fitForTables(
  graphs: ReadonlyMap<string, FunctionGraph>,
  functions: ReadonlyMap<string, AnyFunction>,
) {
  const module = createModuleBuilder();
  for (const [name, { parameters, results }] of graphs)
    module.exportFunction(name, module.importFunction('evaluated', name, parameters, results));
  const compiled = new WebAssembly.Module(module.build() as BufferSource);
  return new WebAssembly.Instance(compiled, { evaluated: Object.fromEntries(functions) }).exports;
}
