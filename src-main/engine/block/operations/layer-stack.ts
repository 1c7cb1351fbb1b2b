// Images one above the other, each opened without what lies behind it: what they hold together, and nothing of what
// lies behind the last one. For commit, where the base is open for writing. Read only.

import { BlockError } from '../block-error.ts';
import type { BlockNode, BlockStatus } from '../node.ts';

export class LayerStack implements BlockNode {
  readonly length: number;
  readonly readOnly = true;
  readonly #layers: readonly BlockNode[];

  /** Top first. They stay the caller's to close. */
  constructor(layers: readonly BlockNode[]) {
    this.#layers = layers;
    this.length = layers[0]?.length ?? 0;
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    let limit = length;
    for (const [depth, layer] of this.#layers.entries()) {
      // A shorter layer hides what is behind it with zeroes.
      if (offset >= layer.length) return { length: limit, zero: true, data: false, depth, present: true };
      const status = await layer.status(offset, Math.min(limit, layer.length - offset));
      limit = Math.min(limit, status.length);
      if (status.present && status.depth === 0) return { ...status, length: limit, depth };
    }
    return { length: limit, zero: true, data: false, depth: this.#layers.length, present: false };
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { length, present, zero, depth } = await this.status(offset + done, into.length - done);
      const part = into.subarray(done, done + length);
      if (present && !zero) await this.#layers[depth]?.read(offset + done, part);
      else part.fill(0);
      done += length;
    }
  }

  write(): Promise<void> {
    return this.#refuse();
  }
  writeZeroes(): Promise<void> {
    return this.#refuse();
  }
  discard(): Promise<void> {
    return this.#refuse();
  }
  async flush(): Promise<void> {}
  async close(): Promise<void> {}

  async #refuse(): Promise<void> {
    throw new BlockError('read-only', 'These layers can only be read together.', { file: '' });
  }
}
