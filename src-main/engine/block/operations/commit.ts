// Writes what an overlay holds into the image behind it. The overlay is whole until the very end, so that a commit that
// was cut short can be made again. Reference: qemu-img(1), commit.

import { BlockError } from '../block-error.ts';
import type { BlockJob, ImageNode } from '../image-format.ts';
import type { BlockNode } from '../node.ts';
import { copyContent } from './convert.ts';

export interface CommitOptions {
  /** How many images lie above the base: 1 for the image right behind. */
  readonly depth: number;
  readonly job?: BlockJob;
}

/** `top` is the overlay with its chain, `base` the image `depth` layers down, open for writing. */
export async function commitInto(top: BlockNode, base: ImageNode, { depth, job }: CommitOptions): Promise<void> {
  if (base.length < top.length) {
    if (base.resize === undefined)
      throw new BlockError('unsupported', `the backing image (${base.format}) is smaller than the overlay and cannot grow`, { file: '', feature: 'resize' });
    await base.resize(top.length);
  }
  await copyContent(top, base, {
    targetIsZero: false,
    wanted: (status) => status.present && status.depth < depth,
    ...(job === undefined ? {} : { job }),
  });
  await base.flush();
}
