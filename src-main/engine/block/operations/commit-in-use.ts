// Writes what a layer holds itself into the image right behind it, while both are in use: in steps, each of which looks
// anew, since others may write between them. `commitInto` is faster where nobody does.

import type { ImageNode } from '../image-format.ts';
import type { BlockNode } from '../node.ts';
import { growBase } from './commit.ts';
import { inSteps, type SteppedJob } from './job.ts';
import { transferBuffer } from './transfer-buffer.ts';

/** A write of the guest waits for no more than this. */
const PIECE_BYTES = 1 << 20;
const ASK_BYTES = 1 << 30;

export async function commitInUse(layer: BlockNode, base: ImageNode, steps: SteppedJob): Promise<void> {
  await growBase(base, layer.length);
  const { length } = layer;
  await inSteps(length, steps, (offset) => copyHeld(layer, base, offset, length - offset));
  await base.flush();
  steps.job?.progress(length, length);
}

/** The start of a range, as far as one look tells; gives the bytes dealt with. */
export async function copyHeld(layer: BlockNode, base: BlockNode, offset: number, length: number): Promise<number> {
  const status = await layer.status(offset, Math.min(length, ASK_BYTES));
  const run = Math.min(status.length, length);
  if (!status.present || status.depth > 0) return run;
  if (status.zero) {
    await base.writeZeroes(offset, run, true);
    return run;
  }
  const bytes = transferBuffer(Math.min(run, PIECE_BYTES));
  await layer.read(offset, bytes);
  await base.write(offset, bytes);
  return bytes.length;
}
