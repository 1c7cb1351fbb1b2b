// What is asked of a running machine's process about the layers of its disks: content that moves between two of them,
// and the chain that a drive goes on with. Not here: which layers, and why (shared/snapshot).

import { z } from 'zod';
import { driveId, IMAGE_FORMATS } from './config.ts';

const hostPath = z.string().min(1).max(4096);

export const MERGE_DIRECTIONS = ['forward', 'backward'] as const;

/** What an overlay is to name behind it; null: nothing. */
export const newBacking = z.object({
  path: hostPath,
  backing: z.object({ name: hostPath, format: z.enum(IMAGE_FORMATS) }).nullable(),
});
export type NewBacking = z.infer<typeof newBacking>;

export const mergeLayersInput = z.object({
  drive: driveId,
  /** `forward`: from the image behind `into`; `backward`: from the one that lies on it. */
  direction: z.enum(MERGE_DIRECTIONS),
  /** An image in the drive's chain. */
  into: hostPath,
});
export type MergeLayersInput = z.infer<typeof mergeLayersInput>;

export const relinkInput = z.object({
  drive: driveId,
  /** The image it goes on with, once the others name what they are to. */
  path: hostPath,
  format: z.enum(IMAGE_FORMATS).nullable(),
  rebases: z.array(newBacking).max(1000),
});
export type RelinkInput = z.infer<typeof relinkInput>;

const count = z.number().nonnegative();
/** Bytes of the disk. */
export const mergeProgress = z.object({ done: count, total: count });
