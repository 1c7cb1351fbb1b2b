// Two counts in linear memory that tell generated code whether linear addresses may translate differently than they did:
// of all addresses, and of those whose pages are global. Who compares them: `HEADER.checkedEpoch`.

import type { MemoryLayout } from '../layout.ts';
import type { MemoryViews } from '../views.ts';

export class MappingEpochs {
  readonly #words: Uint32Array;
  readonly #all: number;
  readonly #global: number;

  constructor(views: MemoryViews, layout: MemoryLayout) {
    this.#words = views.u32;
    this.#all = layout.mappingEpoch >> 2;
    this.#global = layout.globalEpoch >> 2;
  }

  countUp(scope: 'all' | 'non-global'): void {
    this.#add(this.#all);
    if (scope === 'all') this.#add(this.#global);
  }

  #add(at: number): void {
    const words = this.#words;
    words[at] = ((words[at] as number) + 1) >>> 0;
    if (words[at] === 0) words[at + 1] = (words[at + 1] as number) + 1;
  }
}
