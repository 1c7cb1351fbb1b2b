// Changes of settings that wait until their machine is off: `machine.pending.json` in its folder. They are put into the
// configuration when its run has ended and no state of it is saved. What cannot be read is put aside and named.

import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type MachineId, type MachineSettings, settingsOf } from '../../shared/machine/config.ts';
import { heldKeys, LIVE_KEYS, type PendingSettings, pendingOf, pendingSettings, withPending } from '../../shared/machine/pending-settings.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile } from './atomic-file.ts';
import type { MachineRegistry } from './machine-registry.ts';

const FILE = 'machine.pending.json';
const DAMAGED = 'machine.pending.damaged.json';

export class PendingChanges {
  readonly #registry: MachineRegistry;
  readonly #warn: (id: MachineId, message: string) => void;
  readonly #changes = new Map<MachineId, PendingSettings>();

  constructor(registry: MachineRegistry, warn: (id: MachineId, message: string) => void) {
    this.#registry = registry;
    this.#warn = warn;
  }

  of(id: MachineId): PendingSettings | null {
    return this.#changes.get(id) ?? null;
  }

  async load(ids: readonly MachineId[]): Promise<void> {
    // Most have none. A promise for each of them would take ten times as long.
    await Promise.all(ids.filter((id) => existsSync(this.#fileOf(id))).map((id) => this.#read(id)));
  }

  async #read(id: MachineId): Promise<void> {
    const path = this.#fileOf(id);
    try {
      const found = pendingSettings.safeParse(parseJson(await readFile(path, 'utf8')));
      if (found.success) {
        if (Object.keys(found.data).length > 0) this.#changes.set(id, found.data);
        return;
      }
      await rename(path, join(this.#registry.folderOf(id), DAMAGED));
      this.#warn(id, `“${path}” is damaged and was renamed to “${DAMAGED}”. The changes in it are not made.`);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') this.#warn(id, `“${path}” cannot be read: ${systemErrorWords(error)}. The changes in it are not made.`);
    }
  }

  /** Changes at once what can be, keeps the rest, and fails for what can be neither. */
  async put(id: MachineId, wanted: MachineSettings): Promise<void> {
    const now = settingsOf(this.#registry.config(id));
    const held = heldKeys(now, wanted);
    if (held.length > 0)
      throw new FailureError('machine.wrongState', say`This can be changed only while the machine is off: ${held.join(', ')}.`, { id });
    const fault = this.#registry.validate(wanted, id).find(({ severity }) => severity === 'error');
    if (fault) throw new FailureError('machine.invalidConfig', fault.phrase, { issue: fault.code, field: fault.field });
    const live = Object.fromEntries(LIVE_KEYS.map((key) => [key, wanted[key]]));
    await this.#registry.update(id, (present) => ({ ...present, ...live }));
    const pending = pendingOf(now, wanted);
    if (Object.keys(pending).length === 0) return this.#drop(id);
    await replaceFile(this.#fileOf(id), `${JSON.stringify(pending, null, 2)}\n`);
    this.#changes.set(id, pending);
  }

  /** The machine is off: what waited becomes part of its settings. Answers whether there was anything. */
  async apply(id: MachineId): Promise<boolean> {
    const pending = this.#changes.get(id);
    if (pending === undefined) return false;
    await this.#registry.update(id, (now) => withPending(now, pending));
    await this.#drop(id);
    return true;
  }

  forget(id: MachineId): void {
    this.#changes.delete(id);
  }

  async #drop(id: MachineId): Promise<void> {
    this.#changes.delete(id);
    await rm(this.#fileOf(id), { force: true });
  }

  #fileOf(id: MachineId): string {
    return join(this.#registry.folderOf(id), FILE);
  }
}
