// The module that regions are compiled in, several where they are wanted within a short time: they stand beside each other then,
// in fewer pages of the host, share what belongs to a module, and it is compiled and instantiated once.

import { createModuleBuilder } from '../../ir/module.ts';
import type { FunctionBuilder } from '../../ir/types.ts';
import { IMPORT_MODULE, ImportSet } from '../interpreter/engine-imports.ts';
import { REGION_TYPE } from '../interpreter/record.ts';
import type { MemoryLayout } from '../layout.ts';

/** Operations that are enough for two thirds of all regions. */
const USUAL_OPERATIONS = 1024;

/** The export of the region that was added as the `index`-th, from 0. */
export const regionExport = (index: number): string => `region${index}`;

export class RegionModule {
  readonly builder = createModuleBuilder();
  readonly #imports = new ImportSet(this.builder);
  #count = 0;

  constructor({ pages }: MemoryLayout, { isChained = false }: { readonly isChained?: boolean } = {}) {
    this.builder.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: pages, maximum: pages });
    if (isChained) this.builder.importTable(IMPORT_MODULE, 'table', { initial: 0 });
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds the function of a region and gives its index; none is added where `emit` throws.
   * `name`: what profiles and stack traces call it.
   */
  add(name: string, emit: (f: FunctionBuilder, imports: ImportSet) => void): number {
    const { parameters, results } = REGION_TYPE;
    const { ref, builder } = this.builder.defineFunction(name, parameters, results, { export: regionExport(this.#count), expected: USUAL_OPERATIONS });
    try {
      emit(builder, this.#imports);
    } catch (error) {
      this.builder.withdraw(ref);
      throw error;
    }
    return this.#count++;
  }

  /** Of the functions' bodies, by index, once the module is built. */
  get bytes(): readonly number[] {
    return this.builder.bodyBytes;
  }
}
