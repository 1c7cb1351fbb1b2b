// The machines the user has: one folder each, under `machines/` or where machine-homes.ts says, with `machine.json` and, once changed,
// `machine.previous.json`. A file that cannot be read is listed with what is wrong, never dropped or overwritten.
// What the machines are doing is the supervisor's business.

import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CONFIG_SCHEMA,
  type MachineConfig,
  type MachineId,
  type MachineSettings,
  machineConfig,
  machineId,
  machineSettings,
  settingsOf,
} from '../../shared/machine/config.ts';
import { type ConfigIssue, hasErrors, validateSettings } from '../../shared/machine/validate.ts';
import type { DamagedMachine } from '../../shared/machine/view.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say, wordOf } from '../../shared/units/phrase.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile } from './atomic-file.ts';
import { MachineHomes, usableHome } from './machine-homes.ts';
import { MachineTrash } from './machine-trash.ts';

export type RegistryEntry =
  | { readonly kind: 'machine'; readonly id: MachineId; readonly config: MachineConfig }
  | DamagedMachine;

/** A configuration is a few hundred bytes; nothing reads a hostile gigabyte. */
const MAX_FILE_BYTES = 1024 * 1024;

/** How the folder of a machine that is being made begins; no machine's does. */
const STAGING = '.making-';

const PREVIOUS = 'machine.previous.json';

export class MachineRegistry {
  readonly #homes: MachineHomes;
  readonly #hostMemoryMiB: number;
  readonly #newHome: () => string | null;
  readonly #entries = new Map<MachineId, RegistryEntry>();
  /** Writes run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  /** `newHome`: the folder that new machines are put into; null: the application's own. */
  constructor(dataFolder: string, hostMemoryMiB: number, newHome: () => string | null = () => null) {
    this.#homes = new MachineHomes(dataFolder);
    this.#hostMemoryMiB = hostMemoryMiB;
    this.#newHome = newHome;
  }

  /** Returns a sentence for the user when machines in other folders are not known any more. */
  async load(): Promise<string | undefined> {
    const complaint = await this.#homes.load();
    this.#entries.clear();
    for (const home of this.#homes.all) await this.#clear(home);
    const folders = await readdir(this.#homes.own, { withFileTypes: true });
    const own = folders.filter((folder) => folder.isDirectory() && machineId.safeParse(folder.name).success).map(({ name }) => name);
    // One that was moved back by hand.
    for (const id of own) await this.#homes.forget(id);
    const ids = [...own, ...(await this.#elsewhere())].sort();
    for (const id of ids) this.#entries.set(id, this.#read(id));
    return complaint;
  }

  /** What was being made when the application died, and what has been in the trash for long enough. */
  async #clear(home: string): Promise<void> {
    // A folder of the user's may be out of reach for now.
    const purged = this.#trashOf(home).purge();
    await (home === this.#homes.own ? purged : purged.catch(systemErrorWords));
    const names = await readdir(home).catch(() => []);
    for (const name of names.filter((one) => one.startsWith(STAGING))) await rm(join(home, name), { recursive: true, force: true });
  }

  /** Machines in other folders. One that is gone from a folder that is there is no machine any more. */
  async #elsewhere(): Promise<MachineId[]> {
    const found: MachineId[] = [];
    for (const [id, home] of this.#homes.elsewhere)
      if ((await isThere(join(home, id))) || !(await isThere(home))) found.push(id);
      else await this.#homes.forget(id);
    return found;
  }

  #trashOf(home: string): MachineTrash {
    return new MachineTrash(this.#homes.trashOf(home));
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
    if (entry.kind === 'damaged') throw new FailureError('machine.damaged', entry.phrase ?? entry.message, { id });
    return entry.config;
  }

  folderOf(id: MachineId): string {
    return this.#homes.folderOf(id);
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
    home?: string,
  ): Promise<MachineConfig> {
    const filled = async (folder: string) => {
      await fill(folder);
      return { settings };
    };
    return this.createFrom(settings, filled, home);
  }

  /**
   * The same with settings that are only known when the folder is filled. It is filled beside the machines, under a
   * name that no machine has, and takes its place when it is whole: a death on the way leaves no half machine.
   */
  async createFrom(
    draft: MachineSettings,
    fill: (folder: string) => Promise<{ readonly settings: MachineSettings; readonly uuid?: string | undefined }>,
    wanted = this.#newHome(),
  ): Promise<MachineConfig> {
    this.#refuseErrors(draft);
    const home = wanted === null ? this.#homes.own : await usableHome(wanted);
    const staging = join(home, `${STAGING}${randomUUID()}`);
    try {
      await worded('made', () => mkdir(staging));
      const { settings, uuid = randomUUID() } = await fill(staging);
      return await this.#exclusively(async () => {
        this.#refuseErrors(settings);
        const id = await this.#freeId(settings.name, home);
        const config: MachineConfig = { ...settings, schema: CONFIG_SCHEMA, id, uuid };
        await replaceFile(join(staging, 'machine.json'), textOf(config));
        await this.#homes.note(id, home);
        await worded('put in its place', () => rename(staging, join(home, id)));
        this.#entries.set(id, { kind: 'machine', id, config });
        return config;
      });
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Settings that follow from the present ones are given as a function: their disks may lie on other layers when it is
   * their turn. `prepare` runs when the settings are known to be good, before they are written.
   */
  update(
    id: MachineId,
    given: MachineSettings | ((now: MachineSettings) => MachineSettings),
    prepare: (folder: string) => Promise<void> = async () => undefined,
  ): Promise<MachineConfig> {
    return this.#exclusively(async () => {
      const before = this.config(id);
      const settings = typeof given === 'function' ? given(settingsOf(before)) : given;
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
    const trashed = (await Promise.all(this.#homes.all.map((home) => this.#trashed(home)))).flat();
    return [
      ...[...this.#entries.keys()].map((id) => ({ id, folder: this.folderOf(id), home: this.folderOf(id) })),
      ...trashed,
    ];
  }

  async #trashed(home: string) {
    return (await this.#trashOf(home).folders()).map(({ id, folder }) => ({ id, folder, home: join(home, id) }));
  }

  /** Puts the last good version in place of a damaged file, which stays as `machine.damaged.json`. */
  repair(id: MachineId): Promise<MachineConfig> {
    return this.#exclusively(async () => {
      const entry = this.entry(id);
      if (entry.kind !== 'damaged' || entry.previous === null)
        throw new FailureError('machine.wrongState', 'There is no earlier version of this machine’s settings to go back to.', { id });
      const folder = this.folderOf(id);
      const config = parseConfig(id, readBounded(join(folder, PREVIOUS)));
      await replaceFile(join(folder, 'machine.json'), textOf(config), { previous: join(folder, 'machine.damaged.json') });
      this.#entries.set(id, { kind: 'machine', id, config });
      return config;
    });
  }

  /** Puts the machine's folder into the trash and returns its name there; files elsewhere stay. */
  delete(id: MachineId): Promise<string> {
    return this.#exclusively(async () => {
      this.entry(id);
      const folder = this.folderOf(id);
      const name = await this.#trashOf(dirname(folder)).put(id, folder);
      this.#entries.delete(id);
      await this.#homes.forget(id);
      return name;
    });
  }

  /** Takes a machine back from the trash. */
  restore(name: string): Promise<MachineId> {
    return this.#exclusively(async () => {
      const home = await this.#homeOfTrashed(name);
      const id = await this.#trashOf(home).takeBack(name, (found) => join(home, found), (found) => this.#entries.has(found));
      await this.#homes.note(id, home);
      this.#entries.set(id, this.#read(id));
      return id;
    });
  }

  async #homeOfTrashed(name: string): Promise<string> {
    for (const home of this.#homes.all) if (await this.#trashOf(home).holds(name)) return home;
    return this.#homes.own;
  }

  #refuseErrors(settings: MachineSettings, id?: MachineId): void {
    const issues = this.validate(settings, id);
    if (!hasErrors(issues)) return;
    const first = issues.find((issue) => issue.severity === 'error');
    throw new FailureError('machine.invalidConfig', first?.phrase ?? '', {
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

  async #freeId(name: string, home: string): Promise<MachineId> {
    const stem = idFromName(name);
    for (let attempt = 1; attempt < 1000; attempt++) {
      const id = attempt === 1 ? stem : `${stem}-${attempt}`;
      if (!this.#entries.has(id) && !(await isThere(join(home, id))) && !(await isThere(this.folderOf(id)))) return id;
    }
    throw new FailureError('store.writeFailed', 'Too many machines have this name.');
  }

  #read(id: MachineId): RegistryEntry {
    const file = join(this.folderOf(id), 'machine.json');
    try {
      return { kind: 'machine', id, config: parseConfig(id, readBounded(file)) };
    } catch (error) {
      const { code, message, phrase } =
        error instanceof FailureError ? error : new FailureError('files.unreadable', cannot(file, 'read', systemErrorWords(error)));
      const isNewer = code === 'config.tooNew';
      const newer = isNewer ? this.#readNewer(file) : null;
      return { kind: 'damaged', id, file, message, phrase, newer, previous: isNewer ? null : this.#previousOf(id) };
    }
  }

  /** A newer file as far as this version understands it. */
  #readNewer(file: string): MachineSettings | null {
    return machineSettings.safeParse(parseJson(readBounded(file))).data ?? null;
  }

  #previousOf(id: MachineId): DamagedMachine['previous'] {
    const file = join(this.folderOf(id), PREVIOUS);
    try {
      const { name } = parseConfig(id, readBounded(file));
      return { name, savedMs: statSync(file).mtimeMs };
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

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(systemErrorCode)) !== 'ENOENT';
}

function textOf(config: MachineConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function worded(doing: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new FailureError('store.writeFailed', say`The machine’s folder could not be ${wordOf(doing)}: ${systemErrorWords(error)}.`);
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
      say`The machine’s file has a wrong value at “${field}”: ${issue?.message ?? ''}.`,
      { field },
    );
  }
  if (parsed.data.id !== id)
    throw new FailureError('config.unreadable', say`The machine’s file belongs to “${parsed.data.id}”.`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FailureError(
      'config.unreadable',
      say`The machine’s file is not valid JSON: ${systemErrorWords(error)}.`,
    );
  }
}

/** At once: with promises a hundred of these small files take ten times as long. */
function readBounded(file: string): string {
  const content = readFileSync(file);
  if (content.length > MAX_FILE_BYTES)
    throw new FailureError('config.unreadable', say`“${file}” is too large for a machine’s file.`);
  return content.toString('utf8');
}
