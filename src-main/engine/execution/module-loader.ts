// How generated functions become callable: as WebAssembly. An interface, so that differential tests can put the
// evaluator of the intermediate representation in its place.

import type { ModuleBuilder } from '../ir/module.ts';
import { type EngineImports, IMPORT_MODULE } from './interpreter/engine-imports.ts';

export type GeneratedExports = Readonly<Record<string, unknown>>;

/** Gives the exported functions of a module, fit for a WebAssembly table. */
export type ModuleLoader = (module: ModuleBuilder, imports: EngineImports) => GeneratedExports;

export function instantiate(module: WebAssembly.Module, imports: EngineImports): GeneratedExports {
  return new WebAssembly.Instance(module, { [IMPORT_MODULE]: imports as Record<string, unknown> }).exports;
}

export const loadWebAssembly: ModuleLoader = (module, imports) =>
  instantiate(new WebAssembly.Module(module.build({ names: true })), imports);
