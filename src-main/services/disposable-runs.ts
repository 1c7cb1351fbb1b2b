// Disposable runs: the guest writes to layers that are thrown away at the end, or kept where the user says so. What is
// under way stands in the tree on the disk, so that a service that died in the middle leaves the choice, not a riddle.

import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { MachineConfig, MachineId } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { type DisposableDisk, disposableOf, type DisposableState, keptDisposable } from '../../shared/snapshot/disposable.ts';
import { chainOf, type Layer, withoutStates } from '../../shared/snapshot/snapshot-tree.ts';
import { type Opened, presentDisks } from './machine-disks.ts';
import { SNAPSHOT_FOLDER } from './snapshot-files.ts';
import { NVRAM_FILE, type NvramOptions, NvramStore } from './nvram-store.ts';
import type { SnapshotIo } from './snapshot-io.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface DisposableRunsOptions {
  readonly store: SnapshotStore;
  readonly io: SnapshotIo;
  readonly onChange: (id: MachineId) => void;
  readonly nvram: NvramStore;
}

const DISPOSABLE_NVRAM = `${SNAPSHOT_FOLDER}/${NVRAM_FILE}`;

/** The CMOS memory of disposable runs until the choice is made; there is none where a run did not change it. */
export function disposableNvram({ folderOf, warn }: Pick<NvramOptions, 'folderOf' | 'warn'>): NvramStore {
  return new NvramStore({
    folderOf: (id) => join(folderOf(id), SNAPSHOT_FOLDER),
    warn,
    otherwise: 'The machine keeps the CMOS memory that it had before the disposable run.',
  });
}

export class DisposableRuns {
  readonly #options: DisposableRunsOptions;
  readonly #states = new Map<MachineId, DisposableState>();

  constructor(options: DisposableRunsOptions) {
    this.#options = options;
  }

  state(id: MachineId): DisposableState | null {
    return this.#states.get(id) ?? null;
  }

  /** What a service that is no more left behind. */
  async load(ids: readonly MachineId[]): Promise<void> {
    const { store } = this.#options;
    for (const id of ids) {
      // A damaged tree says so where it is needed.
      const found = async () => disposableOf(await store.tree(id)) !== undefined;
      if (!(await found().catch(() => false))) continue;
      // The choice may have been made already, and only be half carried out.
      const isOpen = await store.holding(id, ({ tree }) => Promise.resolve(disposableOf(tree) !== undefined)).catch(() => true);
      if (isOpen) this.#states.set(id, 'ended');
    }
  }

  /** The settings to start with: each disk on a layer of its own. What an earlier run left is discarded. */
  async begin(id: MachineId): Promise<MachineConfig> {
    await this.discard(id);
    return this.#options.store.holding(id, async ({ files, config, tree }) => {
      const { io } = this.#options;
      const disks: DisposableDisk[] = [];
      await io.makeFolder(files.absolute(SNAPSHOT_FOLDER));
      for (const { drive, layer: below, unknownFormat } of presentDisks(files, config, tree)) {
        const layerId = randomUUID();
        const path = `${SNAPSHOT_FOLDER}/${layerId}.qcow2`;
        const backing = { path: files.absolute(below.path), name: files.nameBehind(path, below.path), format: unknownFormat ? null : below.format };
        const folders = [files.folder, ...chainOf(tree, below.id).map((one) => dirname(files.absolute(one.path)))];
        const made = await io.media.createOverlay({ path: files.absolute(path), backing, folders });
        await io.makeDurable(files.absolute(path));
        const layer: Layer = { id: layerId, path, format: 'qcow2', parent: below.id, foreign: false, garbage: false, emptyBytes: made.emptyBytes };
        disks.push({ drive, below: { ...below, format: made.format }, layer });
      }
      await files.commit({ operation: 'disposable run', tree: { ...tree, disposable: disks }, removes: [DISPOSABLE_NVRAM] });
      this.#states.set(id, 'running');
      const paths = new Map(disks.map(({ drive, layer }) => [drive, layer.path]));
      return {
        ...config,
        drives: config.drives.map((drive) => (paths.has(drive.id) ? { ...drive, path: paths.get(drive.id) ?? null, format: 'qcow2' as const } : drive)),
      };
    });
  }

  /** The process is gone: the choice is the user's. */
  ended(id: MachineId): void {
    if (this.#states.get(id) !== 'running') return;
    this.#states.set(id, 'ended');
    this.#options.onChange(id);
  }

  async discard(id: MachineId): Promise<void> {
    if (this.state(id) === null) return;
    await this.#end(id, ({ files, tree }, disks) =>
      files.commit({ operation: 'discard a disposable run', tree: { ...tree, disposable: null }, removes: [...disks.map(({ layer }) => layer.path), DISPOSABLE_NVRAM] }),
    );
  }

  /** What was written becomes the machine's present state. */
  async keep(id: MachineId): Promise<void> {
    if (this.state(id) === null) throw new FailureError('machine.wrongState', 'There is no disposable run whose changes could be kept.', { id });
    await this.#end(id, async ({ files, config, tree }, disks, nvram) => {
      const moved = disks.find(({ drive, below }) => {
        const path = config.drives.find((one) => one.id === drive)?.path ?? null;
        return path === null || files.plain(path) !== below.path;
      });
      if (moved) throw new FailureError('machine.wrongState', say`The disk “${moved.drive}” was changed in the settings after the disposable run; put it back to keep what was written, or discard it.`, { drive: moved.drive });
      const kept = keptDisposable(tree, config, disks);
      const { tree: after, removes } = withoutStates(tree, kept.tree);
      await files.commit({ operation: 'keep a disposable run', config: kept.config, tree: after, nvram: nvram ?? null, removes: [...removes, DISPOSABLE_NVRAM] });
    });
    await this.#options.store.tidy(id);
  }

  async #end(id: MachineId, work: (opened: Opened, disks: readonly DisposableDisk[], nvram: string | undefined) => Promise<void>): Promise<void> {
    if (this.state(id) === 'running') throw new FailureError('machine.wrongState', 'The disposable run has not ended yet.', { id });
    await this.#options.store.holding(id, async (opened) => {
      const disks = disposableOf(opened.tree);
      // Asked for in any case: what is still being written would come after all that follows.
      const nvram = await this.#options.nvram.read(id);
      if (disks !== undefined) await work(opened, disks, nvram);
      this.#states.delete(id);
    });
    this.#options.onChange(id);
  }
}
