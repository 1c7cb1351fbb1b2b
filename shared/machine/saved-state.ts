// What is said about saving a machine's state between processes: the wish, the progress and the outcome.
// Not here: the format of the file (src-main/engine/snapshot).

import { z } from 'zod';
import { driveId, IMAGE_FORMATS } from './config.ts';
import { startRequest } from './start-request.ts';

const hostPath = z.string().min(1).max(4096);

/** A new image whose backing image is the one that the drive has now, made by the caller and empty. */
export const driveLayer = z.object({ drive: driveId, path: hostPath, format: z.enum(IMAGE_FORMATS).nullable() });

export const saveStateInput = z.object({
  /** Of the new file; it appears under this name when it is complete. */
  path: hostPath,
  /** A state file of the same machine, in the same folder: pages that are equal are not written again. */
  parent: hostPath.nullable(),
  /** Drives that write to new layers from the moment of the state on; others go on as they are. */
  layers: z.array(driveLayer).max(66),
});
export type SaveStateInput = z.infer<typeof saveStateInput>;

const count = z.number().nonnegative();

export const savedState = z.object({
  bytes: count,
  /** How long the guest stood still. */
  pausedMs: count,
  /** Processor time of the machine's process meanwhile. */
  pausedCpuMs: count,
  /** From the wish to the complete file. */
  totalMs: count,
  /** Of guest memory: pages that are not zero, and those of them that the file holds itself. */
  pages: count,
  ownPages: count,
  /** Whether some are the parent's, which must then stay. */
  usesParent: z.boolean(),
});
export type SavedState = z.infer<typeof savedState>;

export const startFromInput = z.object({
  config: startRequest,
  path: hostPath,
  /** The guest stands still until `resume`. */
  paused: z.boolean().default(false),
});

export const saveReleased = z.object({ pausedMs: count });
/** Bytes of guest memory. */
export const saveProgress = z.object({ done: count, total: count });
