// Frees the room of layers whose snapshots are gone: drops them, or merges them with the one layer that lies on them.
// Copying changes nothing that anybody sees and may be cut short anywhere; the change of tree, headers and settings
// afterwards goes through the journal.

import { dirname, resolve } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import {
  type CleanUp,
  chainOf,
  cleanedUp,
  type CleanUpFacts,
  findLayer,
  nextCleanUp,
  type Snapshot,
  type SnapshotTree,
  withDisks,
} from '../../shared/snapshot/snapshot-tree.ts';
import type { DeletePlan } from '../../shared/snapshot/snapshot-view.ts';
import { type Opened, presentDisks, type SnapshotMachines } from './machine-disks.ts';
import type { LiveMachines } from './live-machines.ts';
import { type Rebases, readTree } from './snapshot-files.ts';
import type { SnapshotIo } from './snapshot-io.ts';

export interface Cleaning {
  readonly machines: Pick<SnapshotMachines, 'places'>;
  readonly io: SnapshotIo;
  /** Set for a machine that runs: its process has the disks open, and changes them itself. */
  readonly live: Pick<LiveMachines, 'mergeLayers' | 'relink'> | undefined;
}

export async function cleanUp(cleaning: Cleaning, open: () => Promise<Opened>): Promise<void> {
  for (;;) {
    const opened = await open();
    const { files, tree } = opened;
    const step = nextCleanUp(tree, await factsOf(cleaning, opened));
    if (step === undefined) return;
    const used = step.kind === 'merge' ? usedLive(cleaning, opened, step) : undefined;
    if (used !== undefined) await used.merge();
    else if (step.kind === 'merge') await copy(cleaning.io, opened, step);
    const { tree: after, rebases, removes } = cleanedUp(tree, step);
    // Copying may take hours; the machine's name and media may be others since.
    const { config } = await open();
    const moved = presentDisks(files, config, tree).flatMap(({ drive, layer }) => {
      const now = after.layers.find(({ id }) => id === layer.id);
      return now === undefined || now.path === layer.path ? [] : [{ drive, layer: now }];
    });
    const change = {
      operation: `free “${step.kind === 'drop' ? step.layer.path : step.lower.path}”`,
      tree: after,
      config: moved.length === 0 ? null : withDisks(config, moved),
      rebases,
      removes,
    };
    await files.commit(change, used && ((all) => used.relink(after, all))).catch(async (error: unknown) => {
      // Unless it is decided the disk goes on as it was; if it is, it can go on either way.
      if (used !== undefined && !(await files.isUnfinished())) await used.relink(tree, []).catch(String);
      throw error;
    });
  }
}

/** How to merge two layers that a running machine reads; undefined: none does. */
function usedLive({ live }: Cleaning, { id, files, config, tree }: Opened, { direction, lower, upper }: Merge) {
  const user = presentDisks(files, config, tree).find(({ layer }) => chainOf(tree, layer.id).some((one) => one.id === upper.id));
  if (live === undefined || user === undefined) return undefined;
  const { drive } = user;
  return {
    merge: () => live.mergeLayers(id, { drive, direction, into: files.absolute(direction === 'forward' ? upper.path : lower.path) }),
    relink: (after: SnapshotTree, rebases: Rebases) => {
      const { path, format } = findLayer(after, user.layer.id) ?? user.layer;
      return live.relink(id, { drive, path: files.absolute(path), format, rebases });
    },
  };
}

type Merge = Extract<CleanUp, { kind: 'merge' }>;

async function copy(io: SnapshotIo, { files, tree }: Opened, { direction, lower, upper }: Merge): Promise<void> {
  await io.media.mergeLayers({
    job: upper.id,
    direction,
    upper: files.absolute(upper.path),
    lower: files.absolute(lower.path),
    lowerFormat: lower.format,
    folders: [files.folder, ...chainOf(tree, upper.id).map(({ path }) => dirname(files.absolute(path)))],
  });
}

async function factsOf({ machines, io }: Cleaning, { id, files, config, tree }: Opened): Promise<CleanUpFacts> {
  const sizes = new Map<string, number>();
  for (const { path } of tree.layers) sizes.set(path, (await io.sizeOf(files.absolute(path)))?.onDisk ?? 0);
  const needed = new Set((await dependents(machines, io, id)).map(({ path }) => path));
  return {
    inUse: new Set(presentDisks(files, config, tree).map(({ layer }) => layer.id)),
    pinned: new Set(tree.layers.filter(({ path }) => needed.has(files.absolute(path))).map((layer) => layer.id)),
    sizeOf: ({ path }) => sizes.get(path) ?? 0,
  };
}

/** Files that other machines lie on, those in the trash included: they may come back. */
export async function dependents(
  machines: Pick<SnapshotMachines, 'places'>,
  io: SnapshotIo,
  except: MachineId,
): Promise<{ readonly machine: MachineId; readonly path: string }[]> {
  const found: { machine: MachineId; path: string }[] = [];
  for (const { id, folder, home } of await machines.places()) {
    if (id === except) continue;
    // One that cannot be read names nothing that could be known.
    const tree = await readTree(io, folder).catch(() => undefined);
    for (const { foreign, path } of tree?.layers ?? []) if (foreign) found.push({ machine: id, path: resolve(home, path) });
  }
  return found;
}

/** What freeing would do and cost, as far as sizes of files tell. `states`: files of states that go with it. */
export async function planCleanUp(cleaning: Cleaning, opened: Opened, gone: Snapshot, states: readonly string[]): Promise<DeletePlan> {
  const { io } = cleaning;
  const { files } = opened;
  const facts = await factsOf(cleaning, opened);
  let state = 0;
  for (const path of states) state += (await io.sizeOf(files.absolute(path)))?.onDisk ?? 0;
  const merges: { direction: 'forward' | 'backward'; bytes: number; path: string }[] = [];
  let [frees, needs] = [state, 0];
  let tree: SnapshotTree = opened.tree;
  for (let step = nextCleanUp(tree, facts); step !== undefined; step = nextCleanUp(tree, facts)) {
    const source = step.kind === 'drop' ? step.layer : step.direction === 'forward' ? step.lower : step.upper;
    const bytes = facts.sizeOf(source);
    const after = cleanedUp(tree, step);
    if (after.removes.length > 0) frees += bytes;
    if (step.kind === 'merge') {
      needs = Math.max(needs, bytes);
      merges.push({ direction: step.direction, bytes, path: files.absolute(source.path) });
    }
    tree = after.tree;
  }
  const ids = new Set(gone.disks.map(({ layer }) => layer));
  const paths = new Set(opened.tree.layers.filter(({ id }) => ids.has(id)).map(({ path }) => files.absolute(path)));
  const clones = (await dependents(cleaning.machines, io, opened.id)).filter(({ path }) => paths.has(path));
  return {
    freesBytes: frees,
    needsBytes: needs,
    availableBytes: await io.freeBytes(files.folder),
    merges,
    keeps: tree.layers.filter(({ id, garbage }) => garbage && ids.has(id)).length,
    clones: [...new Set(clones.map(({ machine }) => machine))],
    waits: tree.disposable !== null,
  };
}
