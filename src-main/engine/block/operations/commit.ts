// Writes what an overlay holds into the image behind it. The overlay is whole until the very end, so that a commit that
// was cut short can be made again. Reference: qemu-img(1), commit.

import { BlockError } from '../block-error.ts';
import type { BlockJob, ImageNode } from '../image-format.ts';
import { copyContent } from './convert.ts';
import type { LayerStack } from './layer-stack.ts';

export interface CommitOptions {
  readonly job?: BlockJob;
}

/** `layers` is what lies above `base`, which is open for writing. */
export async function commitInto(layers: LayerStack, base: ImageNode, { job }: CommitOptions): Promise<void> {
  await growBase(base, layers.length);
  await copyContent(layers, base, {
    targetIsZero: false,
    wanted: (status) => status.present,
    ...(job === undefined ? {} : { job }),
  });
  await base.flush();
}

/** As long as what is to be written into it. */
export async function growBase(base: ImageNode, length: number): Promise<void> {
  if (base.length >= length) return;
  if (base.resize === undefined)
    throw new BlockError(
      'unsupported',
      `The backing image (${base.format}, ${base.length} bytes) is smaller than the overlay (${length} bytes) and cannot grow.`,
      { file: '', feature: 'resize' },
    );
  await base.resize(length);
}
