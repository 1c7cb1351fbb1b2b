// The application without a face: services put together and the handlers of the app contract over them. A shell
// serves these handlers to its windows and supplies what only it has: processes, dialogs, console connections.

import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { CPU_ENGINES, CPU_MODELS, type DriveConfig, type MachineId, type MachineSettings, type NewDisk, type NewOverlay } from '../../shared/machine/config.ts';
import { isAllowed } from '../../shared/machine/lifecycle.ts';
import { DEMO_CD, demoName, demoSettings } from '../../shared/machine/demo.ts';
import type { MachineView } from '../../shared/machine/view.ts';
import type { AppContract, AppInfo, PickPurpose, Preferences, QuitAction } from '../../shared/rpc/app-contract.ts';
import type { EventName, EventOf, Handlers } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { beyondSchedule } from '../../shared/snapshot/snapshot-schedule.ts';
import { MIB } from '../../shared/units/bytes.ts';
import { AutoSnapshots } from './auto-snapshots.ts';
import { applianceCalls } from './appliance-calls.ts';
import { CompiledCode } from './compiled-code.ts';
import { FileCalls } from './file-calls.ts';
import { disposableNvram, DisposableRuns } from './disposable-runs.ts';
import { refuseTooLittleMemory } from './host-memory.ts';
import { Jobs } from './jobs.ts';
import { SupervisedMachines } from './live-machines.ts';
import { LogStore } from './log-store.ts';
import { ownHome, usableHome } from './machine-homes.ts';
import { MachineInput } from './machine-input.ts';
import { lockMachine, type MachineLock } from './machine-lock.ts';
import { withAbsolutePaths } from './machine-paths.ts';
import { MachineRegistry } from './machine-registry.ts';
import { MachineSupervisor } from './machine-supervisor.ts';
import { MediaWork } from './media-work.ts';
import { makeOverlays } from './overlay-disks.ts';
import { PendingChanges } from './pending-changes.ts';
import type { LaunchProcess } from './process-handle.ts';
import { SettingsStore } from './settings-store.ts';
import { shutDownAll } from './shut-down-all.ts';
import { SnapshotCalls } from './snapshot-calls.ts';
import { hasTree } from './snapshot-files.ts';
import { nodeSnapshotIo, type SnapshotIo } from './snapshot-io.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { type NvramOptions, NvramStore } from './nvram-store.ts';
import { Thumbnails } from './thumbnails.ts';

export interface AppOptions {
  readonly version: string;
  readonly dataFolder: string;
  readonly features: AppInfo['features'];
  readonly launch: LaunchProcess;
  /** Ends the process, or (`background`) only its windows. Called when the machines are dealt with. */
  readonly quit?: (background: boolean) => void;
}

/** What one window's shell adds to the calls. */
export interface WindowHost {
  /** Prepares a console connection; the ticket redeems it. */
  openConsole(id: MachineId): string;
  pickFile?(purpose: PickPurpose): Promise<string | null>;
}

type AppEvent = {
  [E in EventName<AppContract>]: [name: E, payload: EventOf<AppContract, E>];
}[EventName<AppContract>];

const CREATE_LIMIT_MS = 60_000;

export class App {
  readonly registry: MachineRegistry;
  readonly supervisor: MachineSupervisor;
  readonly snapshots: SnapshotStore;
  readonly #media: MediaWork;
  readonly #io: SnapshotIo;
  readonly #options: AppOptions;
  readonly #settings: SettingsStore;
  readonly #logs: LogStore;
  readonly #thumbnails: Thumbnails;
  readonly #compiled: CompiledCode;
  readonly #nvram: NvramStore;
  readonly #disposableNvram: NvramStore;
  readonly #locks = new Map<MachineId, MachineLock>();
  /** Locks that are being released: a machine may be started as soon as it is known to be off. */
  readonly #released = new Map<MachineId, Promise<void>>();
  readonly #jobs: Jobs;
  readonly #autoSnapshots: AutoSnapshots;
  readonly #files: FileCalls;
  readonly #disposables: DisposableRuns;
  readonly #pending: PendingChanges;
  readonly #live: SupervisedMachines;
  readonly #listeners = new Set<(...event: AppEvent) => void>();
  readonly #hostMemoryMiB = Math.floor(totalmem() / MIB);

  private constructor(options: AppOptions) {
    this.#options = options;
    this.registry = new MachineRegistry(options.dataFolder, this.#hostMemoryMiB, () => this.#settings.get().machineFolder);
    this.#settings = new SettingsStore(options.dataFolder);
    this.#pending = new PendingChanges(this.registry, (id, message) => this.#logs.add(id, 'warning', message));
    this.#logs = new LogStore((id) => this.registry.folderOf(id));
    this.#jobs = new Jobs({
      launch: options.launch,
      onChange: (job) => this.#emit('jobChanged', job),
      onRemove: (id) => this.#emit('jobRemoved', { id }),
    });
    this.#thumbnails = new Thumbnails((id) => this.registry.folderOf(id));
    this.#compiled = new CompiledCode(options.dataFolder);
    const cmos: NvramOptions = { folderOf: (id) => this.registry.folderOf(id), warn: (id, message) => this.#logs.add(id, 'warning', message) };
    this.#nvram = new NvramStore(cmos);
    this.#disposableNvram = disposableNvram(cmos);
    this.supervisor = new MachineSupervisor({
      launch: options.launch,
      logs: this.#logs,
      onChange: (id) => {
        this.#emit('machineChanged', this.view(id));
        if (this.supervisor.isRunning(id)) return;
        this.#thumbnails.keep(id);
        this.#disposables.ended(id);
        void this.#unlock(id);
        void this.#settle(id);
      },
      onProgress: (id, done, total) => this.#live.progress(id, done, total),
      onNvram: (id, hex) => {
        // A disposable run leaves nothing behind, unless the user says so.
        (this.#disposables.state(id) === null ? this.#nvram : this.#disposableNvram).put(id, hex);
      },
      onThumbnail: (id, pngBase64) => {
        if (this.#thumbnails.put(id, pngBase64)) this.#emit('thumbnailChanged', { id, pngBase64 });
      },
    });
    this.#live = new SupervisedMachines(this.supervisor);
    this.#media = new MediaWork(options.launch);
    this.#files = new FileCalls({
      registry: this.registry,
      supervisor: this.supervisor,
      media: this.#media,
      dataFolder: options.dataFolder,
      announce: (id) => this.#announce(id),
    });
    this.#io = nodeSnapshotIo(this.#media.forSnapshots());
    this.snapshots = new SnapshotStore({
      machines: this.registry,
      io: this.#io,
      isRunning: (id) => this.supervisor.isRunning(id),
      live: this.#live,
      nvram: (id) => this.#nvram.read(id),
    });
    this.#disposables = new DisposableRuns({
      store: this.snapshots,
      io: this.#io,
      nvram: this.#disposableNvram,
      onChange: (id) => void this.#noteSaved(id).then(() => this.#announce(id)),
    });
    this.#autoSnapshots = new AutoSnapshots({
      store: this.snapshots,
      dropScheduled: (id) => this.#dropScheduled(id),
      running: () => this.#runningSince(),
      onTaken: (id) => this.#announce(id),
      onFailure: (id, message) => this.#logs.add(id, 'warning', message),
    });
  }

  /** As a job, which may take long: what is beyond the schedule goes, and its disks are merged. */
  async #dropScheduled(id: MachineId): Promise<void> {
    const [oldest] = beyondSchedule(await this.snapshots.tree(id));
    if (oldest === undefined) return;
    await this.#jobs.follow({ kind: 'delete', path: oldest.name, machine: id }, () => this.snapshots.dropScheduled(id));
    this.#announce(id);
  }

  #runningSince() {
    return this.supervisor.running.flatMap((id) => {
      const { state, startedAtMs } = this.supervisor.status(id);
      return state === 'running' && startedAtMs !== null ? [{ id, startedAtMs }] : [];
    });
  }

  static async open(options: AppOptions): Promise<App> {
    const app = new App(options);
    const complaints = [await app.#settings.load(), await app.registry.load()];
    const ids = app.registry.list().map(({ id }) => id);
    const withTrees = ids.filter((id) => hasTree(app.registry.folderOf(id)));
    for (const id of withTrees) await app.#noteSaved(id);
    await app.#disposables.load(withTrees);
    await app.#pending.load(ids);
    for (const id of ids) await app.#settle(id);
    for (const complaint of complaints) if (complaint) process.stderr.write(`${complaint}\n`);
    return app;
  }

  /** Events for every window; returns the function that stops listening. */
  listen(listener: (...event: AppEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  view(id: MachineId): MachineView {
    const entry = this.registry.entry(id);
    if (entry.kind === 'damaged') return entry;
    return { ...entry, folder: this.registry.folderOf(id), ...this.supervisor.status(id), disposable: this.#disposables.state(id), pending: this.#pending.of(id) };
  }

  /** Machines and jobs that would be cut short. */
  get busy(): number {
    return this.supervisor.active + this.#jobs.active;
  }

  get preferences(): Preferences {
    return this.#settings.get();
  }

  setPreferences(patch: Partial<Preferences>): Promise<Preferences> {
    return this.#settings.change(patch);
  }

  /** Tells every window. */
  tell(...event: AppEvent): void {
    this.#emit(...event);
  }

  /** Names of the machines that did not shut down; the application then goes on. */
  async quit(action: QuitAction): Promise<string[]> {
    if (action === 'keep') this.#options.quit?.(this.supervisor.active > 0);
    else {
      const left = action === 'shutdown' ? await shutDownAll(this.supervisor) : action === 'save' ? await this.#saveAll() : [];
      if (left.length > 0) return left.map((id) => this.registry.config(id).name);
      await this.shutdown();
      this.#options.quit?.(false);
    }
    return [];
  }

  async shutdown(): Promise<void> {
    this.#autoSnapshots.end();
    await Promise.all([this.supervisor.shutdown(), this.#jobs.shutdown()]);
    await Promise.all([this.#written(), ...[...this.#locks.keys(), ...this.#released.keys()].map((id) => this.#unlock(id))]);
  }

  /** What is written beside machines, behind what they do, is on the disk. */
  async #written(): Promise<void> {
    await Promise.all([this.#logs.flush(), this.#thumbnails.flush(), this.#nvram.flush(), this.#disposableNvram.flush()]);
  }

  handlers(window: WindowHost): Handlers<AppContract> {
    const changed = async (id: MachineId) => {
      await this.#noteSaved(id);
      this.#announce(id);
    };
    const snapshots = new SnapshotCalls({
      snapshots: this.snapshots,
      verifier: this.#media.forVerifier(),
      jobs: this.#jobs,
      changed,
      beforeStart: (id, work) => this.supervisor.beforeStart(this.registry.config(id), work),
    });
    const appliances = applianceCalls({
      registry: this.registry,
      store: this.snapshots,
      io: this.#io,
      media: this.#media,
      jobs: this.#jobs,
      machineFolder: () => this.#settings.get().machineFolder ?? ownHome(this.#options.dataFolder),
      isRunning: (id) => this.supervisor.isRunning(id),
      announce: (id) => this.#announce(id),
    });
    return {
      ...this.#appHandlers(),
      ...this.#machineHandlers(window),
      ...this.#jobHandlers(),
      ...this.#files.handlers(window.pickFile?.bind(window)),
      ...snapshots.handlers(),
      ...appliances,
    };
  }

  #appHandlers() {
    const { version, features, dataFolder } = this.#options;
    return {
      'app.info': (): AppInfo => ({
        name: 'Boxwright',
        version,
        features,
        host: {
          memoryMiB: this.#hostMemoryMiB,
          processors: availableParallelism(),
          platform: process.platform,
        },
        cpuModels: [...CPU_MODELS],
        cpuEngines: [...CPU_ENGINES],
        dataFolder,
        machineFolder: ownHome(dataFolder),
      }),
      'app.preferences': () => this.#settings.get(),
      'app.quit': async ({ action }) => ({ stillRunning: await this.quit(action) }),
      'app.setPreferences': async (patch) => {
        const machineFolder = patch.machineFolder && (await usableHome(patch.machineFolder));
        const changed = await this.#settings.change({ ...patch, machineFolder });
        this.#emit('preferencesChanged', changed);
        return changed;
      },
    } satisfies Partial<Handlers<AppContract>>;
  }

  #machineHandlers(window: WindowHost) {
    const { registry, supervisor } = this;
    const input = new MachineInput(supervisor);
    return {
      'machines.list': () => registry.list().map(({ id }) => this.view(id)),
      'machines.get': ({ id }) => this.view(id),
      'machines.validate': ({ settings, id }) => registry.validate(settings, id),
      'machines.create': async ({ settings, newDisks, folder: home }) => {
        const empty = newDisks.filter((disk): disk is NewDisk => !('backing' in disk));
        const overlays = newDisks.filter((disk): disk is NewOverlay => 'backing' in disk);
        const fill = async (folder: string) => {
          await this.#makeDisks(settings, empty, folder);
          return { settings: await makeOverlays(this.#io, folder, settings, overlays) };
        };
        const { id } = await registry.createFrom(settings, fill, home);
        return this.#announce(id);
      },
      'machines.createDemo': async ({ name }) => {
        const settings = demoSettings(name ?? demoName(registry.list().flatMap((entry) => (entry.kind === 'machine' ? [entry.config.name] : []))));
        const { id } = await registry.create(settings, (folder) => this.#makeDemoCd(join(folder, DEMO_CD)));
        return this.#announce(id);
      },
      'machines.update': async ({ id, settings, newDisks }) => {
        this.#refuseBusy(id);
        if (isAllowed('edit', supervisor.status(id).state)) await registry.update(id, settings, (folder) => this.#makeDisks(settings, newDisks, folder));
        else await this.#pending.put(id, settings);
        return this.#announce(id);
      },
      'machines.label': async ({ id, name, guest, group, tags }) => {
        await registry.update(id, (now) => ({
          ...now,
          name: name ?? now.name,
          guest: guest ?? now.guest,
          group: group ?? now.group,
          tags: tags ?? now.tags,
        }));
        return this.#announce(id);
      },
      'machines.delete': async ({ id }) => {
        supervisor.require(id, 'delete');
        this.#refuseBusy(id);
        await this.#refuseParent(id);
        await this.#written();
        const trashed = await registry.delete(id);
        supervisor.forget(id);
        this.#logs.forget(id);
        this.#thumbnails.forget(id);
        await this.#compiled.forget(id);
        this.#pending.forget(id);
        this.#emit('machineRemoved', { id });
        return { trashed };
      },
      'machines.restore': async ({ trashed }) => {
        const id = await registry.restore(trashed);
        await this.#pending.load([id]);
        return this.#announce(id);
      },
      'machines.repair': async ({ id }) => {
        await registry.repair(id);
        return this.#announce(id);
      },
      'machines.start': async ({ id, force, discardState, disposable }) => {
        await this.#start(id, force === true, discardState === true, disposable === true);
        return this.view(id);
      },
      'machines.endDisposable': async ({ id, keep }) => {
        supervisor.require(id, 'start');
        if (keep) await this.#jobs.follow({ kind: 'keep', path: registry.config(id).name, machine: id }, () => this.#disposables.keep(id));
        else await this.#disposables.discard(id);
        return this.#announce(id);
      },
      'machines.pause': ({ id }) => supervisor.pause(id),
      'machines.resume': ({ id }) => supervisor.resume(id),
      'machines.reset': ({ id }) => supervisor.reset(id),
      'machines.powerButton': ({ id }) => supervisor.powerButton(id),
      'machines.powerOff': ({ id }) => supervisor.powerOff(id),
      'machines.save': async ({ id }) => {
        supervisor.require(id, 'save');
        await this.#save(id);
        return this.view(id);
      },
      'machines.discard': async ({ id }) => {
        supervisor.require(id, 'discard');
        await this.snapshots.discard(id);
        await this.#noteSaved(id);
        return this.view(id);
      },
      'machines.insert': ({ id, drive, path, format }) => this.#changeMedium(id, drive, { path, format }),
      'machines.eject': ({ id, drive }) => this.#changeMedium(id, drive, { path: null, format: null }),
      'machines.openConsole': ({ id }) => {
        supervisor.require(id, 'openConsole');
        return { ticket: window.openConsole(id) };
      },
      'machines.logs': ({ id, after }) => this.#logs.lines(this.registry.entry(id).id, after),
      'machines.stats': ({ id }) => supervisor.ask(id, 'stats'),
      'machines.typeText': ({ id, text }) => input.typeText(id, text),
      'machines.pressKeys': ({ id, keys }) => input.pressKeys(id, keys),
      'machines.screen': ({ id, png }) => input.screen(id, png),
      'machines.thumbnails': () => this.#thumbnails.all(registry.list().map(({ id }) => id)),
      'machines.waitForText': ({ id, ...awaited }) => input.waitForText(id, awaited),
      'machines.serialRead': ({ id, after }) => input.serialRead(id, after),
      'machines.serialWrite': ({ id, base64 }) => input.serialWrite(id, base64),
    } satisfies Partial<Handlers<AppContract>>;
  }

  #jobHandlers() {
    return {
      'jobs.list': () => this.#jobs.list(),
      'jobs.start': (request) => this.#jobs.start(request),
      'jobs.cancel': ({ id }) => this.#jobs.cancel(id),
      'jobs.clear': ({ id }) => this.#jobs.clear(id),
    } satisfies Partial<Handlers<AppContract>>;
  }

  async #start(id: MachineId, force: boolean, discardState: boolean, disposable: boolean): Promise<void> {
    const { registry, supervisor, snapshots } = this;
    supervisor.require(id, 'start');
    this.#refuseBusy(id);
    await this.#disposables.discard(id);
    await snapshots.ready(id);
    await this.#settle(id);
    const imageFolders = await snapshots.imageFolders(id);
    this.#refuseBusy(id);
    const config = registry.config(id);
    if (config.template === true)
      throw new FailureError('machine.wrongState', say`“${config.name}” is a template. Clone it, and start the clone.`, { id });
    if (!force) refuseTooLittleMemory(config, this.#settings.get().memoryReserveMiB);
    await this.#released.get(id);
    const lock = await lockMachine(registry.folderOf(id), config.name);
    this.#locks.set(id, lock);
    try {
      if (discardState && !disposable) await snapshots.discard(id);
      const saved = discardState ? undefined : await snapshots.saved(id);
      const used = disposable ? await this.#disposables.begin(id) : registry.config(id);
      this.#refuseBusy(id);
      const nvram = await this.#nvram.read(id);
      // A disposable run leaves nothing behind, and code of its programs would be.
      const codeArchive = disposable ? undefined : await this.#compiled.fileOf(id);
      const paths = withAbsolutePaths(used, registry.folderOf(id));
      const request = { ...paths, imageFolders, ...(nvram === undefined ? {} : { nvram }), ...(codeArchive === undefined ? {} : { codeArchive }) };
      // A disposable run changes no disk, so a saved state still fits afterwards.
      await supervisor.start(request, saved && { path: saved.path, beforeRun: () => (disposable ? Promise.resolve() : saved.forget()) });
      if (!disposable) await saved?.remove();
    } catch (error) {
      this.#disposables.ended(id);
      await this.#disposables.discard(id);
      throw error;
    } finally {
      // It may have ended before it was known to run.
      if (!supervisor.isRunning(id)) await this.#unlock(id);
      await this.#noteSaved(id);
    }
  }

  /** Keeps the state of a running machine for its next start, and ends it. */
  async #save(id: MachineId): Promise<void> {
    this.#refuseBusy(id);
    if (this.#disposables.state(id) !== null)
      throw new FailureError('machine.unsupported', 'This run is disposable: its state cannot be saved. End it, and keep its changes or discard them.', { id });
    await this.supervisor.saveAndEnd(id, () => this.snapshots.save(id));
    await this.#noteSaved(id);
  }

  async #noteSaved(id: MachineId): Promise<void> {
    this.supervisor.setSaved(id, await this.snapshots.hasSaved(id));
  }

  /** Names of those that could not be saved, and run on. */
  async #saveAll(): Promise<MachineId[]> {
    for (const id of this.supervisor.running)
      await this.#save(id).catch((error: unknown) => this.#logs.add(id, 'error', `The state was not saved: ${(error as Error).message}`));
    return this.supervisor.running;
  }

  async #unlock(id: MachineId): Promise<void> {
    const lock = this.#locks.get(id);
    this.#locks.delete(id);
    // What cannot be released is named by the next start, which finds it locked.
    if (lock !== undefined) this.#released.set(id, lock.release().catch(() => undefined));
    await this.#released.get(id);
  }

  /** What was changed while the machine ran is part of its settings as soon as it is off, with no saved state. */
  async #settle(id: MachineId): Promise<void> {
    if (this.#pending.of(id) === null || this.supervisor.isRunning(id) || (await this.snapshots.hasSaved(id))) return;
    try {
      if (await this.#pending.apply(id)) this.#announce(id);
    } catch (error) {
      this.#logs.add(id, 'warning', `The changes that waited for the end of the run were not made: ${(error as Error).message}`);
    }
  }

  #refuseBusy(id: MachineId): void {
    if (this.snapshots.isBusy(id))
      throw new FailureError('snapshot.busy', 'The machine’s snapshots are being changed; wait until that is done.', { id });
  }

  /** Linked clones would lose their disks. */
  async #refuseParent(id: MachineId): Promise<void> {
    const clones = await this.snapshots.clonesOf(id);
    if (clones.length > 0)
      throw new FailureError('snapshot.neededByClones', say`The disks of this machine are needed by ${clones.join(', ')}: linked clones of it. Make these independent first, or delete them.`, { id, clones: clones.join(' ') });
  }

  /** The process goes first: what it cannot open stays out of the settings. */
  async #changeMedium(
    id: MachineId,
    drive: string,
    medium: Pick<DriveConfig, 'path' | 'format'>,
  ): Promise<MachineView> {
    const { registry, supervisor } = this;
    supervisor.require(id, 'changeMedium');
    this.#refuseBusy(id);
    if (!registry.config(id).drives.some((one) => one.id === drive && one.kind !== 'disk'))
      throw new FailureError('machine.unsupported', say`The machine has no drive “${drive}” with a changeable medium.`, { drive });
    const { path, format } = medium;
    if (supervisor.isRunning(id))
      await (path === null
        ? supervisor.ask(id, 'eject', { drive })
        : supervisor.ask(id, 'insert', { drive, path: resolve(registry.folderOf(id), path), format }));
    await registry.update(id, (now) => ({ ...now, drives: now.drives.map((one) => (one.id === drive ? { ...one, path, format } : one)) }));
    return this.#announce(id);
  }

  async #makeDisks(settings: MachineSettings, disks: readonly NewDisk[], folder: string): Promise<void> {
    for (const { drive, format, bytes } of disks) {
      const path = settings.drives.find(({ id }) => id === drive)?.path;
      if (path === undefined || path === null)
        throw new FailureError('machine.invalidConfig', say`There is no drive for the new disk “${drive}”.`, { drive });
      await this.#media.use('disk creation', CREATE_LIMIT_MS, 'The disk could not be made in time.', (client) =>
        client.call('createImage', { path: resolve(folder, path), format, bytes }),
      );
    }
  }

  #makeDemoCd(path: string): Promise<unknown> {
    return this.#media.use('demo', CREATE_LIMIT_MS, 'The demo could not be made in time.', (client) => client.call('writeDemoCd', { path }));
  }

  #announce(id: MachineId): MachineView {
    const view = this.view(id);
    this.#emit('machineChanged', view);
    return view;
  }

  #emit(...event: AppEvent): void {
    for (const listener of this.#listeners) listener(...event);
  }
}
