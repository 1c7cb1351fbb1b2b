// Whether two disks hold the same, whatever their formats. A longer one may go on with zeroes, unless `strict`, which
// also wants the same stretches stored. Reference: qemu-img(1), compare.

import type { BlockJob } from '../image-format.ts';
import type { BlockNode } from '../node.ts';
import { checkCancelled, UNWATCHED } from './job.ts';
import { firstDifference, firstNonZeroByte } from './zeroes.ts';

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
  readonly job?: BlockJob;
}

const PIECE_BYTES = 2 << 20;
const ASK_BYTES = 1 << 30;
/** Differences are told by the sector they are in. */
const SECTOR = 512;

export async function compareContent(
  a: BlockNode,
  b: BlockNode,
  { strict = false, job = UNWATCHED }: CompareOptions = {},
): Promise<Comparison> {
  const sizesDiffer = a.length !== b.length;
  if (strict && sizesDiffer) return { same: false, reason: 'size' };
  const both = Math.min(a.length, b.length);
  const all = Math.max(a.length, b.length);
  const buffers = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)] as const;
  for (let offset = 0; offset < both; ) {
    checkCancelled(job);
    job.progress(offset, all);
    const [left, right] = await Promise.all([
      a.status(offset, Math.min(both - offset, ASK_BYTES)),
      b.status(offset, Math.min(both - offset, ASK_BYTES)),
    ]);
    if (strict && (left.present !== right.present || left.zero !== right.zero || left.data !== right.data))
      return { same: false, reason: 'allocation', offset, sizesDiffer: false };
    let length = Math.min(left.length, right.length, both - offset);
    if (!left.zero || !right.zero) {
      length = Math.min(length, PIECE_BYTES);
      const found = await firstMismatch(
        offset,
        length,
        left.zero ? undefined : a,
        right.zero ? undefined : b,
        buffers,
      );
      if (found !== undefined) return { same: false, reason: 'content', offset: found, sizesDiffer: false };
    }
    offset += length;
  }
  const longer = a.length > b.length ? a : b;
  for (let offset = both; offset < all; ) {
    checkCancelled(job);
    job.progress(offset, all);
    const status = await longer.status(offset, Math.min(all - offset, ASK_BYTES));
    let length = Math.min(status.length, all - offset);
    if (!status.zero) {
      length = Math.min(length, PIECE_BYTES);
      const found = await firstMismatch(offset, length, longer, undefined, buffers);
      if (found !== undefined) return { same: false, reason: 'content', offset: found, sizesDiffer };
    }
    offset += length;
  }
  job.progress(all, all);
  return { same: true, sizesDiffer };
}

/** Undefined nodes are zero there. */
async function firstMismatch(
  offset: number,
  length: number,
  a: BlockNode | undefined,
  b: BlockNode | undefined,
  buffers: readonly [Uint8Array, Uint8Array],
): Promise<number | undefined> {
  const [left, right] = [buffers[0].subarray(0, length), buffers[1].subarray(0, length)];
  await Promise.all([a?.read(offset, left), b?.read(offset, right)]);
  const at =
    a === undefined
      ? firstNonZeroByte(right)
      : b === undefined
        ? firstNonZeroByte(left)
        : firstDifference(left, right);
  return at === length ? undefined : offset + at - (at % SECTOR);
}
