// Several sources one behind the other as one (convert with more than one file). Read only.

import { BlockError } from '../block-error.ts';
import type { BlockNode, BlockStatus } from '../node.ts';

export class Concatenation implements BlockNode {
  readonly length: number;
  readonly readOnly = true;
  readonly #parts: readonly { readonly node: BlockNode; readonly start: number }[];

  constructor(nodes: readonly BlockNode[]) {
    let start = 0;
    this.#parts = nodes.map((node) => {
      const part = { node, start };
      start += node.length;
      return part;
    });
    this.length = start;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { node, start } = this.#partAt(offset + done);
      const within = offset + done - start;
      const count = Math.min(into.length - done, node.length - within);
      await node.read(within, into.subarray(done, done + count));
      done += count;
    }
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    const { node, start } = this.#partAt(offset);
    const within = offset - start;
    return node.status(within, Math.min(length, node.length - within));
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

  async close(): Promise<void> {
    for (const { node } of this.#parts) await node.close();
  }

  async #refuse(): Promise<void> {
    throw new BlockError('read-only', 'several images together can only be read', { file: '' });
  }

  #partAt(offset: number): { readonly node: BlockNode; readonly start: number } {
    const part = this.#parts.findLast(({ node, start }) => start <= offset && node.length > 0);
    if (part === undefined || offset >= this.length) throw new BlockError('invalid-argument', `nothing at ${offset}`, { file: '' });
    return part;
  }
}
