// Several sources one behind the other as one (convert with more than one file). Read only.

import { BlockError } from '../block-error.ts';
import type { BlockNode, BlockStatus } from '../node.ts';

export class Concatenation implements BlockNode {
  readonly length: number;
  readonly readOnly = true;
  readonly #parts: readonly { readonly node: BlockNode; readonly start: number }[];

  /** Each part is filled up with zeroes to a multiple of `unit`. */
  constructor(nodes: readonly BlockNode[], unit = 1) {
    let start = 0;
    this.#parts = nodes.map((node) => {
      const part = { node, start };
      start += Math.ceil(node.length / unit) * unit;
      return part;
    });
    this.length = start;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { node, within, room } = this.#partAt(offset + done);
      const count = Math.min(into.length - done, room);
      const part = into.subarray(done, done + count);
      if (node === undefined) part.fill(0);
      else await node.read(within, part);
      done += count;
    }
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    const { node, within, room } = this.#partAt(offset);
    if (node !== undefined) return node.status(within, Math.min(length, room));
    return { length: Math.min(length, room), zero: true, data: false, depth: 0, present: false };
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

  /** What is at `offset`, for how many bytes; no node: filling. */
  #partAt(offset: number): {
    readonly node: BlockNode | undefined;
    readonly within: number;
    readonly room: number;
  } {
    const index = this.#parts.findLastIndex(({ start }) => start <= offset);
    const part = this.#parts[index];
    if (part === undefined || offset >= this.length)
      throw new BlockError('invalid-argument', `There is nothing at ${offset}.`, { file: '' });
    const within = offset - part.start;
    if (within < part.node.length) return { node: part.node, within, room: part.node.length - within };
    return { node: undefined, within, room: (this.#parts[index + 1]?.start ?? this.length) - offset };
  }
}
