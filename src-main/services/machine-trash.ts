// Deleted machines, kept for a week: whole folders in a folder for them, named by when they came and what they were.

import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type MachineId, machineId } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';

const KEPT_MS = 7 * 24 * 3600 * 1000;
/** "1763720000000-debian-12": milliseconds since 1970 and the machine's id. */
const NAME = /^(\d{13})-([a-z0-9-]+)$/;

export class MachineTrash {
  readonly #folder: string;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Moves the folder here in one step; returns the name to bring it back by. */
  async put(id: MachineId, folder: string): Promise<string> {
    const name = `${this.#now()}-${id}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await rename(folder, join(this.#folder, name));
    } catch (error) {
      throw new FailureError('store.writeFailed', say`The machine could not be deleted: ${systemErrorWords(error)}.`, { id });
    }
    return name;
  }

  async holds(name: string): Promise<boolean> {
    return (await this.#names()).includes(name);
  }

  /** Moves it back; `place` says where a machine of this id belongs. Returns the id. */
  async takeBack(name: string, place: (id: MachineId) => string, isTaken: (id: MachineId) => boolean): Promise<MachineId> {
    const id = idOf(name);
    if (id === undefined) throw gone(name);
    if (isTaken(id)) throw there(id);
    const target = place(id);
    try {
      // A folder that is there would be replaced when it is empty.
      await mkdir(target);
      await rename(join(this.#folder, name), target);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'EEXIST') throw there(id);
      await rmdir(target).catch(systemErrorWords);
      if (code === 'ENOENT') throw gone(name);
      throw new FailureError('store.writeFailed', say`The machine could not be brought back: ${systemErrorWords(error)}.`, { id });
    }
    return id;
  }

  /** What has been here for long enough goes for good. */
  async purge(): Promise<void> {
    for (const name of await this.#names()) {
      const came = Number(NAME.exec(name)?.[1] ?? Number.POSITIVE_INFINITY);
      if (this.#now() - came > KEPT_MS) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  async folders(): Promise<{ readonly id: MachineId; readonly folder: string }[]> {
    return (await this.#names()).flatMap((name) => {
      const id = idOf(name);
      return id === undefined ? [] : [{ id, folder: join(this.#folder, name) }];
    });
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
}

function idOf(name: string): MachineId | undefined {
  const id = NAME.exec(name)?.[2];
  return machineId.safeParse(id).data;
}

function there(id: MachineId): FailureError {
  return new FailureError('store.writeFailed', say`There is a machine “${id}” again; rename or delete it first.`, { id });
}

function gone(name: string): FailureError {
  return new FailureError('machine.notFound', 'This machine is not in the trash any more.', { name });
}
