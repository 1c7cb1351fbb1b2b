// Puts another image behind an overlay: what the new one shows differently is first copied into the overlay, so that
// its content stays. The name is changed last; cut short before, nothing has happened but some copies.
// Reference: qemu-img(1), rebase.

import { BlockError } from '../block-error.ts';
import type { BlockNode } from '../node.ts';
import { inSteps, type SteppedJob } from './job.ts';
import { transferBuffer } from './transfer-buffer.ts';
import { firstDifference, isZero } from './zeroes.ts';

export interface RebaseRequest extends SteppedJob {
  /** With its present chain, open for writing. */
  readonly overlay: BlockNode;
  /** What lies behind it now, and what is to; undefined: nothing. */
  readonly before: BlockNode | undefined;
  readonly after: BlockNode | undefined;
  /** Differences are copied in clusters. */
  readonly clusterBytes: number;
}

const PIECE_BYTES = 2 << 20;

export async function copyDifferences(request: RebaseRequest): Promise<void> {
  const { overlay, before, after, job } = request;
  if (overlay.readOnly)
    throw new BlockError('read-only', 'the overlay is open for reading only', { file: '' });
  const [old, fresh] = [transferBuffer(PIECE_BYTES), transferBuffer(PIECE_BYTES)];
  await inSteps(overlay.length, request, async (offset) => {
    const status = await overlay.status(offset, Math.min(PIECE_BYTES, overlay.length - offset));
    const length = Math.min(status.length, overlay.length - offset, PIECE_BYTES);
    if (!status.present || status.depth > 0) {
      const [left, right] = [old.subarray(0, length), fresh.subarray(0, length)];
      await Promise.all([readBehind(before, offset, left), readBehind(after, offset, right)]);
      if (firstDifference(left, right) < length) await copyClusters(request, offset, left, right);
    }
    return length;
  });
  await overlay.flush();
  job?.progress(overlay.length, overlay.length);
}

async function copyClusters(
  { overlay, clusterBytes }: RebaseRequest,
  offset: number,
  old: Uint8Array,
  fresh: Uint8Array,
): Promise<void> {
  for (let at = 0; at < old.length; ) {
    const end = Math.min(at + clusterBytes - ((offset + at) % clusterBytes), old.length);
    const wanted = old.subarray(at, end);
    if (firstDifference(wanted, fresh.subarray(at, end)) < wanted.length) {
      if (isZero(wanted)) await overlay.writeZeroes(offset + at, wanted.length, false);
      else await overlay.write(offset + at, wanted);
    }
    at = end;
  }
}

/** Behind the end of a shorter image there is zero. */
async function readBehind(node: BlockNode | undefined, offset: number, into: Uint8Array): Promise<void> {
  const inside = node === undefined ? 0 : Math.max(0, Math.min(into.length, node.length - offset));
  if (node !== undefined && inside > 0) await node.read(offset, into.subarray(0, inside));
  into.fill(0, inside);
}
