// A linked clone that gets disks of its own: what it lies on in another machine is copied into its folder, and its layers
// are told. Its snapshots stay. Until the change is written into the journal there are only new files that nothing names.

import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { chainOf, type Layer } from '../../shared/snapshot/snapshot-tree.ts';
import { refuseUndecided } from './machine-disks.ts';
import { SNAPSHOT_FOLDER } from './snapshot-files.ts';
import type { SnapshotIo } from './snapshot-io.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface IndependenceOptions {
  readonly store: SnapshotStore;
  readonly io: SnapshotIo;
  readonly isRunning: (id: MachineId) => boolean;
}

export async function makeIndependent({ store, io, isRunning }: IndependenceOptions, id: MachineId): Promise<void> {
  await store.holding(id, async (opened) => {
    refuseUndecided(opened);
    const { files, tree } = opened;
    if (isRunning(id)) throw new FailureError('machine.wrongState', 'This cannot be done while the machine is running.', { id });
    const own = tree.layers.filter(({ foreign }) => !foreign);
    const named = new Set(tree.snapshots.flatMap(({ disks }) => disks.map(({ layer }) => layer)));
    // What lies deeper is copied along with these.
    const tops = tree.layers.filter((one) => one.foreign && (named.has(one.id) || own.some(({ parent }) => parent === one.id)));
    if (tops.length === 0) throw new FailureError('machine.wrongState', 'This machine is no linked clone: its disks are its own already.', { id });
    const copies: Layer[] = [];
    try {
      for (const top of tops) {
        const path = `${SNAPSHOT_FOLDER}/${randomUUID()}.qcow2`;
        const folders = [files.folder, ...chainOf(tree, top.id).map((one) => dirname(files.absolute(one.path)))];
        await io.media.convertImage({
          job: randomUUID(), source: files.absolute(top.path), sourceFormat: top.format, target: files.absolute(path), targetFormat: 'qcow2', folders, compressed: false, options: {},
        });
        await io.makeDurable(files.absolute(path));
        copies.push({ ...top, path, format: 'qcow2', parent: null, foreign: false, garbage: !named.has(top.id) });
      }
    } catch (error) {
      for (const { path } of copies) await io.remove(files.absolute(path)).catch(String);
      throw error;
    }
    const onto = (parent: string | null) => copies.find((one) => one.id === parent);
    await files.commit({
      operation: 'make independent',
      tree: { ...tree, layers: [...copies, ...own] },
      rebases: own.flatMap((layer) => (onto(layer.parent) === undefined ? [] : [{ layer, onto: onto(layer.parent) }])),
    });
  });
  await store.tidy(id);
}
