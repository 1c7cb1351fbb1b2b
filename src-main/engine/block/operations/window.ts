// A part of a node as a node of its own (dd's skip and count). Read only.

import { BlockError } from '../block-error.ts';
import type { BlockNode, BlockStatus } from '../node.ts';

export class WindowNode implements BlockNode {
  readonly length: number;
  readonly readOnly = true;
  readonly #node: BlockNode;
  readonly #start: number;

  constructor(node: BlockNode, start: number, length: number) {
    this.#node = node;
    this.#start = start;
    this.length = length;
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#node.read(this.#start + offset, into);
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#node.status(this.#start + offset, length);
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

  close(): Promise<void> {
    return this.#node.close();
  }

  async #refuse(): Promise<void> {
    throw new BlockError('read-only', 'a part of an image can only be read', { file: '' });
  }
}
