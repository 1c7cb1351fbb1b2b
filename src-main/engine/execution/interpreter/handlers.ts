// The handler table: makes functions of the handlers that decoding has asked for, in a module at a time, and puts them
// where the dispatch loop finds them by number. Behind them stand compiled regions.

import type { MemoryLayout } from '../layout.ts';
import { loadWebAssembly, type ModuleLoader } from '../module-loader.ts';
import type { EngineImports } from './engine-imports.ts';
import { FIRST_REGION_SLOT, HandlerNumbers, REGION_SLOTS } from './handler-numbers.ts';
import { usualShapes } from './usual-shapes.ts';

export class HandlerTable {
  readonly table: WebAssembly.Table;
  readonly numbers: HandlerNumbers;
  readonly #imports: EngineImports;
  readonly #load: ModuleLoader;

  /** `load`: what makes functions of all handlers, so that the dispatch loop has none of them inside. */
  constructor(layout: MemoryLayout, imports: EngineImports, load?: ModuleLoader) {
    this.numbers = new HandlerNumbers(layout, load === undefined ? usualShapes() : []);
    this.#imports = imports;
    this.#load = load ?? loadWebAssembly;
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: FIRST_REGION_SLOT + REGION_SLOTS });
  }

  /** Compiles the handlers asked for since the last call; before any record that uses them runs. False when there are none. */
  flush(): boolean {
    const pending = this.numbers.takePending();
    if (pending === undefined) return false;
    const exports = this.#load(pending.module, this.#imports);
    for (const number of pending.numbers) this.table.set(number, exports[`h${number}`]);
    return true;
  }
}
