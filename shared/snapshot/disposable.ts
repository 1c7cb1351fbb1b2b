// Runs whose changes go into layers of their own, beside the tree: what the tree knows of one, and what it becomes when
// the changes are to stay after all. Until then the machine's disks are those beneath.

import { z } from 'zod';
import { driveId, type MachineConfig } from '../machine/config.ts';
import { type Layer, layer, type SnapshotTree, withDisks } from './snapshot-tree.ts';

export const DISPOSABLE_STATES = ['running', 'ended'] as const;
export type DisposableState = (typeof DISPOSABLE_STATES)[number];

export interface DisposableDisk {
  readonly drive: string;
  /** What the guest sees beneath, and what it writes to. */
  readonly below: Layer;
  readonly layer: Layer;
}

const disposableDisks = z.array(z.object({ drive: driveId, below: layer, layer })).max(66);

/** Of a tree that was read. */
export function disposableOf(tree: SnapshotTree): readonly DisposableDisk[] | undefined {
  return tree.disposable === null || tree.disposable === undefined ? undefined : disposableDisks.safeParse(tree.disposable).data;
}

/** The written layers take the place of the present ones, which nobody needs then: they are merged as deleted snapshots are. */
export function keptDisposable(tree: SnapshotTree, config: MachineConfig, disks: readonly DisposableDisk[]): { tree: SnapshotTree; config: MachineConfig } {
  const below = new Map(disks.map((disk) => [disk.below.id, { ...disk.below, garbage: true }]));
  const known = tree.layers.map((one) => (below.has(one.id) ? { ...one, garbage: true } : one));
  const roots = [...below.values()].filter(({ id }) => !tree.layers.some((one) => one.id === id));
  return {
    tree: { ...tree, layers: [...known, ...roots, ...disks.map((disk) => disk.layer)], saved: null, disposable: null },
    config: withDisks(config, disks),
  };
}
