// What an image says of all its stretches, neighbours of one kind together. Reference: qemu-img(1), map.

import type { BlockJob } from '../image-format.ts';
import type { BlockNode, BlockStatus } from '../node.ts';
import { checkCancelled, UNWATCHED } from './job.ts';

export interface MapEntry extends BlockStatus {
  readonly start: number;
}

const ASK_BYTES = 1 << 30;

export async function* mapContent(
  node: BlockNode,
  from = 0,
  to = node.length,
  job: BlockJob = UNWATCHED,
): AsyncGenerator<MapEntry> {
  let last: MapEntry | undefined;
  for (let start = from; start < to; ) {
    checkCancelled(job);
    const status = await node.status(start, Math.min(to - start, ASK_BYTES));
    const length = Math.min(status.length, to - start);
    if (last !== undefined && continues(last, status)) last = { ...last, length: last.length + length };
    else {
      if (last !== undefined) yield last;
      last = { ...status, start, length };
    }
    start += length;
    job.progress(start - from, to - from);
  }
  if (last !== undefined) yield last;
}

function continues(last: MapEntry, next: BlockStatus): boolean {
  return (
    last.zero === next.zero &&
    last.data === next.data &&
    last.depth === next.depth &&
    last.present === next.present &&
    last.compressed === next.compressed &&
    (last.fileOffset === undefined
      ? next.fileOffset === undefined
      : last.fileOffset + last.length === next.fileOffset)
  );
}
