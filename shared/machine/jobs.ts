// Long work on disk images, as the window and the command line ask for it and see it: what to do, how far it is, and
// what came of it.

import { z } from 'zod';
import { rpcFailure } from '../rpc/failure.ts';
import { machineId, newDisk } from './config.ts';

const path = z.string().min(1).max(4096);
const creatable = newDisk.shape.format;
const bytes = newDisk.shape.bytes;

export const REPAIRS = ['none', 'leaks', 'all'] as const;

export const jobRequest = z.discriminatedUnion('kind', [
  /** An empty image; there must be no file of this name. */
  z.object({ kind: z.literal('create'), path, format: creatable, bytes }),
  /** A copy in another format; there must be no file of the target's name. */
  z.object({ kind: z.literal('convert'), path, target: path, format: creatable, compressed: z.boolean().default(false) }),
  /** `shrink`: what lies behind the new end may be lost. */
  z.object({ kind: z.literal('resize'), path, bytes, shrink: z.boolean().default(false) }),
  /** Writes the image anew without what is empty. */
  z.object({ kind: z.literal('compact'), path }),
  z.object({ kind: z.literal('check'), path, repair: z.enum(REPAIRS).default('none') }),
]);
export type JobRequest = z.infer<typeof jobRequest>;

/** Work on machines, which calls of their own begin; as jobs they are followed and cancelled. */
export const MACHINE_WORK = ['export', 'import', 'clone', 'take', 'restore', 'delete', 'independent', 'keep', 'verify'] as const;
export const machineWork = z.object({
  kind: z.enum(MACHINE_WORK),
  /** The file, or the name of the snapshot or machine it is about. */
  path: z.string().max(4096),
  /** Whose work it is; null: of a machine that is not there yet. */
  machine: machineId.nullable(),
});
export type MachineWork = z.infer<typeof machineWork>;
export type JobKind = JobRequest['kind'] | MachineWork['kind'];

export const jobId = z.string().min(1).max(64);
export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What a check found; sizes of the file before and after the others. */
export const jobResult = z.object({
  corruptions: z.number().optional(),
  leaks: z.number().optional(),
  fixed: z.number().optional(),
  bytesBefore: z.number().optional(),
  bytesAfter: z.number().optional(),
});
export type JobResult = z.infer<typeof jobResult>;

export const jobView = z.object({
  id: jobId,
  request: z.union([jobRequest, machineWork]),
  state: z.enum(JOB_STATES),
  /** 0 to 1; null: not known yet. */
  progress: z.number().min(0).max(1).nullable(),
  createdMs: z.number(),
  endedMs: z.number().nullable(),
  result: jobResult.nullable(),
  failure: rpcFailure.nullable(),
  log: z.array(z.object({ timeMs: z.number(), text: z.string().max(2000) })).max(300),
});
export type JobView = z.infer<typeof jobView>;

export function isOver({ state }: JobView): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

