// Where machines keep their compiled code for the next start: files in a folder that only the user can enter. Never a machine's
// own folder, which may come from elsewhere: the files hold machine code (host/code-archive.ts).

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';

const FOLDER = 'compiled';

export class CompiledCode {
  readonly #folder: string;

  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, FOLDER);
  }

  /** Undefined where there can be no such file: the machine runs without. */
  async fileOf(id: MachineId): Promise<string | undefined> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      return this.#fileOf(id);
    } catch {
      return undefined;
    }
  }

  #fileOf(id: MachineId): string {
    return join(this.#folder, `${id}.code`);
  }

  /** The machine is gone. What cannot be removed is of no use, and does no harm. */
  async forget(id: MachineId): Promise<void> {
    await rm(this.#fileOf(id), { force: true }).catch(() => undefined);
  }
}
