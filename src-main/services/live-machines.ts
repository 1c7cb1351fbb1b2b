// What snapshots need of a machine that runs, asked of its process as part of the job that is under way: with that job's
// progress, and given up when it is cancelled.

import type { MachineId } from '../../shared/machine/config.ts';
import type { MergeLayersInput, RelinkInput } from '../../shared/machine/layer-merge.ts';
import type { SavedState, SaveStateInput } from '../../shared/machine/saved-state.ts';
import { currentWatch, type JobWatch } from './job-watch.ts';
import type { MachineSupervisor } from './machine-supervisor.ts';

export interface LiveMachines {
  /** Writes the state and puts drives onto their new layers; see the machine contract. */
  saveState(id: MachineId, input: SaveStateInput): Promise<SavedState>;
  /** A PNG of the screen in base64, if there is one. */
  picture(id: MachineId): Promise<string | null>;
  /** These two as in the machine contract. */
  mergeLayers(id: MachineId, input: MergeLayersInput): Promise<void>;
  relink(id: MachineId, input: RelinkInput): Promise<void>;
}

export class SupervisedMachines implements LiveMachines {
  readonly #supervisor: MachineSupervisor;
  readonly #watches = new Map<MachineId, JobWatch>();

  constructor(supervisor: MachineSupervisor) {
    this.#supervisor = supervisor;
  }

  /** The machine's process says how far it is. */
  progress(id: MachineId, done: number, total: number): void {
    this.#watches.get(id)?.progress(done, total);
  }

  saveState(id: MachineId, input: SaveStateInput): Promise<SavedState> {
    return this.#watched(id, 'cancelSave', () => this.#supervisor.saveState(id, input));
  }

  async picture(id: MachineId): Promise<string | null> {
    return (await this.#supervisor.ask(id, 'screen', { png: true })).pngBase64;
  }

  mergeLayers(id: MachineId, input: MergeLayersInput): Promise<void> {
    return this.#watched(id, 'cancelMerge', () => this.#supervisor.mergeLayers(id, input));
  }

  relink(id: MachineId, input: RelinkInput): Promise<void> {
    return this.#supervisor.relink(id, input);
  }

  async #watched<T>(id: MachineId, cancelCall: 'cancelSave' | 'cancelMerge', work: () => Promise<T>): Promise<T> {
    const watch = currentWatch();
    const cancel = () => void this.#supervisor.ask(id, cancelCall).catch(String);
    if (watch) this.#watches.set(id, watch);
    watch?.signal.addEventListener('abort', cancel, { once: true });
    try {
      return await work();
    } finally {
      watch?.signal.removeEventListener('abort', cancel);
      this.#watches.delete(id);
    }
  }
}
