// The user's preferences in `preferences.json`. A damaged file is set aside and replaced by the defaults: losing a
// theme must not keep anybody from their machines.

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Preferences, preferences } from '../../shared/rpc/app-contract.ts';
import { systemErrorCode } from '../../shared/units/system-error.ts';
import { replaceFile, setAside } from './atomic-file.ts';

export const DEFAULT_PREFERENCES: Preferences = {
  theme: 'system',
  language: 'system',
  consoleScaling: 'fit',
  hostKey: 'ControlRight',
  keyCombinations: [],
  closeAction: 'ask',
  machineFolder: null,
  memoryReserveMiB: 256,
  collapsedGroups: [],
  thumbnails: true,
  window: {},
};

export class SettingsStore {
  readonly #file: string;
  readonly #folder: string;
  #current: Preferences = DEFAULT_PREFERENCES;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
    this.#file = join(dataFolder, 'preferences.json');
  }

  /** Returns a sentence for the user when the file cannot be used. */
  async load(): Promise<string | undefined> {
    await mkdir(this.#folder, { recursive: true });
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      this.#current = preferences.parse({ ...DEFAULT_PREFERENCES, ...(parsed as object) });
      return undefined;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      const why = error instanceof SyntaxError ? 'it is not valid JSON' : 'a value in it is wrong';
      return `“${this.#file}”, the file of preferences (${why}), could not be read and ${await setAside(this.#file)}`;
    }
  }

  get(): Preferences {
    return this.#current;
  }

  change(patch: Readonly<Record<string, unknown>>): Promise<Preferences> {
    const work = async () => {
      const given = Object.entries(patch).filter(([, value]) => value !== undefined);
      const next = preferences.parse({ ...this.#current, ...Object.fromEntries(given) });
      await replaceFile(this.#file, `${JSON.stringify(next, null, 2)}\n`);
      this.#current = next;
      return next;
    };
    const done = this.#queue.then(work, work);
    this.#queue = done.catch((error: unknown) => error);
    return done;
  }
}
