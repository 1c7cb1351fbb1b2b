// A disk in use while content moves between its top layer and the one behind: what the guest writes takes turns with
// the steps of the move. With a `mirror`, into which the top layer goes, everything written is there too, so that at any
// moment from the end of the move on either of the two may be the disk.

import type { BlockNode, BlockStatus } from './node.ts';
import { copyHeld } from './operations/commit-in-use.ts';
import { RequestLock } from './request-lock.ts';

export class MergingDisk implements BlockNode {
  readonly #top: BlockNode;
  readonly #mirror: BlockNode | undefined;
  readonly #turns = new RequestLock();
  #failure: unknown;
  #isSealed = false;

  /** Closing it closes `top` and what lies behind. */
  constructor(top: BlockNode, mirror?: BlockNode) {
    this.#top = top;
    this.#mirror = mirror;
  }

  get length(): number {
    return this.#top.length;
  }

  get readOnly(): boolean {
    return this.#top.readOnly;
  }

  /** A step of the move: no write is under way meanwhile. */
  apart<T>(step: () => Promise<T>): Promise<T> {
    return this.#turns.alone(step);
  }

  /** The move is at its end: a write is only made from here on when both have it. Throws what kept the mirror from it. */
  seal(): Promise<void> {
    return this.apart(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      this.#isSealed = true;
    });
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#top.read(offset, into);
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#top.status(offset, length);
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    return this.#change(offset, from.length, () => this.#top.write(offset, from));
  }

  writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    return this.#change(offset, length, () => this.#top.writeZeroes(offset, length, unmap));
  }

  discard(offset: number, length: number): Promise<void> {
    return this.#change(offset, length, () => this.#top.discard(offset, length));
  }

  async flush(): Promise<void> {
    await this.#top.flush();
    await this.#mirrored((mirror) => mirror.flush());
  }

  close(): Promise<void> {
    return this.#top.close();
  }

  /** The mirror gets what the top layer then holds: the guest's memory may have changed in between. */
  #change(offset: number, length: number, work: () => Promise<void>): Promise<void> {
    return this.apart(async () => {
      await work();
      await this.#mirrored(async (mirror) => {
        for (let done = 0; done < length; ) done += await copyHeld(this.#top, mirror, offset + done, length - done);
      });
    });
  }

  /** Before the end of the move its failure is the move's, not the guest's. */
  async #mirrored(work: (mirror: BlockNode) => Promise<void>): Promise<void> {
    if (this.#mirror === undefined || this.#failure !== undefined) return;
    try {
      await work(this.#mirror);
    } catch (error) {
      if (this.#isSealed) throw error;
      this.#failure = error;
    }
  }
}
