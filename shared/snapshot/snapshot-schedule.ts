// Snapshots that are taken by the clock while a machine runs: when the next one is due, and which have had their time.

import { z } from 'zod';
import type { Snapshot, SnapshotTree } from './snapshot-tree.ts';

export const MAX_SCHEDULE_MINUTES = 30 * 24 * 60;

export const snapshotSchedule = z.object({
  everyMinutes: z.number().int().min(1).max(MAX_SCHEDULE_MINUTES),
  /** How many of them are kept. */
  keep: z.number().int().min(1).max(500),
});
export type SnapshotSchedule = z.infer<typeof snapshotSchedule>;

/** When the next one is to be taken; undefined: never. A machine's start counts as one: what it began with is kept by its disks. */
export function nextDue({ schedule, snapshots }: SnapshotTree, startedAtMs: number): number | undefined {
  if (schedule === null) return undefined;
  const taken = snapshots.filter(({ kind }) => kind === 'scheduled').map(({ timeMs }) => timeMs);
  return Math.max(startedAtMs, ...taken) + schedule.everyMinutes * 60_000;
}

/** The oldest of those beyond what is kept. Others than scheduled ones are never among them. */
export function beyondSchedule({ schedule, snapshots }: SnapshotTree): Snapshot[] {
  if (schedule === null) return [];
  const taken = snapshots.filter(({ kind, pending }) => kind === 'scheduled' && !pending).sort((a, b) => a.timeMs - b.timeMs);
  return taken.slice(0, Math.max(0, taken.length - schedule.keep));
}

/** "30m", "2h", "1d", or undefined. */
export function parseInterval(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})(m|min|h|d)$/i.exec(text.trim()) ?? [];
  const scale = { m: 1, min: 1, h: 60, d: 1440 }[unit.toLowerCase()];
  const minutes = Number(count) * (scale ?? 0);
  return minutes >= 1 && minutes <= MAX_SCHEDULE_MINUTES ? minutes : undefined;
}

export function formatInterval(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
