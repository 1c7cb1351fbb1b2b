// How large a file of another format would become that holds an image's content. Reference: qemu-img(1), measure.

import { BlockError } from '../block-error.ts';
import type { BlockJob, CreateOptions, ImageFormat } from '../image-format.ts';
import type { BlockNode } from '../node.ts';
import { checkCancelled, UNWATCHED } from './job.ts';

export interface Measurement {
  readonly required: number;
  readonly fullyAllocated: number;
}

export interface MeasureRequest {
  readonly format: ImageFormat;
  /** An image, or the size of an empty one. */
  readonly source: BlockNode | number;
  readonly preallocation?: CreateOptions['preallocation'];
  readonly options: Readonly<Record<string, string>>;
  readonly job?: BlockJob;
}

const ASK_BYTES = 1 << 30;

export async function measureImage({
  format,
  source,
  options,
  preallocation,
  job = UNWATCHED,
}: MeasureRequest): Promise<Measurement> {
  if (format.measure === undefined)
    throw new BlockError('unsupported', `Format driver '${format.name}' does not support size measurement`, {
      file: '',
      feature: 'measure',
    });
  const length = typeof source === 'number' ? source : source.length;
  const data = typeof source === 'number' ? [] : await dataOf(source, job);
  return format.measure({ length, data, options, ...(preallocation === undefined ? {} : { preallocation }) });
}

async function dataOf(node: BlockNode, job: BlockJob): Promise<{ offset: number; length: number }[]> {
  const data: { offset: number; length: number }[] = [];
  for (let offset = 0; offset < node.length; ) {
    checkCancelled(job);
    const status = await node.status(offset, Math.min(node.length - offset, ASK_BYTES));
    const length = Math.min(status.length, node.length - offset);
    const last = data.at(-1);
    if (!status.zero && last !== undefined && last.offset + last.length === offset) last.length += length;
    else if (!status.zero) data.push({ offset, length });
    offset += length;
  }
  return data;
}
