// Reads every checksum of a state file. Those it leans on are looked at only as far as it takes to find them.

import { BlockError, type BlockJob } from '../engine/block/index.ts';
import { openState, stateFailure } from './state-files.ts';

/** Chunks between two looks around. */
const STEP = 64;

/** Throws `FailureError` with the place of the first damage. */
export async function verifyState(path: string, job: BlockJob): Promise<void> {
  const reader = openState(path);
  try {
    let done = 0;
    for (const total of reader.verify()) {
      if (++done % STEP !== 0) continue;
      job.progress?.(done, total);
      await new Promise((resolve) => setImmediate(resolve));
      if (job.cancelled) throw new BlockError('cancelled', 'Cancelled.', { file: path });
    }
  } catch (error) {
    throw error instanceof BlockError ? error : stateFailure(error, path);
  } finally {
    reader.close();
  }
}
