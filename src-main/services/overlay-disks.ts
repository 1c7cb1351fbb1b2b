// Disks of a new machine that lie on images of the user's own, which stay as they are: layers, like those of a linked
// clone, so that snapshots, clones and exports know what lies below.

import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { MachineConfig, NewOverlay } from '../../shared/machine/config.ts';
import { type Disk, EMPTY_TREE, type Layer, type SnapshotTree, withDisks } from '../../shared/snapshot/snapshot-tree.ts';
import { SNAPSHOT_FOLDER } from './snapshot-files.ts';
import type { SnapshotIo } from './snapshot-io.ts';

/** Fills the folder of a machine that is being made; answers with the settings that name its disks. */
export async function makeOverlays<C extends Pick<MachineConfig, 'drives'>>(io: SnapshotIo, folder: string, config: C, overlays: readonly NewOverlay[]): Promise<C> {
  if (overlays.length === 0) return config;
  await io.makeFolder(join(folder, SNAPSHOT_FOLDER));
  const below: Layer[] = [];
  const disks: Disk[] = [];
  for (const { drive, backing } of overlays) {
    const [base, id] = [randomUUID(), randomUUID()];
    const path = `${SNAPSHOT_FOLDER}/${id}.qcow2`;
    const made = await io.media.createOverlay({
      path: join(folder, path),
      backing: { path: backing, name: backing, format: null },
      folders: [dirname(backing)],
    });
    await io.makeDurable(join(folder, path));
    below.push({ id: base, path: backing, format: made.format, parent: null, foreign: true, garbage: false, emptyBytes: 0 });
    disks.push({ drive, layer: { id, path, format: 'qcow2', parent: base, foreign: false, garbage: false, emptyBytes: made.emptyBytes } });
  }
  const tree: SnapshotTree = { ...EMPTY_TREE, layers: [...below, ...disks.map(({ layer }) => layer)] };
  await io.replace(join(folder, SNAPSHOT_FOLDER, 'tree.json'), `${JSON.stringify(tree, null, 2)}\n`);
  return withDisks(config, disks);
}
