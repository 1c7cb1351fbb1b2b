// Takes the snapshots that schedules ask for. When one is due follows from the tree on the disk and the machine's start
// alone, so nothing is forgotten when the service is started again.

import type { MachineId } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { nextDue } from '../../shared/snapshot/snapshot-schedule.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface AutoSnapshotsOptions {
  readonly store: Pick<SnapshotStore, 'tree' | 'takeScheduled' | 'isBusy'>;
  /** Machines that run, and since when. */
  readonly running: () => readonly { readonly id: MachineId; readonly startedAtMs: number }[];
  /** Deletes those beyond what the schedule keeps. */
  readonly dropScheduled: (id: MachineId) => Promise<void>;
  readonly onTaken: (id: MachineId) => void;
  readonly onFailure: (id: MachineId, message: string) => void;
  readonly now?: () => number;
}

const LOOK_MS = 10_000;

export class AutoSnapshots {
  readonly #options: AutoSnapshotsOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  /** After a failure the next attempt waits as long as after a success. */
  readonly #attempts = new Map<MachineId, number>();
  readonly #looking = new Set<MachineId>();

  constructor(options: AutoSnapshotsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Takes what is due now. A machine whose disks take long to merge keeps no other one waiting. */
  async look(): Promise<void> {
    const idle = this.#options.running().filter(({ id }) => !this.#looking.has(id));
    await Promise.all(idle.map(({ id, startedAtMs }) => this.#lookAt(id, startedAtMs)));
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #lookAt(id: MachineId, startedAtMs: number): Promise<void> {
    const { store, dropScheduled, onTaken, onFailure } = this.#options;
    this.#looking.add(id);
    try {
      const since = Math.max(startedAtMs, this.#attempts.get(id) ?? 0);
      const due = nextDue(await store.tree(id), since);
      if (due === undefined || this.#now() < due || store.isBusy(id)) return;
      this.#attempts.set(id, this.#now());
      await store.takeScheduled(id);
      onTaken(id);
      await dropScheduled(id);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      onFailure(id, `The scheduled snapshot was not taken: ${error.message}`);
    } finally {
      this.#looking.delete(id);
    }
  }
}
