// The CMOS memory of machines that are switched off: `nvram.json` in a folder. What cannot be read is put aside and
// named, and the machine starts as a new one does. In memory only until it is on the disk.

import { createHash } from 'node:crypto';
import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import { nvramFile } from '../../shared/machine/nvram.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile } from './atomic-file.ts';

export const NVRAM_FILE = 'nvram.json';
const DAMAGED = 'nvram.damaged.json';
const MAX_BYTES = 4096;

export interface NvramOptions {
  readonly folderOf: (id: MachineId) => string;
  readonly warn: (id: MachineId, message: string) => void;
  /** What follows where it cannot be used, as a sentence. */
  readonly otherwise?: string;
}

const OTHERWISE = 'The machine starts with empty CMOS memory.';

export class NvramStore {
  readonly #options: NvramOptions;
  readonly #writing = new Map<MachineId, Promise<void>>();

  constructor(options: NvramOptions) {
    this.#options = options;
  }

  /** Written behind what was given before. */
  put(id: MachineId, hex: string): void {
    const { folderOf, warn } = this.#options;
    const before = this.#writing.get(id) ?? Promise.resolve();
    const write = before
      .then(() => replaceFile(join(folderOf(id), NVRAM_FILE), nvramText(hex)))
      .catch((error: unknown) => warn(id, (error as Error).message));
    this.#writing.set(id, write);
  }

  /** What was put last; undefined: nothing that could be used. */
  async read(id: MachineId): Promise<string | undefined> {
    await this.#writing.get(id);
    const path = join(this.#options.folderOf(id), NVRAM_FILE);
    try {
      const text = (await stat(path)).size > MAX_BYTES ? '' : await readFile(path, 'utf8');
      const hex = parseNvram(text);
      if (hex === undefined) await this.#putAside(id, path);
      return hex;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') this.#options.warn(id, `“${path}” cannot be read: ${systemErrorWords(error)}. ${this.#otherwise}`);
      return undefined;
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  get #otherwise(): string {
    return this.#options.otherwise ?? OTHERWISE;
  }

  async #putAside(id: MachineId, path: string): Promise<void> {
    const { folderOf, warn } = this.#options;
    await rename(path, join(folderOf(id), DAMAGED));
    warn(id, `“${path}” is damaged and was renamed to “${DAMAGED}”. ${this.#otherwise}`);
  }
}

export function nvramText(hex: string): string {
  return `${JSON.stringify({ format: 1, cmos: hex, sha256: digest(hex) })}\n`;
}

function parseNvram(text: string): string | undefined {
  const parsed = nvramFile.safeParse(parseJson(text));
  return parsed.success && parsed.data.sha256 === digest(parsed.data.cmos) ? parsed.data.cmos : undefined;
}

const digest = (hex: string): string => createHash('sha256').update(hex, 'hex').digest('hex');
