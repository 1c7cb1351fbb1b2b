// How a long operation is followed and stopped, from its inside.

import { BlockError } from '../block-error.ts';
import type { BlockJob } from '../image-format.ts';

/** For callers that neither watch nor stop. */
export const UNWATCHED: BlockJob = { cancelled: false, progress: () => {} };

/** Throws `BlockError` 'cancelled' once the job is. */
export function checkCancelled(job: BlockJob): void {
  if (job.cancelled) throw new BlockError('cancelled', 'stopped before its end', { file: '' });
}

/** Carries out one step with nothing else changing the image meanwhile. */
export type Apart = <T>(step: () => Promise<T>) => Promise<T>;

export interface SteppedJob {
  readonly job?: BlockJob | undefined;
  /** For an image that others write between the steps. */
  readonly apart?: Apart | undefined;
}

/** From 0 to `length`; each step says how far it came. */
export async function inSteps(length: number, { job = UNWATCHED, apart = (step) => step() }: SteppedJob, step: (offset: number) => Promise<number>): Promise<void> {
  for (let offset = 0; offset < length; ) {
    checkCancelled(job);
    job.progress(offset, length);
    const from = offset;
    offset += await apart(() => step(from));
  }
}
