// A block node whose image is an array: it can be told to fail, and remembers what was asked of it.

import { BlockError, type BlockErrorCode } from '../../src-main/engine/block/block-error.ts';
import type { BlockNode, BlockStatus } from '../../src-main/engine/block/node.ts';

export class MemoryNode implements BlockNode {
  content: Uint8Array;
  readonly readOnly: boolean;
  readonly calls: string[] = [];
  failure: BlockErrorCode | undefined;
  /** Requests wait for it. */
  gate: Promise<void> = Promise.resolve();
  closed = false;

  constructor(content: Uint8Array, readOnly = false) {
    this.content = content;
    this.readOnly = readOnly;
  }

  get length(): number {
    return this.content.length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    await this.#enter('read', offset, into.length);
    into.set(this.content.subarray(offset, offset + into.length));
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    await this.#enter('write', offset, from.length);
    this.content.set(from, offset);
  }

  async writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    await this.#enter(unmap ? 'unmap' : 'zero', offset, length);
    this.content.fill(0, offset, offset + length);
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.#enter('discard', offset, length);
  }

  async status(_offset: number, length: number): Promise<BlockStatus> {
    return { length, zero: false, data: true, depth: 0, present: true };
  }

  async flush(): Promise<void> {
    await this.#enter('flush', 0, 0);
  }

  async resize(length: number): Promise<void> {
    this.calls.push(`resize ${length}`);
    const grown = new Uint8Array(length);
    grown.set(this.content.subarray(0, length));
    this.content = grown;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.closed = true;
  }

  async #enter(call: string, offset: number, length: number): Promise<void> {
    this.calls.push(length === 0 ? call : `${call} ${offset}+${length}`);
    await this.gate;
    if (this.failure !== undefined)
      throw new BlockError(this.failure, `disk.img: ${this.failure}`, { file: 'disk.img' });
    if (offset + length > this.content.length) throw new Error('beyond the end of the node');
  }
}
