// The disks of a machine beside its tree of snapshots: which layer each of them writes to.

import { randomUUID } from 'node:crypto';
import { type MachineConfig, type MachineId, settingsOf } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { type Disk, isLayered, type Layer, type SnapshotTree } from '../../shared/snapshot/snapshot-tree.ts';
import type { SnapshotFiles } from './snapshot-files.ts';

/** The machines as snapshots need them; the registry is one. */
export interface SnapshotMachines {
  config(id: MachineId): MachineConfig;
  folderOf(id: MachineId): string;
  replace(config: MachineConfig): Promise<MachineConfig>;
  places(): Promise<readonly { readonly id: MachineId; readonly folder: string; readonly home: string }[]>;
}

/** A machine's snapshots while nothing else changes them. */
export interface Opened {
  readonly id: MachineId;
  readonly files: SnapshotFiles;
  readonly config: MachineConfig;
  readonly tree: SnapshotTree;
}

/** The disks the machine writes to; one the tree does not know is a whole disk of its own. */
export function presentDisks(files: SnapshotFiles, config: MachineConfig, tree: SnapshotTree): Disk[] {
  return config.drives.filter(isLayered).flatMap(({ id: drive, path, format }) => {
    if (path === null) return [];
    const plain = files.plain(path);
    const known = tree.layers.find((one) => one.path === plain);
    const root: Layer = { id: randomUUID(), path: plain, format: format ?? 'raw', parent: null, foreign: false, garbage: false, emptyBytes: 0 };
    return [{ drive, layer: known ?? root, unknownFormat: known === undefined && format === null }];
  });
}

/** What a disposable run wrote lies on the present disks, which must not change beneath it. */
export function refuseUndecided({ id, tree }: Opened): void {
  if (tree.disposable !== null)
    throw new FailureError('machine.wrongState', 'A disposable run’s changes are neither kept nor discarded yet; decide that first.', { id });
}

/** Settings that a restore brings back, without where layered disks are, which changes with every snapshot. */
export function comparable(config: MachineConfig): object {
  const { name: _name, tags: _tags, group: _group, description: _description, ...settings } = settingsOf(config);
  return { ...settings, drives: config.drives.map((drive) => (isLayered(drive) ? { ...drive, path: '', format: null } : drive)) };
}
