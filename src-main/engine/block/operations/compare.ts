// Whether two disks hold the same, whatever their formats. A longer one may go on with zeroes, unless `strict`, which
// also wants the same stretches stored. Reference: qemu-img(1), compare.

import type { BlockJob } from '../image-format.ts';
import type { BlockNode, BlockStatus } from '../node.ts';
import { checkCancelled, UNWATCHED } from './job.ts';
import { inParallel } from './pieces.ts';
import { transferBuffer } from './transfer-buffer.ts';
import { firstDifference, firstNonZeroByte, type SameBytes } from './zeroes.ts';

export type Comparison =
  | { readonly same: true; readonly sizesDiffer: boolean }
  | {
      readonly same: false;
      readonly reason: 'content' | 'allocation';
      readonly offset: number;
      /** It lies where only the longer one goes on. */
      readonly sizesDiffer: boolean;
    }
  | { readonly same: false; readonly reason: 'size' };

export interface CompareOptions {
  readonly strict?: boolean;
  /** The host's comparison of bytes; equal stretches are passed faster with it. */
  readonly sameBytes?: SameBytes;
  readonly job?: BlockJob;
}

const PIECE_BYTES = 2 << 20;
const IN_FLIGHT = 4;
const ASK_BYTES = 1 << 30;
/** Differences are told by the sector they are in. */
const SECTOR = 512;

export async function compareContent(
  a: BlockNode,
  b: BlockNode,
  options: CompareOptions = {},
): Promise<Comparison> {
  // A raw file may end within a sector; as a disk it has that one too.
  const sizesDiffer = wholeSectors(a.length) !== wholeSectors(b.length);
  if (options.strict && sizesDiffer) return { same: false, reason: 'size' };
  const comparison = new Walk(a, b, options);
  await comparison.run();
  const { found } = comparison;
  if (found === undefined) return { same: true, sizesDiffer };
  const behind = found.offset >= Math.min(a.length, b.length);
  return { same: false, ...found, sizesDiffer: behind };
}

interface Stretch {
  readonly offset: number;
  readonly length: number;
  /** Those that must be read; the others are zero there. */
  readonly nodes: readonly (BlockNode | undefined)[];
}

interface Mismatch {
  readonly reason: 'content' | 'allocation';
  readonly offset: number;
}

class Walk {
  /** The first one, once the walk has ended. */
  found: Mismatch | undefined;
  readonly #nodes: readonly [BlockNode, BlockNode];
  readonly #strict: boolean;
  readonly #job: BlockJob;
  readonly #all: number;
  readonly #sameBytes: SameBytes | undefined;
  readonly #buffers: [Uint8Array, Uint8Array][] = [];

  constructor(a: BlockNode, b: BlockNode, { strict = false, sameBytes, job = UNWATCHED }: CompareOptions) {
    this.#nodes = [a, b];
    this.#strict = strict;
    this.#sameBytes = sameBytes;
    this.#job = job;
    this.#all = Math.max(a.length, b.length);
  }

  async run(): Promise<void> {
    await inParallel(this.#stretches(), IN_FLIGHT, (stretch, slot) => this.#compare(stretch, slot));
    if (this.found === undefined) this.#job.progress(this.#all, this.#all);
  }

  /** What cannot be told without reading, in order, up to the first difference that can. */
  async *#stretches(): AsyncGenerator<Stretch> {
    for (let offset = 0; offset < this.#all && this.found === undefined; ) {
      checkCancelled(this.#job);
      this.#job.progress(offset, this.#all);
      const [a, b] = await Promise.all(this.#nodes.map((node) => this.#statusAt(node, offset)));
      if (a === undefined || b === undefined) return;
      if (this.#strict && (a.present !== b.present || a.zero !== b.zero || a.data !== b.data)) {
        this.#report({ reason: 'allocation', offset });
        return;
      }
      const end = offset + Math.min(a.length, b.length, this.#all - offset);
      const nodes = [a, b].map((status, index) => (status.zero ? undefined : this.#nodes[index]));
      if (nodes.some((node) => node !== undefined))
        for (let at = offset; at < end; at += PIECE_BYTES)
          yield { offset: at, length: Math.min(PIECE_BYTES, end - at), nodes };
      offset = end;
    }
  }

  /** Behind its end an image is taken for zeroes. */
  async #statusAt(node: BlockNode, offset: number): Promise<BlockStatus> {
    if (offset < node.length) return node.status(offset, Math.min(node.length - offset, ASK_BYTES));
    return { length: this.#all - offset, zero: true, data: false, depth: 0, present: false };
  }

  async #compare({ offset, length, nodes }: Stretch, slot: number): Promise<void> {
    checkCancelled(this.#job);
    this.#buffers[slot] ??= [transferBuffer(PIECE_BYTES), transferBuffer(PIECE_BYTES)];
    const parts = this.#buffers[slot].map((buffer) => buffer.subarray(0, length));
    await Promise.all(nodes.map((node, index) => node?.read(offset, parts[index] ?? buffer())));
    const [left = buffer(), right = buffer()] = parts.filter((_, index) => nodes[index] !== undefined);
    const onlyOne = nodes.includes(undefined);
    const at = onlyOne
      ? firstNonZeroByte(left, this.#sameBytes)
      : firstDifference(left, right, this.#sameBytes);
    if (at < length) this.#report({ reason: 'content', offset: offset + at - (at % SECTOR) });
  }

  /** Stretches are handed out in order, so an earlier one may still be under way, but never unbegun. */
  #report(mismatch: Mismatch): void {
    if (this.found === undefined || mismatch.offset < this.found.offset) this.found = mismatch;
  }
}

const wholeSectors = (length: number) => Math.ceil(length / SECTOR) * SECTOR;
const buffer = () => new Uint8Array(0);
