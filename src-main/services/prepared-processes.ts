// Processes of machines that are about to be started: each loads what it needs while its machine is still being put in
// place. One whose machine is not started soon ends.

import type { MachineId } from '../../shared/machine/config.ts';
import type { LaunchProcess, ProcessHandle } from './process-handle.ts';

const LIFE_MS = 10_000;

export class PreparedProcesses {
  readonly #launch: LaunchProcess;
  readonly #lifeMs: number;
  readonly #waiting = new Map<MachineId, { readonly handle: ProcessHandle; readonly timer: NodeJS.Timeout }>();

  constructor(launch: LaunchProcess, lifeMs = LIFE_MS) {
    this.#launch = launch;
    this.#lifeMs = lifeMs;
  }

  prepare(id: MachineId, name: string): void {
    if (this.#waiting.has(id)) return;
    const handle = this.#launch('machine', name);
    this.#waiting.set(id, { handle, timer: setTimeout(() => this.drop(id), this.#lifeMs) });
    handle.channel.onClose(() => {
      if (this.#waiting.get(id)?.handle === handle) this.take(id);
    });
  }

  /** From then on it is the caller's. */
  take(id: MachineId): ProcessHandle | undefined {
    const found = this.#waiting.get(id);
    clearTimeout(found?.timer);
    this.#waiting.delete(id);
    return found?.handle;
  }

  drop(id: MachineId): void {
    this.take(id)?.kill();
  }

  dropAll(): void {
    for (const id of [...this.#waiting.keys()]) this.drop(id);
  }
}
