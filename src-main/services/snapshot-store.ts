// Takes, restores, deletes and describes the snapshots of machines. One change of a machine at a time; each is either
// made or not, whatever ends the process (snapshot-files.ts). What a tree may become is shared/snapshot's; cleaning up
// layers that nobody needs is snapshot-cleaner.ts.

import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { MachineConfig, MachineId } from '../../shared/machine/config.ts';
import type { SaveStateInput } from '../../shared/machine/saved-state.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { beyondSchedule, type SnapshotSchedule } from '../../shared/snapshot/snapshot-schedule.ts';
import { differences } from '../../shared/snapshot/settings-diff.ts';
import {
  atSnapshot, chainOf, type Disk, EMPTY_TREE, expired, findLayer, findSnapshot, isLayered, keptStates, type Layer,
  parentState, stateChain, type Snapshot, type SnapshotId, type SnapshotKind, type SnapshotTree, withDisks,
  withoutSnapshot, withoutStates, withSnapshot,
} from '../../shared/snapshot/snapshot-tree.ts';
import type { DeletePlan, SnapshotDiff, SnapshotTreeView } from '../../shared/snapshot/snapshot-view.ts';
import type { LiveMachines } from './live-machines.ts';
import { comparable, type Opened, presentDisks, refuseUndecided, type SnapshotMachines } from './machine-disks.ts';
import { cleanUp, dependents, planCleanUp } from './snapshot-cleaner.ts';
import { readTree, SNAPSHOT_FOLDER, SnapshotFiles } from './snapshot-files.ts';
import type { SnapshotIo } from './snapshot-io.ts';

export interface SnapshotStoreOptions {
  readonly machines: SnapshotMachines;
  readonly io: SnapshotIo;
  /** Whether a process has the machine's disks open. */
  readonly isRunning: (id: MachineId) => boolean;
  /** A machine that runs; without it only machines that are off have snapshots. */
  readonly live?: LiveMachines;
  /** The CMOS memory of a machine; undefined: not known. */
  readonly nvram?: (id: MachineId) => Promise<string | undefined>;
  readonly now?: () => number;
}

export interface TakeRequest {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly kind?: SnapshotKind;
}

/** What is undefined stays. */
export type EditedFields = { readonly [K in 'name' | 'description' | 'tags']?: Snapshot[K] | undefined };

export interface RestoreRequest {
  readonly snapshot: SnapshotId;
  readonly disksOnly: boolean;
  readonly keepPresent: boolean;
}

/** What a machine goes on from. */
export interface SavedFile {
  readonly path: string;
  /** To be called before the machine runs: its disks then change, and the state fits them no more. */
  forget(): Promise<void>;
  /** Once it runs. A snapshot's state stays. */
  remove(): Promise<void>;
}

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #now: () => number;
  readonly #queues = new Map<MachineId, Promise<unknown>>();
  readonly #busy = new Map<MachineId, number>();
  readonly #warnings = new Map<MachineId, string>();

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** A change is under way; the machine must not start meanwhile. */
  isBusy(id: MachineId): boolean {
    return (this.#busy.get(id) ?? 0) > 0;
  }

  take(id: MachineId, request: TakeRequest): Promise<Snapshot> {
    return this.#changing(id, async (opened) => {
      const { live } = this.#options;
      const isLive = live !== undefined && this.#options.isRunning(id);
      const taken = isLive ? await this.#takeLive(opened, request, live) : await this.#take(opened, request);
      await this.#expire(id);
      return taken;
    });
  }

  restore(id: MachineId, request: RestoreRequest): Promise<void> {
    return this.#changing(id, async (opened) => {
      this.#requireOff(id);
      await this.#restore(opened, request);
      await this.#expire(id);
      await this.#cleanUp(id);
    });
  }

  delete(id: MachineId, snapshot: SnapshotId): Promise<void> {
    return this.#changing(id, async (opened) => {
      await this.#delete(opened, require(opened.tree, snapshot));
      await this.#cleanUp(id);
    });
  }

  edit(id: MachineId, snapshot: SnapshotId, fields: EditedFields): Promise<void> {
    return this.#changing(id, async ({ files, tree }) => {
      const before = require(tree, snapshot);
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
      const after: Snapshot = { ...before, ...given };
      await files.commit({ operation: `edit “${before.name}”`, tree: { ...tree, snapshots: tree.snapshots.map((one) => (one === before ? after : one)) } });
    });
  }

  setRetention(id: MachineId, days: number | null): Promise<void> {
    return this.#changing(id, async ({ files, tree }) => {
      await files.commit({ operation: 'retention', tree: { ...tree, keepBeforeRestoreDays: days } });
      await this.#expire(id);
      await this.#cleanUp(id);
    });
  }

  setSchedule(id: MachineId, schedule: SnapshotSchedule | null): Promise<void> {
    return this.#changing(id, async ({ files, tree }) => {
      await files.commit({ operation: 'schedule', tree: { ...tree, schedule } });
      await this.#dropBeyondSchedule(id);
      await this.#cleanUp(id);
    });
  }

  /** The next one of the schedule. */
  async takeScheduled(id: MachineId): Promise<void> {
    await this.take(id, { name: `Scheduled ${new Date(this.#now()).toISOString().slice(0, 16).replace('T', ' ')}`, kind: 'scheduled' });
  }

  /** The end of those beyond what the schedule keeps. */
  dropScheduled(id: MachineId): Promise<void> {
    return this.#changing(id, async () => {
      await this.#dropBeyondSchedule(id);
      await this.#cleanUp(id);
    });
  }

  /** Frees what nobody needs. */
  tidy(id: MachineId): Promise<void> {
    return this.#changing(id, () => this.#cleanUp(id));
  }

  tree(id: MachineId): Promise<SnapshotTree> {
    return this.#files(id).tree();
  }

  /** The machine's CMOS memory as it is; undefined: not known. */
  async nvram(id: MachineId): Promise<string | undefined> {
    return this.#options.nvram?.(id);
  }

  /** With the machine's snapshots held still; for clones. */
  holding<T>(id: MachineId, work: (opened: Opened, take: (request: TakeRequest) => Promise<Opened>) => Promise<T>): Promise<T> {
    return this.#changing(id, (opened) =>
      work(opened, async (request) => {
        this.#requireOff(id);
        await this.#take(opened, request);
        return this.#open(id);
      }),
    );
  }

  async view(id: MachineId): Promise<SnapshotTreeView> {
    const { files, config, tree } = await this.#open(id);
    const sizes = await this.#sizes(files, tree.layers);
    const size = (one: string) => sizes.get(one) ?? 0;
    const present = presentDisks(files, config, tree);
    const snapshots = [];
    for (const one of tree.snapshots) {
      const state = one.state === null ? undefined : await this.#options.io.sizeOf(files.absolute(one.state));
      const bytes = one.disks.reduce((sum, disk) => sum + size(disk.layer), state?.onDisk ?? 0);
      snapshots.push({ ...one, bytes, problem: await this.#problem(files, tree, one), stateProblem: await this.#stateProblem(files, tree, one) });
    }
    const used = new Set([...tree.snapshots.flatMap(({ disks }) => disks.map(({ layer }) => layer)), ...present.map(({ layer }) => layer.id)]);
    return {
      machine: id,
      snapshots,
      current: {
        parent: tree.current,
        changed: await this.#isChanged(files, config, tree, present),
        bytes: present.reduce((sum, { layer }) => sum + size(layer.id), 0),
        saved: tree.saved !== null,
      },
      keepBeforeRestoreDays: tree.keepBeforeRestoreDays,
      schedule: tree.schedule,
      isLinked: tree.layers.some(({ foreign }) => foreign),
      unfreedBytes: tree.layers.reduce((sum, one) => sum + (one.garbage && !used.has(one.id) ? size(one.id) : 0), 0),
      warning: this.#warnings.get(id) ?? null,
    };
  }

  async plan(id: MachineId, snapshot: SnapshotId): Promise<DeletePlan> {
    const opened = await this.#open(id);
    const gone = require(opened.tree, snapshot);
    const after = withoutStates(opened.tree, withoutSnapshot(opened.tree, gone.id));
    return planCleanUp(this.#cleaning(opened), { ...opened, tree: after.tree }, gone, after.removes);
  }

  /** The picture of its screen, in base64. */
  async thumbnail(id: MachineId, snapshot: SnapshotId): Promise<string | null> {
    const { files, tree } = await this.#open(id);
    const { thumbnail } = require(tree, snapshot);
    return thumbnail === null ? null : ((await this.#options.io.readBase64(files.absolute(thumbnail))) ?? null);
  }

  async diff(id: MachineId, from: SnapshotId, to: SnapshotId | null): Promise<SnapshotDiff> {
    const { files, config, tree } = await this.#open(id);
    const before = require(tree, from);
    const after = to === null ? undefined : require(tree, to);
    const disksOf = (one: Snapshot | undefined) =>
      one === undefined
        ? presentDisks(files, config, tree).map(({ drive, layer }) => ({ drive, layer: layer.id }))
        : one.disks;
    const sizes = await this.#sizes(files, tree.layers);
    const [left, right] = [disksOf(before), disksOf(after)];
    const drives = new Set([...left, ...right].map(({ drive }) => drive));
    const disks = [...drives].map((drive) => {
      const chain = (refs: typeof left) => chainOf(tree, refs.find((ref) => ref.drive === drive)?.layer ?? null);
      const [a, b] = [chain(left), chain(right)];
      const apart = [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))];
      return { drive, bytes: apart.reduce((sum, one) => sum + Math.max(0, (sizes.get(one.id) ?? 0) - one.emptyBytes), 0) };
    });
    return { settings: differences(comparable(before.config), comparable(after?.config ?? config)), disks };
  }

  /** Finishes what was cut short and removes leftovers; called before a machine is used. Throws what stands in the way. */
  async ready(id: MachineId): Promise<void> {
    if (!(await this.#hasSnapshots(id))) return;
    await this.#changing(id, async ({ files, config, tree }) => {
      await files.collect(tree, config);
      this.#refuseFrozen(files, config, tree);
    });
  }

  /** Whether it goes on from a saved state at its next start. */
  async hasSaved(id: MachineId): Promise<boolean> {
    const { machines, io } = this.#options;
    return (await readTree(io, machines.folderOf(id)).catch(() => EMPTY_TREE)).saved !== null;
  }

  /** The state file the machine is to go on from, if there is one. */
  async saved(id: MachineId): Promise<SavedFile | undefined> {
    const { files, tree } = await this.#open(id);
    const { saved } = tree;
    if (saved === null) return undefined;
    return {
      path: files.absolute(saved),
      forget: () => this.#changing(id, (now) => now.files.commit({ operation: 'resume', tree: withoutStates(now.tree, { ...now.tree, saved: null }).tree })),
      remove: () => this.#changing(id, async (now) => {
        const needed = keptStates(now.tree);
        for (const path of keptStates(tree)) if (!needed.has(path)) await this.#options.io.remove(files.absolute(path));
      }),
    };
  }

  /** Keeps the state of a machine that stands still, and goes on standing still, for its next start. */
  save(id: MachineId): Promise<void> {
    return this.#changing(id, async (opened) => {
      refuseUndecided(opened);
      const { files, config, tree } = opened;
      const { live, io } = this.#options;
      if (live === undefined) throw new FailureError('machine.unsupported', 'The state of this machine cannot be saved.', { id });
      const saved = `${SNAPSHOT_FOLDER}/${randomUUID()}.state`;
      await io.makeFolder(files.absolute(SNAPSHOT_FOLDER));
      try {
        const states = await this.#writeState(files, tree, live, { id, config, state: saved, layers: [] });
        await files.commit({ operation: 'save', tree: { ...tree, saved, states } });
      } catch (error) {
        if ((await files.tree()).saved !== saved) await io.remove(files.absolute(saved)).catch(String);
        throw error;
      }
    });
  }

  /** The next start begins with the disks as they are. */
  discard(id: MachineId): Promise<void> {
    return this.#changing(id, async ({ files, tree }) => {
      this.#requireOff(id);
      const { saved } = tree;
      if (saved === null) return;
      await files.commit({ operation: 'discard', ...withoutStates(tree, { ...tree, saved: null }) });
    });
  }

  /** The folders whose files the machine's images may name, for its process. */
  async imageFolders(id: MachineId): Promise<string[]> {
    const { machines, io } = this.#options;
    const folder = machines.folderOf(id);
    const tree = await readTree(io, folder).catch(() => EMPTY_TREE);
    const files = this.#files(id);
    // A disk of the user's own is what the first layer names, should a snapshot be taken while the machine runs.
    const layers = [...presentDisks(files, machines.config(id), tree).map(({ layer }) => layer), ...tree.layers];
    return [...new Set([folder, ...layers.map(({ path }) => dirname(files.absolute(path)))])].slice(0, 300);
  }

  /** Names of the machines that lie on this one's layers. */
  async clonesOf(id: MachineId): Promise<MachineId[]> {
    const { machines, io } = this.#options;
    const own = new Set((await readTree(io, machines.folderOf(id)).catch(() => EMPTY_TREE)).layers.map(({ path }) => this.#files(id).absolute(path)));
    const all = await dependents(machines, io, id);
    return [...new Set(all.filter(({ path }) => own.has(path)).map((one) => one.machine))];
  }

  async #take(opened: Opened, request: TakeRequest): Promise<Snapshot> {
    this.#requireOff(opened.id);
    refuseUndecided(opened);
    const { files, config, tree } = opened;
    const disks = presentDisks(files, config, tree);
    this.#refuseFrozen(files, config, tree);
    const { below, overlays } = await this.#overlays(files, tree, disks);
    // A saved state is part of what is kept, and stays where the machine goes on.
    const taken = { ...(await this.#entry(request, config)), state: tree.saved };
    await files.commit({
      operation: `take “${taken.name}”`,
      tree: { ...withSnapshot(tree, taken, below, overlays), saved: tree.saved },
      config: withDisks(config, overlays),
    });
    return taken;
  }

  /**
   * Tree and settings name the new layers before the machine writes to them: a layer that holds nothing yet changes
   * nothing, so no write is lost, whenever something dies. Until its state is whole the snapshot is pending.
   */
  async #takeLive(opened: Opened, request: TakeRequest, live: LiveMachines): Promise<Snapshot> {
    refuseUndecided(opened);
    const { id, files, config, tree } = opened;
    const disks = presentDisks(files, config, tree);
    const { below, overlays } = await this.#overlays(files, tree, disks, true);
    const taken = { ...(await this.#entry(request, config)), pending: true };
    const during = withSnapshot(tree, taken, below, overlays);
    await files.commit({ operation: `take “${taken.name}”`, tree: during, config: withDisks(config, overlays) });
    try {
      const state = `${SNAPSHOT_FOLDER}/${taken.id}.state`;
      const thumbnail = await this.#picture(files, id, taken.id, live);
      const layers = overlays.map(({ drive, layer }) => ({ drive, path: files.absolute(layer.path), format: layer.format }));
      const states = await this.#writeState(files, tree, live, { id, config, state, layers });
      const snapshots = during.snapshots.map((one) => (one.id === taken.id ? { ...one, pending: false, state, thumbnail } : one));
      await files.commit({ operation: `take “${taken.name}”, state`, tree: { ...during, snapshots, states } });
      return taken;
    } catch (error) {
      await files.commit({ operation: `take back “${taken.name}”`, tree: withoutSnapshot(during, taken.id) });
      throw error;
    }
  }

  /** Only what differs from the nearest state, where there is one. Durable; answers what leans on what from then on. */
  async #writeState(
    files: SnapshotFiles, tree: SnapshotTree, live: LiveMachines,
    { id, config, state, layers }: { id: MachineId; config: MachineConfig; state: string; layers: SaveStateInput['layers'] },
  ): Promise<SnapshotTree['states']> {
    const { io } = this.#options;
    const near = parentState(tree, config);
    const parent = near === null || (await io.sizeOf(files.absolute(near))) === undefined ? null : near;
    const { usesParent } = await live.saveState(id, {
      path: files.absolute(state), layers, parent: parent === null ? null : files.absolute(parent),
    });
    await io.makeDurable(files.absolute(state));
    return parent === null || !usesParent ? tree.states : [...tree.states, { path: state, parent }];
  }

  /** A picture is no reason to fail. */
  async #picture(files: SnapshotFiles, id: MachineId, snapshot: SnapshotId, live: LiveMachines): Promise<string | null> {
    const path = `${SNAPSHOT_FOLDER}/${snapshot}.png`;
    try {
      const png = await live.picture(id);
      if (png === null) return null;
      await this.#options.io.writeNew(files.absolute(path), png);
      return path;
    } catch (error) {
      if (error instanceof FailureError) return null;
      throw error;
    }
  }

  async #restore(opened: Opened, { snapshot, disksOnly, keepPresent }: RestoreRequest): Promise<void> {
    refuseUndecided(opened);
    const { files, config, tree } = opened;
    const target = require(tree, snapshot);
    const problem = (await this.#problem(files, tree, target)) ?? (disksOnly ? null : await this.#stateProblem(files, tree, target));
    if (problem !== null) throw new FailureError('snapshot.damaged', problem, { snapshot });
    const present = presentDisks(files, config, tree);
    const keep = keepPresent && (await this.#isChanged(files, config, tree, present));
    const { schema, id, uuid, name: ownName, tags, group, description } = config;
    const base = disksOnly ? config : { ...target.config, schema, id, uuid, name: ownName, tags, group, description };
    const wanted = base.drives.filter(isLayered).flatMap(({ id: drive }) => {
      const layer = findLayer(tree, target.disks.find((one) => one.drive === drive)?.layer ?? null);
      if (layer !== undefined) return [{ drive, layer }];
      // A disk the snapshot does not know: it goes on from where it is, on a layer of its own if that is kept.
      return keep ? present.filter((one) => one.drive === drive) : [];
    });
    const { below, overlays } = await this.#overlays(files, tree, wanted);
    const known = new Map(below.map(({ layer }) => [layer.id, layer]));
    const kept = present.map((disk) => ({ ...disk, layer: known.get(disk.layer.id) ?? disk.layer }));
    const name = `Before restoring “${target.name}”`.slice(0, 120);
    const from = keep ? withSnapshot(tree, { ...(await this.#entry({ name, kind: 'before-restore' }, config)), state: tree.saved }, kept, []) : tree;
    const replaced = new Set(overlays.map(({ drive }) => drive));
    const dropped = keep ? [] : present.filter(({ drive, layer }) => layer.parent !== null && (replaced.has(drive) || !disksOnly));
    await files.commit({
      operation: `restore “${target.name}”`,
      tree: atSnapshot(from, target.id, overlays, dropped, disksOnly ? null : target.state),
      config: withDisks(base, overlays),
      nvram: disksOnly ? null : target.nvram,
    });
  }

  async #delete({ files, tree }: Opened, gone: Snapshot): Promise<void> {
    const { tree: after, removes } = withoutStates(tree, withoutSnapshot(tree, gone.id));
    await files.commit({
      operation: `delete “${gone.name}”`,
      tree: after,
      removes: gone.thumbnail === null ? removes : [...removes, gone.thumbnail],
    });
  }

  async #expire(id: MachineId): Promise<void> {
    const { tree } = await this.#open(id);
    for (const gone of expired(tree, this.#now())) await this.#delete(await this.#open(id), gone);
  }

  async #dropBeyondSchedule(id: MachineId): Promise<void> {
    for (const gone of beyondSchedule((await this.#open(id)).tree)) await this.#delete(await this.#open(id), gone);
  }

  /** Snapshots whose taking died before their state was whole. */
  async #takeBackPending({ files, tree }: Opened): Promise<void> {
    for (const { id, name } of tree.snapshots.filter(({ pending }) => pending))
      await files.commit({ operation: `take back “${name}”`, tree: withoutSnapshot(tree, id) });
  }

  /** Its failures are no failures of the change that was made: they are told, and tried again. */
  async #cleanUp(id: MachineId): Promise<void> {
    if (this.#options.isRunning(id) && this.#options.live === undefined) return;
    this.#warnings.delete(id);
    try {
      const opened = await this.#open(id);
      // A disposable run lies on layers that would be merged.
      if (opened.tree.disposable !== null) return;
      await cleanUp(this.#cleaning(opened), () => this.#open(id));
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.#warnings.set(id, `Room of deleted snapshots could not be freed: ${error.message}`);
    }
  }

  #cleaning({ id }: Opened) {
    const { machines, io, isRunning, live } = this.#options;
    return { machines, io, live: isRunning(id) ? live : undefined };
  }

  /** Without its place in the tree, which the tree gives it. */
  async #entry(request: TakeRequest, config: MachineConfig): Promise<Snapshot> {
    return {
      id: randomUUID(),
      parent: null,
      disks: [],
      name: request.name,
      description: request.description ?? '',
      tags: [...(request.tags ?? [])],
      timeMs: this.#now(),
      kind: request.kind ?? 'manual',
      config,
      state: null,
      pending: false,
      nvram: (await this.nvram(config.id)) ?? null,
      thumbnail: null,
    };
  }

  /** New, empty layers, durable, on top of others. `below` has those with what was found out about them. */
  async #overlays(files: SnapshotFiles, tree: SnapshotTree, disks: readonly Disk[], inUse = false): Promise<{ below: Disk[]; overlays: Disk[] }> {
    const { io } = this.#options;
    const below: Disk[] = [];
    const overlays: Disk[] = [];
    try {
      await io.makeFolder(files.absolute(SNAPSHOT_FOLDER));
      for (const { drive, layer, unknownFormat } of disks) {
        const id = randomUUID();
        const path = `${SNAPSHOT_FOLDER}/${id}.qcow2`;
        const folders = [files.folder, ...chainOf(tree, layer.id).map((one) => dirname(files.absolute(one.path)))];
        const format = unknownFormat ? null : layer.format;
        const backing = { path: files.absolute(layer.path), name: files.nameBehind(path, layer.path), format };
        const made = await io.media.createOverlay({ path: files.absolute(path), backing, folders, inUse });
        const lower = { ...layer, format: made.format };
        below.push({ drive, layer: lower });
        overlays.push({ drive, layer: { id, path, format: 'qcow2', parent: lower.id, foreign: false, garbage: false, emptyBytes: made.emptyBytes } });
        await io.makeDurable(files.absolute(path));
      }
    } catch (error) {
      for (const { layer } of overlays) await io.remove(files.absolute(layer.path)).catch(String);
      throw error;
    }
    return { below, overlays };
  }

  async #isChanged(files: SnapshotFiles, config: MachineConfig, tree: SnapshotTree, present: readonly Disk[]): Promise<boolean> {
    const parent = findSnapshot(tree, tree.current);
    if (parent === undefined) return true;
    if (differences(comparable(parent.config), comparable(config)).length > 0) return true;
    for (const { drive, layer } of present) {
      if (layer.parent !== parent.disks.find((one) => one.drive === drive)?.layer) return true;
      const size = await this.#options.io.sizeOf(files.absolute(layer.path));
      if (size === undefined || size.length > layer.emptyBytes) return true;
    }
    return false;
  }

  async #problem(files: SnapshotFiles, tree: SnapshotTree, one: Snapshot): Promise<string | null> {
    for (const { layer } of one.disks)
      for (const { path } of chainOf(tree, layer)) {
        const file = files.absolute(path);
        if ((await this.#options.io.sizeOf(file)) === undefined)
          return `The snapshot “${one.name}” cannot be restored: its disk needs “${file}”, which does not exist. Put the file back.`;
      }
    return null;
  }

  /** Without its memory a snapshot is as good as one of a machine that lost power. */
  async #stateProblem(files: SnapshotFiles, tree: SnapshotTree, { name, state }: Snapshot): Promise<string | null> {
    for (const path of stateChain(tree, state))
      if ((await this.#options.io.sizeOf(files.absolute(path))) === undefined)
        return `The memory of the snapshot “${name}” cannot be restored: “${files.absolute(path)}” does not exist. Put the file back, or restore only the disks.`;
    return null;
  }

  /** Writing to a layer that snapshots lie on would damage them. */
  #refuseFrozen(files: SnapshotFiles, config: MachineConfig, tree: SnapshotTree): void {
    const below = new Set([...tree.layers.map(({ parent }) => parent), ...tree.snapshots.flatMap(({ disks }) => disks.map(({ layer }) => layer))]);
    const frozen = presentDisks(files, config, tree).find(({ layer }) => below.has(layer.id));
    if (frozen)
      throw new FailureError(
        'machine.invalidConfig',
        say`The disk “${frozen.drive}” is set to “${files.absolute(frozen.layer.path)}”, which snapshots lie on; writing to it would damage them. Restore a snapshot, or choose another image.`,
        { drive: frozen.drive },
      );
  }

  async #sizes(files: SnapshotFiles, layers: readonly Layer[]): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const { id, path } of layers) sizes.set(id, (await this.#options.io.sizeOf(files.absolute(path)))?.onDisk ?? 0);
    return sizes;
  }

  async #open(id: MachineId): Promise<Opened> {
    const files = this.#files(id);
    return { id, files, config: this.#options.machines.config(id), tree: await files.tree() };
  }

  #files(id: MachineId): SnapshotFiles {
    const { machines, io } = this.#options;
    return new SnapshotFiles(machines.folderOf(id), io, (config) => machines.replace({ ...config, id }));
  }

  async #hasSnapshots(id: MachineId): Promise<boolean> {
    const { machines, io } = this.#options;
    return (await io.names(`${machines.folderOf(id)}/${SNAPSHOT_FOLDER}`)).length > 0;
  }

  #requireOff(id: MachineId): void {
    if (this.#options.isRunning(id))
      throw new FailureError('machine.wrongState', 'This cannot be done while the machine is running.', { id });
  }

  /** One after the other; what a crash left unfinished is finished first. */
  #changing<T>(id: MachineId, work: (opened: Opened) => Promise<T>): Promise<T> {
    this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1);
    const run = async () => {
      try {
        await this.#files(id).recover();
        await this.#takeBackPending(await this.#open(id));
        return await work(await this.#open(id));
      } finally {
        this.#busy.set(id, (this.#busy.get(id) ?? 1) - 1);
      }
    };
    const done = (this.#queues.get(id) ?? Promise.resolve()).then(run, run);
    this.#queues.set(id, done.catch((error: unknown) => error));
    return done;
  }
}

function require(tree: SnapshotTree, id: SnapshotId): Snapshot {
  const found = findSnapshot(tree, id);
  if (found === undefined) throw new FailureError('snapshot.notFound', 'This snapshot does not exist any more.', { snapshot: id });
  return found;
}
