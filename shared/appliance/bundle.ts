// A machine as a bundle: what its description says, and what is taken from one that comes from anywhere. Only names of
// files in the bundle itself count as such; everything that would reach the host's own files is left out.
// How the file looks is told in src-main/host/appliance/bundle.ts.

import { z } from 'zod';
import { type DriveConfig, type MachineConfig, machineConfig, machineSettings } from '../machine/config.ts';
import { type SnapshotTree, snapshotTree } from '../snapshot/snapshot-tree.ts';
import type { ApplianceNote } from './appliance-view.ts';

export const BUNDLE_FORMAT = 'boxwright-machine';
export const BUNDLE_VERSION = 1;
/** The description is the first member, the checksums are the last. */
export const BUNDLE_DESCRIPTION = 'machine.json';
export const BUNDLE_CHECKSUMS = 'checksums.sha256';

/** Of a file in a bundle: at its top or among the snapshots. */
export const bundleName = z.string().regex(/^(snapshots\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,90}$/);

export const bundleDescription = z.looseObject({
  format: z.literal(BUNDLE_FORMAT),
  version: z.number().int().positive(),
  createdMs: z.number(),
  /** With the names of files in the bundle for paths. */
  config: machineConfig,
  tree: snapshotTree.nullable(),
  files: z.array(z.object({ name: bundleName, bytes: z.number().int().nonnegative() })).max(20_000),
});
export type BundleDescription = z.infer<typeof bundleDescription>;

export interface TakenBundle {
  readonly config: MachineConfig;
  readonly tree: SnapshotTree | null;
  readonly notes: readonly ApplianceNote[];
}

/** Why it cannot be taken, or what is taken of it. */
export function takeBundle({ config, tree, files }: BundleDescription): TakenBundle | string {
  const names = new Set(files.map(({ name }) => name));
  if (names.size < files.length) return 'names a file twice';
  if (names.has(BUNDLE_DESCRIPTION) || names.has(BUNDLE_CHECKSUMS) || names.has('snapshots/tree.json') || names.has('snapshots/journal.json'))
    return 'names a file that no bundle has';
  const fault = treeFiles(tree, names);
  if (fault !== undefined) return fault;
  const notes: ApplianceNote[] = [];
  const taken = withOwnFiles(config, names, notes);
  if (typeof taken === 'string') return taken;
  const snapshots = [];
  for (const one of tree?.snapshots ?? []) {
    const own = withOwnFiles(one.config, names, []);
    if (typeof own === 'string') return own;
    snapshots.push({ ...one, config: own });
  }
  return { config: taken, tree: tree && { ...tree, snapshots, disposable: null }, notes };
}

function treeFiles(tree: SnapshotTree | null, names: ReadonlySet<string>): string | undefined {
  const paths = [
    ...(tree?.layers ?? []).map((one) => one.path),
    ...(tree?.snapshots ?? []).flatMap(({ state, thumbnail }) => [state, thumbnail]),
    ...(tree?.states ?? []).flatMap(({ path, parent }) => [path, parent]),
    tree?.saved ?? null,
  ];
  const lost = paths.find((path) => path !== null && !names.has(path));
  if (lost !== undefined && lost !== null) return `names “${lost.slice(0, 100)}”, which is not in it`;
  if (tree?.layers.some(({ foreign }) => foreign)) return 'needs disks of another machine';
  if (tree?.snapshots.some(({ pending }) => pending)) return 'holds a snapshot that was never finished';
  return undefined;
}

/** A disk that is not there is a fault; other media are left out, and said. */
function withOwnFiles(config: MachineConfig, names: ReadonlySet<string>, notes: ApplianceNote[]): MachineConfig | string {
  const inside = (path: string | null) => path !== null && names.has(path);
  const lost = config.drives.find(({ kind, path }) => kind === 'disk' && path !== null && !inside(path));
  if (lost) return `names “${(lost.path ?? '').slice(0, 100)}” as the disk “${lost.id}”, which is not in it`;
  const file = (path: string | null, what: string) => {
    if (path === null || inside(path)) return path;
    notes.push({ level: 'warning', text: `The ${what} “${path.slice(-200)}” is not in the bundle.` });
    return null;
  };
  const own = z.object({ ...machineSettings.shape, schema: machineConfig.shape.schema, id: machineConfig.shape.id, uuid: machineConfig.shape.uuid });
  const { boot, drives, serial, ...rest } = own.parse(config);
  return {
    ...rest,
    boot: { ...boot, kernel: file(boot.kernel, 'kernel'), initrd: file(boot.initrd, 'initial RAM disk') },
    drives: drives.map((drive) => withoutTrust({ ...drive, path: drive.kind === 'disk' ? drive.path : file(drive.path, `medium of “${drive.id}”`) })),
    serial: serial.map((port, index) => {
      if (port.kind !== 'file') return port;
      notes.push({ level: 'info', text: `Serial port ${index + 1} wrote to the file “${port.path.slice(-200)}”; it is set to none.` });
      return { kind: 'none' as const };
    }),
  };
}

function withoutTrust({ allowReferences: _trusted, ...drive }: DriveConfig): DriveConfig {
  return drive;
}
