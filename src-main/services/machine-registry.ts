// The machines the user has: one folder each under `machines/`, with `machine.json` and, once changed,
// `machine.previous.json`. A file that cannot be read is listed with what is wrong, never dropped or overwritten.
// What the machines are doing is the supervisor's business.

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CONFIG_SCHEMA,
  type MachineConfig,
  type MachineId,
  type MachineSettings,
  machineConfig,
  machineId,
  machineSettings,
} from '../../shared/machine/config.ts';
import { type ConfigIssue, hasErrors, validateSettings } from '../../shared/machine/validate.ts';
import type { DamagedMachine } from '../../shared/machine/view.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile } from './atomic-file.ts';
import { MachineTrash } from './machine-trash.ts';

export type RegistryEntry =
  | { readonly kind: 'machine'; readonly id: MachineId; readonly config: MachineConfig }
  | DamagedMachine;

/** A configuration is a few hundred bytes; nothing reads a hostile gigabyte. */
const MAX_FILE_BYTES = 1024 * 1024;

/** How the folder of a machine that is being made begins; no machine's does. */
const READ_TOGETHER = 64;
const STAGING = '.making-';

const PREVIOUS = 'machine.previous.json';

export class MachineRegistry {
  readonly #folder: string;
  readonly #hostMemoryMiB: number;
  readonly #trash: MachineTrash;
  readonly #entries = new Map<MachineId, RegistryEntry>();
  /** Writes run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(dataFolder: string, hostMemoryMiB: number) {
    this.#folder = join(dataFolder, 'machines');
    this.#trash = new MachineTrash(dataFolder);
    this.#hostMemoryMiB = hostMemoryMiB;
  }

  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await this.#trash.purge();
    this.#entries.clear();
    const folders = await readdir(this.#folder, { withFileTypes: true });
    for (const { name } of folders.filter((folder) => folder.name.startsWith(STAGING)))
      await rm(join(this.#folder, name), { recursive: true, force: true });
    const ids = folders.filter((folder) => folder.isDirectory() && machineId.safeParse(folder.name).success).map(({ name }) => name).sort();
    // Some at a time: one after the other would wait for each, all at once could open too many files.
    for (let at = 0; at < ids.length; at += READ_TOGETHER)
      for (const entry of await Promise.all(ids.slice(at, at + READ_TOGETHER).map((id) => this.#read(id)))) this.#entries.set(entry.id, entry);
  }

  list(): RegistryEntry[] {
    return [...this.#entries.values()];
  }

  entry(id: MachineId): RegistryEntry {
    const entry = this.#entries.get(id);
    if (!entry) throw new FailureError('machine.notFound', 'This machine does not exist any more.', { id });
    return entry;
  }

  config(id: MachineId): MachineConfig {
    const entry = this.entry(id);
    if (entry.kind === 'damaged') throw new FailureError('machine.damaged', entry.message, { id });
    return entry.config;
  }

  folderOf(id: MachineId): string {
    return join(this.#folder, id);
  }

  validate(settings: MachineSettings, id?: MachineId): ConfigIssue[] {
    const takenNames = this.list().flatMap((entry) =>
      entry.kind === 'machine' && entry.id !== id ? [entry.config.name] : [],
    );
    return validateSettings(settings, { hostMemoryMiB: this.#hostMemoryMiB, takenNames });
  }

  /** `fill` puts what belongs to the machine into its folder; when it fails there is no machine. */
  create(
    settings: MachineSettings,
    fill: (folder: string) => Promise<unknown> = async () => undefined,
  ): Promise<MachineConfig> {
    return this.createFrom(settings, async (folder) => {
      await fill(folder);
      return { settings };
    });
  }

  /**
   * The same with settings that are only known when the folder is filled. It is filled beside the machines, under a
   * name that no machine has, and takes its place when it is whole: a death on the way leaves no half machine.
   */
  async createFrom(
    draft: MachineSettings,
    fill: (folder: string) => Promise<{ readonly settings: MachineSettings; readonly uuid?: string | undefined }>,
  ): Promise<MachineConfig> {
    this.#refuseErrors(draft);
    const staging = join(this.#folder, `${STAGING}${randomUUID()}`);
    try {
      await worded('made', () => mkdir(staging));
      const { settings, uuid = randomUUID() } = await fill(staging);
      return await this.#exclusively(async () => {
        this.#refuseErrors(settings);
        const id = await this.#freeId(settings.name);
        const config: MachineConfig = { ...settings, schema: CONFIG_SCHEMA, id, uuid };
        await replaceFile(join(staging, 'machine.json'), textOf(config));
        await worded('put in its place', () => rename(staging, this.folderOf(id)));
        this.#entries.set(id, { kind: 'machine', id, config });
        return config;
      });
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
  }

  /** `prepare` runs when the settings are known to be good, before they are written. */
  update(
    id: MachineId,
    settings: MachineSettings,
    prepare: (folder: string) => Promise<void> = async () => undefined,
  ): Promise<MachineConfig> {
    return this.#exclusively(async () => {
      const before = this.config(id);
      this.#refuseErrors(settings, id);
      await prepare(this.folderOf(id));
      return this.#write({ ...settings, schema: before.schema, id, uuid: before.uuid ?? randomUUID() });
    });
  }

  /** Writes a configuration that was a good one before, as a snapshot has it. */
  replace(config: MachineConfig): Promise<MachineConfig> {
    return this.#exclusively(() => {
      this.entry(config.id);
      return this.#write(config);
    });
  }

  /** Where machines are, those in the trash included, and where their relative paths begin. */
  async places(): Promise<{ readonly id: MachineId; readonly folder: string; readonly home: string }[]> {
    const trashed = await this.#trash.folders();
    return [
      ...[...this.#entries.keys()].map((id) => ({ id, folder: this.folderOf(id), home: this.folderOf(id) })),
      ...trashed.map(({ id, folder }) => ({ id, folder, home: this.folderOf(id) })),
    ];
  }

  /** Puts the last good version in place of a damaged file, which stays as `machine.damaged.json`. */
  repair(id: MachineId): Promise<MachineConfig> {
    return this.#exclusively(async () => {
      const entry = this.entry(id);
      if (entry.kind !== 'damaged' || entry.previous === null)
        throw new FailureError('machine.wrongState', 'There is no earlier version of this machine’s settings to go back to.', { id });
      const folder = this.folderOf(id);
      const config = parseConfig(id, await readBounded(join(folder, PREVIOUS)));
      await replaceFile(join(folder, 'machine.json'), textOf(config), { previous: join(folder, 'machine.damaged.json') });
      this.#entries.set(id, { kind: 'machine', id, config });
      return config;
    });
  }

  /** Puts the machine's folder into the trash and returns its name there; files elsewhere stay. */
  delete(id: MachineId): Promise<string> {
    return this.#exclusively(async () => {
      this.entry(id);
      const name = await this.#trash.put(id, this.folderOf(id));
      this.#entries.delete(id);
      return name;
    });
  }

  /** Takes a machine back from the trash. */
  restore(name: string): Promise<MachineId> {
    return this.#exclusively(async () => {
      const id = await this.#trash.takeBack(name, (found) => this.folderOf(found));
      this.#entries.set(id, await this.#read(id));
      return id;
    });
  }

  #refuseErrors(settings: MachineSettings, id?: MachineId): void {
    const issues = this.validate(settings, id);
    if (!hasErrors(issues)) return;
    const first = issues.find((issue) => issue.severity === 'error');
    throw new FailureError('machine.invalidConfig', first?.message ?? '', {
      issue: first?.code ?? '',
      field: first?.field ?? '',
    });
  }

  async #write(config: MachineConfig): Promise<MachineConfig> {
    const folder = this.folderOf(config.id);
    await replaceFile(join(folder, 'machine.json'), textOf(config), {
      previous: join(folder, PREVIOUS),
    });
    this.#entries.set(config.id, { kind: 'machine', id: config.id, config });
    return config;
  }

  async #freeId(name: string): Promise<MachineId> {
    const stem = idFromName(name);
    for (let attempt = 1; attempt < 1000; attempt++) {
      const id = attempt === 1 ? stem : `${stem}-${attempt}`;
      const taken = await stat(this.folderOf(id)).catch(systemErrorCode);
      if (taken === 'ENOENT') return id;
    }
    throw new FailureError('store.writeFailed', 'Too many machines have this name.');
  }

  async #read(id: MachineId): Promise<RegistryEntry> {
    const file = join(this.folderOf(id), 'machine.json');
    try {
      return { kind: 'machine', id, config: parseConfig(id, await readBounded(file)) };
    } catch (error) {
      const message =
        error instanceof FailureError
          ? error.message
          : `“${file}” cannot be read: ${systemErrorWords(error)}.`;
      const isNewer = error instanceof FailureError && error.code === 'config.tooNew';
      const newer = isNewer ? await this.#readNewer(file) : null;
      return { kind: 'damaged', id, file, message, newer, previous: isNewer ? null : await this.#previousOf(id) };
    }
  }

  /** A newer file as far as this version understands it. */
  async #readNewer(file: string): Promise<MachineSettings | null> {
    return machineSettings.safeParse(parseJson(await readBounded(file))).data ?? null;
  }

  async #previousOf(id: MachineId): Promise<DamagedMachine['previous']> {
    const file = join(this.folderOf(id), PREVIOUS);
    try {
      const { name } = parseConfig(id, await readBounded(file));
      return { name, savedMs: (await stat(file)).mtimeMs };
    } catch {
      // There is none, or it is no better.
      return null;
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work, work);
    this.#queue = done.catch((error: unknown) => error);
    return done;
  }
}

function textOf(config: MachineConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function worded(doing: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new FailureError('store.writeFailed', `The machine's folder could not be ${doing}: ${systemErrorWords(error)}.`);
  }
}

/** "Debian 12 (test)" → "debian-12-test": the folder is recognisable to people. */
export function idFromName(name: string): MachineId {
  const id = name
    .normalize('NFKD')
    // Accents stand alone now.
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return id || 'machine';
}

function parseConfig(id: MachineId, text: string): MachineConfig {
  const value = parseJson(text);
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (typeof schema === 'number' && schema > CONFIG_SCHEMA)
    throw new FailureError('config.tooNew', 'This machine was made by a newer version of Boxwright.', {
      schema,
    });
  const parsed = machineConfig.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') ?? '';
    throw new FailureError(
      'config.unreadable',
      `The machine's file has a wrong value at “${field}”: ${issue?.message}.`,
      { field },
    );
  }
  if (parsed.data.id !== id)
    throw new FailureError('config.unreadable', `The machine's file belongs to “${parsed.data.id}”.`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FailureError(
      'config.unreadable',
      `The machine's file is not valid JSON: ${systemErrorWords(error)}.`,
    );
  }
}

async function readBounded(file: string): Promise<string> {
  const content = await readFile(file);
  if (content.length > MAX_FILE_BYTES)
    throw new FailureError('config.unreadable', `“${file}” is too large for a machine's file.`);
  return content.toString('utf8');
}
