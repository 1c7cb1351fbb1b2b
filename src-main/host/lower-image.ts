// The image below a drive's new layer, as long as it is the very one that the drive wrote to until then: opened for writing
// and with what it still has in memory, so that putting the layer in place takes no access to a disk.

import { BlockError, type BlockNode, type BlockStatus } from '../engine/block/index.ts';

export class LowerImage implements BlockNode {
  readonly readOnly = true;
  readonly length: number;
  readonly #node: BlockNode;
  /** What that one in turn was put on, and may not be on the disk either. */
  readonly #deeper: LowerImage | undefined;
  #isOwned = false;

  constructor(former: BlockNode, deeper: LowerImage | undefined) {
    this.#node = former;
    this.#deeper = deeper;
    this.length = former.length;
  }

  /** The drive writes to the layer above from now on, which closes this image. */
  adopt(): void {
    this.#isOwned = true;
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#node.read(offset, into);
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#node.status(offset, length);
  }

  /** What the drive wrote before the layer was there is on the disk. */
  async flush(): Promise<void> {
    await this.#deeper?.flush();
    await this.#node.flush();
  }

  async close(): Promise<void> {
    if (this.#isOwned) await this.#node.close();
  }

  write = refuse;
  writeZeroes = refuse;
  discard = refuse;
}

function refuse(): Promise<void> {
  return Promise.reject(new BlockError('read-only', 'An image below a layer is not written to.', {}));
}
