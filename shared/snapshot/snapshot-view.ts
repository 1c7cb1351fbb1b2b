// A machine's snapshots as the services describe them to the window and the command line, and what is asked of them.

import { z } from 'zod';
import { machineId } from '../machine/config.ts';
import { snapshotSchedule } from './snapshot-schedule.ts';
import { snapshot, snapshotDescription, snapshotId, snapshotName, snapshotTags } from './snapshot-tree.ts';

const bytes = z.number().nonnegative();

export const snapshotView = snapshot.extend({
  /** What its own layers and its state take of the disk. */
  bytes,
  /** Why it cannot be restored: a sentence that names the file. */
  problem: z.string().max(4000).nullable(),
  /** Why its memory cannot be, while its disks can. */
  stateProblem: z.string().max(4000).nullable().default(null),
});
export type SnapshotView = z.infer<typeof snapshotView>;

export const snapshotTreeView = z.object({
  machine: machineId,
  /** Parents stand before their children. */
  snapshots: z.array(snapshotView),
  current: z.object({
    /** The snapshot the present state comes from. */
    parent: snapshotId.nullable(),
    /** Something was written or set since. */
    changed: z.boolean(),
    bytes,
    /** It goes on from a saved state at the next start. */
    saved: z.boolean(),
  }),
  keepBeforeRestoreDays: z.number().nullable(),
  schedule: snapshotSchedule.nullable(),
  /** A linked clone: its disks lie on those of another machine. */
  isLinked: z.boolean(),
  /** Room that a deleted snapshot still takes, because others need its disk. */
  unfreedBytes: bytes,
  /** What an operation could not finish; it is tried again at the next one. */
  warning: z.string().max(4000).nullable(),
});
export type SnapshotTreeView = z.infer<typeof snapshotTreeView>;

const one = z.object({ id: machineId });
const ofSnapshot = one.extend({ snapshot: snapshotId });

export const takeRequest = one.extend({
  name: snapshotName,
  description: snapshotDescription.default(''),
  tags: snapshotTags.default([]),
});

export const restoreRequest = ofSnapshot.extend({
  /** The settings stay as they are, and a saved state is left alone. */
  disksOnly: z.boolean().default(false),
  /** The present state becomes a snapshot first, unless nothing changed since the last one. */
  keepPresent: z.boolean().default(true),
  /** The caller starts the machine at once afterwards: its process gets ready meanwhile. */
  beforeStart: z.boolean().default(false),
});

export const editRequest = ofSnapshot.extend({
  name: snapshotName.optional(),
  description: snapshotDescription.optional(),
  tags: snapshotTags.optional(),
});

export const deletePlan = z.object({
  /** At most: what two layers both hold is only known when they are merged. */
  freesBytes: bytes,
  needsBytes: bytes,
  availableBytes: bytes,
  merges: z.array(z.object({ direction: z.enum(['forward', 'backward']), bytes, path: z.string() })),
  /** Layers that stay because others lie on them. */
  keeps: z.number().int().nonnegative(),
  /** Machines that are linked clones of it. */
  clones: z.array(z.string()),
  /** Room is freed when it is decided what becomes of a disposable run. */
  waits: z.boolean(),
});
export type DeletePlan = z.infer<typeof deletePlan>;

export const snapshotDiff = z.object({
  settings: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })).max(10_000),
  disks: z.array(z.object({ drive: z.string(), /** At most. */ bytes })).max(200),
});
export type SnapshotDiff = z.infer<typeof snapshotDiff>;

export const verifiedFile = z.object({
  kind: z.enum(['state', 'disk']),
  path: z.string().max(8192),
  /** Names of the snapshots that need it. */
  users: z.array(z.string().max(200)).max(100),
  /** `unchecked`: its format has nothing to check, or it is in use. */
  outcome: z.enum(['sound', 'damaged', 'unchecked']),
  message: z.string().max(2000).nullable(),
});
export type VerifiedFile = z.infer<typeof verifiedFile>;

export const verifyReport = z.object({ machine: machineId, files: z.array(verifiedFile).max(60_000) });
export type VerifyReport = z.infer<typeof verifyReport>;

export const cloneRequest = one.extend({
  /** null: the present state. */
  snapshot: snapshotId.nullable().default(null),
  name: z.string().max(80),
  linked: z.boolean().default(false),
  /** Keep the UUID that the guest sees. */
  keepIdentity: z.boolean().default(false),
});

export const snapshotCalls = {
  'snapshots.list': { input: one, output: snapshotTreeView },
  'snapshots.take': { input: takeRequest, output: snapshotTreeView },
  'snapshots.restore': { input: restoreRequest, output: snapshotTreeView },
  'snapshots.edit': { input: editRequest, output: snapshotTreeView },
  'snapshots.deletePlan': { input: ofSnapshot, output: deletePlan },
  'snapshots.delete': { input: ofSnapshot, output: snapshotTreeView },
  /** `to` null: the present state. */
  'snapshots.diff': { input: one.extend({ from: snapshotId, to: snapshotId.nullable() }), output: snapshotDiff },
  /** How long states that a restore left behind are kept; null: for ever. */
  'snapshots.setRetention': {
    input: one.extend({ days: z.number().int().min(0).max(3650).nullable() }),
    output: snapshotTreeView,
  },
  /** Snapshots by the clock while the machine runs; null: none. */
  'snapshots.setSchedule': { input: one.extend({ schedule: snapshotSchedule.nullable() }), output: snapshotTreeView },
  /** Reads every checksum of the machine's states and disks. */
  'snapshots.verify': { input: one, output: verifyReport },
  'snapshots.thumbnail': { input: ofSnapshot, output: z.object({ pngBase64: z.string().max(30_000_000).nullable() }) },
} as const;
