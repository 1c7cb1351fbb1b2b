// The disks, CDs and floppies that machines use, and what stands behind them: the media library's entries.

import { z } from 'zod';
import { DRIVE_KINDS, driveId, IMAGE_FORMATS, machineId } from './config.ts';

export const mediumUser = z.object({ machineId, name: z.string(), drive: driveId });

export const mediumView = z.object({
  path: z.string(),
  kind: z.enum(DRIVE_KINDS),
  /** ok: looked at; missing: no such file; unreadable: it is there, and `problem` says what is wrong. */
  state: z.enum(['ok', 'missing', 'unreadable']),
  problem: z.string().max(2000).nullable(),
  format: z.enum(IMAGE_FORMATS).nullable(),
  /** What a guest sees; what the file takes of the disk. */
  virtualBytes: z.number().nullable(),
  diskBytes: z.number().nullable(),
  /** The image that this one stands on, when it is part of the library too. */
  parent: z.string().nullable(),
  snapshots: z.number().int(),
  /** Machines that name it themselves; one that only stands behind another has none. */
  users: z.array(mediumUser),
  /** A running machine has it, or something on top of it, open. */
  inUse: z.boolean(),
});
export type MediumView = z.infer<typeof mediumView>;
