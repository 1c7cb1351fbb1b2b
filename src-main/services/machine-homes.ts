// The folders in which machines are kept: the application's own, whose content counts, and others that the user chose,
// whose machines `machine-folders.json` names. What lies in those folders besides is none of ours.

import { access, constants, mkdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import { machineFolders } from '../../shared/machine/machine-folders.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { type Clause, say, wordOf } from '../../shared/units/phrase.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile, setAside } from './atomic-file.ts';

export class MachineHomes {
  /** Where machines are kept unless the user says otherwise. */
  readonly own: string;
  readonly #dataFolder: string;
  readonly #file: string;
  #folders: readonly string[] = [];
  #machines: ReadonlyMap<MachineId, string> = new Map();

  constructor(dataFolder: string) {
    this.own = ownHome(dataFolder);
    this.#dataFolder = dataFolder;
    this.#file = join(dataFolder, 'machine-folders.json');
  }

  /** Returns a sentence for the user when the file cannot be used. */
  async load(): Promise<string | undefined> {
    await mkdir(this.own, { recursive: true });
    [this.#folders, this.#machines] = [[], new Map()];
    try {
      const { folders, machines } = machineFolders.parse(JSON.parse(await readFile(this.#file, 'utf8')));
      this.#folders = folders;
      this.#machines = new Map(Object.entries(machines));
      return undefined;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      return `“${this.#file}”, the list of machines in other folders, could not be read and ${await setAside(this.#file)}`;
    }
  }

  get all(): readonly string[] {
    return [this.own, ...this.#folders];
  }

  /** Those that are kept elsewhere than in the own folder. */
  get elsewhere(): ReadonlyMap<MachineId, string> {
    return this.#machines;
  }

  folderOf(id: MachineId): string {
    return join(this.#machines.get(id) ?? this.own, id);
  }

  /** On the same file system as the machines: deleting is one step. */
  trashOf(home: string): string {
    return home === this.own ? join(this.#dataFolder, 'trash') : join(home, '.boxwright-trash');
  }

  /** The machine is kept in that folder from now on. */
  async note(id: MachineId, home: string): Promise<void> {
    if (home === this.own) return this.forget(id);
    this.#folders = [...new Set([...this.#folders, home])];
    this.#machines = new Map(this.#machines).set(id, home);
    await this.#write();
  }

  async forget(id: MachineId): Promise<void> {
    if (!this.#machines.has(id)) return;
    const machines = new Map(this.#machines);
    machines.delete(id);
    this.#machines = machines;
    await this.#write();
  }

  #write(): Promise<void> {
    const text = JSON.stringify({ folders: this.#folders, machines: Object.fromEntries(this.#machines) }, null, 2);
    return replaceFile(this.#file, `${text}\n`);
  }
}

export function ownHome(dataFolder: string): string {
  return join(dataFolder, 'machines');
}

/** The folder's full name; fails when no machine could be put there. */
export async function usableHome(folder: string): Promise<string> {
  const refuse = (why: string | Clause) => new FailureError('files.notAFolder', say`Machines cannot be kept in “${folder}”: ${why}. Choose another folder.`, { path: folder });
  if (!isAbsolute(folder)) throw refuse(wordOf('give the whole path, from the root on'));
  try {
    const found = await stat(folder);
    if (!found.isDirectory()) throw refuse(wordOf('it is not a folder'));
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof FailureError ? error : refuse(systemErrorWords(error));
  }
  return resolve(folder);
}
