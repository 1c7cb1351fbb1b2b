// How a long operation is followed and stopped, from its inside.

import { BlockError } from '../block-error.ts';
import type { BlockJob } from '../image-format.ts';

/** For callers that neither watch nor stop. */
export const UNWATCHED: BlockJob = { cancelled: false, progress: () => {} };

/** Throws `BlockError` 'cancelled' once the job is. */
export function checkCancelled(job: BlockJob): void {
  if (job.cancelled) throw new BlockError('cancelled', 'stopped before its end', { file: '' });
}
