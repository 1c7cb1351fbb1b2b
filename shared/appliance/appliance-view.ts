// Machines as files that travel: bundles of our own, which keep everything, and OVF packages, which other programs know.
// What the window and the command line ask for and are told; how such a file looks inside is the host's business.

import { z } from 'zod';
import { driveId, label, MAX_NAME_LENGTH, machineId } from '../machine/config.ts';
import { snapshotId } from '../snapshot/snapshot-tree.ts';

const path = z.string().min(1).max(4096);
const bytes = z.number().nonnegative();
/** Long enough for any, and what a hostile file can say is bounded. */
const text = z.string().max(1000);

/** `bundle`: with its snapshots; `ovf`: a descriptor with disks beside it; `ova`: the same in one file. */
export const APPLIANCE_KINDS = ['bundle', 'ovf', 'ova'] as const;
export type ApplianceKind = (typeof APPLIANCE_KINDS)[number];

/** By the name that people give a file; undefined: none of these. */
export function applianceKindOf(name: string): ApplianceKind | undefined {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  return extension === 'boxwright' ? 'bundle' : extension === 'ovf' || extension === 'ova' ? extension : undefined;
}

/** `warning`: the machine may not work as it did; `info`: left out, and hardly missed. */
export const applianceNote = z.object({ level: z.enum(['info', 'warning']), text });
export type ApplianceNote = z.infer<typeof applianceNote>;
export const applianceNotes = z.array(applianceNote).max(500);

export const applianceSummary = z.object({
  kind: z.enum(APPLIANCE_KINDS),
  /** "OVF 1.0", "bundle version 1". */
  format: text,
  name: text,
  description: z.string().max(10_000),
  guest: z.string().max(64),
  memoryMiB: z.number().int(),
  disks: z.array(z.object({ drive: driveId, name: text, virtualBytes: bytes.nullable(), packedBytes: bytes.nullable() })).max(66),
  snapshots: z.number().int().nonnegative(),
  /** The machines a package holds; one of them is imported. */
  systems: z.array(z.object({ id: text, name: text })).max(100),
  /** Room for what is unpacked, at least. */
  needsBytes: bytes,
  /** What its checksums are, which are compared while it is imported. */
  checksums: z.enum(['sha512', 'sha256', 'sha1', 'none']),
  notes: applianceNotes,
});
export type ApplianceSummary = z.infer<typeof applianceSummary>;

export const importRequest = z.object({
  path,
  /** Empty: as it is called in the file, with a number where that name is taken. */
  name: z.string().max(MAX_NAME_LENGTH).default(''),
  group: label.default(''),
  /** The one it is put into, where that is not the one of the preferences. */
  folder: path.optional(),
  /** Which of several machines. */
  system: text.optional(),
  /** The UUID that the guest sees stays what it was. */
  keepIdentity: z.boolean().default(false),
  /** False: also when checksums do not agree. */
  verify: z.boolean().default(true),
});
export type ImportRequest = z.infer<typeof importRequest>;

export const exportRequest = z.object({
  id: machineId,
  path,
  kind: z.enum(APPLIANCE_KINDS),
  /** OVF: as it was then; null: as it is now. A bundle has all. */
  snapshot: snapshotId.nullable().default(null),
  /** The CDs and floppies in its drives too. */
  withMedia: z.boolean().default(false),
});
export type ExportRequest = z.infer<typeof exportRequest>;

export const exported = z.object({ path, bytes, notes: applianceNotes });
