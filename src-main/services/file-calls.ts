// The calls about files of this computer: folders to choose from, a look at what a file is, and the media library.

import { dirname, resolve } from 'node:path';
import { type DriveConfig, type MachineConfig, type MachineId, settingsOf } from '../../shared/machine/config.ts';
import type { MachineView } from '../../shared/machine/view.ts';
import type { AppContract, FilePurpose, FileReport, PickPurpose } from '../../shared/rpc/app-contract.ts';
import type { Handlers } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { listFolder, makeFolder } from './file-browser.ts';
import { locateFile } from './file-locator.ts';
import type { MachineRegistry } from './machine-registry.ts';
import type { MachineSupervisor } from './machine-supervisor.ts';
import { MediaLibrary } from './media-library.ts';
import type { MediaWork } from './media-work.ts';

const PROBE_LIMIT_MS = 10_000;
const LIBRARY_LIMIT_MS = 120_000;
const MAX_PROBES = 4;

export interface FileCallsParts {
  readonly registry: MachineRegistry;
  readonly supervisor: MachineSupervisor;
  readonly media: MediaWork;
  readonly dataFolder: string;
  /** Tells the windows of a machine. */
  readonly announce: (id: MachineId) => MachineView;
}

export class FileCalls {
  readonly #parts: FileCallsParts;
  readonly #library: MediaLibrary;
  #probes = 0;

  constructor(parts: FileCallsParts) {
    this.#parts = parts;
    this.#library = new MediaLibrary((work) => parts.media.use('media library', LIBRARY_LIMIT_MS, 'The images could not be examined in time.', work));
  }

  /** `pickFile`: the dialog of the system, where the window's shell has one. */
  handlers(pickFile: ((purpose: PickPurpose) => Promise<string | null>) | undefined) {
    return {
      'files.list': ({ path }) => listFolder(path, this.#parts.dataFolder),
      'files.makeFolder': async ({ parent, name }) => ({ path: await makeFolder(parent, name) }),
      'files.pick': async ({ purpose }) => {
        if (!pickFile) throw new FailureError('files.unsupported', 'There is no file dialog of the system here.');
        return { path: await pickFile(purpose) };
      },
      'files.locate': async (wanted) => ({ path: await locateFile(wanted, this.#mediaFolders()) }),
      'files.probe': ({ path, purpose }) => this.#probe(path, purpose),
      'media.list': () => this.#list(),
      'media.locate': ({ path, replacement }) => this.#locate(resolve(path), resolve(replacement)),
    } satisfies Partial<Handlers<AppContract>>;
  }

  #list() {
    const { registry, supervisor } = this.#parts;
    return this.#library.list(
      this.#machines().map(({ id, name, drives }) => ({
        id,
        name,
        drives,
        folder: registry.folderOf(id),
        isRunning: supervisor.isRunning(id),
      })),
    );
  }

  /** All machines that name the file, or none: a running one refuses for all. */
  async #locate(path: string, replacement: string): Promise<MachineView[]> {
    const { registry, supervisor, announce } = this.#parts;
    const uses = (id: MachineId, drive: DriveConfig) => drive.path !== null && resolve(registry.folderOf(id), drive.path) === path;
    const users = this.#machines().filter(({ id, drives }) => drives.some((drive) => uses(id, drive)));
    for (const { id } of users) supervisor.require(id, 'edit');
    for (const config of users) {
      const { id } = config;
      const drives = config.drives.map((drive) => (uses(id, drive) ? { ...drive, path: replacement, format: null } : drive));
      await registry.update(id, { ...settingsOf(config), drives });
    }
    return users.map(({ id }) => announce(id));
  }

  async #probe(path: string, purpose: FilePurpose): Promise<FileReport> {
    if (this.#probes >= MAX_PROBES) throw new FailureError('rpc.tooManyCalls', 'Too many files are being examined.');
    this.#probes += 1;
    try {
      return await this.#parts.media.use('file probe', PROBE_LIMIT_MS, 'The file could not be examined.', (client) => client.call('probe', { path, purpose }));
    } finally {
      this.#probes -= 1;
    }
  }

  #machines(): MachineConfig[] {
    return this.#parts.registry.list().flatMap((entry) => (entry.kind === 'machine' ? [entry.config] : []));
  }

  #mediaFolders(): string[] {
    const { registry, dataFolder } = this.#parts;
    const paths = this.#machines().flatMap(({ id, drives }) => drives.flatMap(({ path }) => (path === null ? [] : [resolve(registry.folderOf(id), path)])));
    return [dataFolder, ...new Set(paths.map(dirname))];
  }
}
