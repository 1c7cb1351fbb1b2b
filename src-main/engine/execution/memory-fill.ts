// Filling a range of the shared linear memory. A typed array does so element by element with atomic stores, WebAssembly
// with the processor's widest: 64 KiB take 9 and 1 microseconds, and a CR3 write clears two such tables.

import { createModuleBuilder } from '../ir/module.ts';
import { IMPORT_MODULE } from './interpreter/engine-imports.ts';
import { instantiate } from './module-loader.ts';

/** Sets `bytes` bytes from address `at` on. */
export type FillMemory = (at: number, byte: number, bytes: number) => void;

/** The memory must have its full size. */
export function createFillMemory(memory: WebAssembly.Memory): FillMemory {
  const pages = memory.buffer.byteLength / 0x1_0000;
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: pages, maximum: pages });
  const { builder: f } = module.defineFunction('fill', ['i32', 'i32', 'i32'], [], { export: 'fill' });
  f.memoryFill(f.parameter(0), f.parameter(1), f.parameter(2));
  f.return();
  const exports = instantiate(new WebAssembly.Module(module.build()), { memory });
  return exports['fill'] as FillMemory;
}
