// The calls about snapshots, over the store.

import type { MachineId } from '../../shared/machine/config.ts';
import type { MachineWork } from '../../shared/machine/jobs.ts';
import type { AppContract } from '../../shared/rpc/app-contract.ts';
import type { Handlers } from '../../shared/rpc/contract.ts';
import type { SnapshotTreeView } from '../../shared/snapshot/snapshot-view.ts';
import { type VerifierMedia, verifyMachine } from './machine-verifier.ts';
import type { Jobs } from './jobs.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface SnapshotCallsParts {
  readonly snapshots: SnapshotStore;
  readonly verifier: VerifierMedia;
  readonly jobs: Pick<Jobs, 'follow'>;
  /** Tells the windows of a machine's new settings. */
  readonly changed: (id: MachineId) => Promise<void>;
  readonly beforeStart: (id: MachineId, work: () => Promise<void>) => Promise<void>;
}

export class SnapshotCalls {
  readonly #parts: SnapshotCallsParts;

  constructor(parts: SnapshotCallsParts) {
    this.#parts = parts;
  }

  handlers() {
    const { snapshots, verifier, jobs } = this.#parts;
    return {
      'snapshots.list': ({ id }) => snapshots.view(id),
      'snapshots.take': ({ id, ...request }) => this.#after(id, this.#job(id, 'take', request.name, () => snapshots.take(id, request))),
      'snapshots.restore': ({ id, beforeStart, ...request }) => {
        const restore = () => this.#named(id, 'restore', request.snapshot, () => snapshots.restore(id, request));
        return this.#after(id, beforeStart ? this.#parts.beforeStart(id, restore) : restore());
      },
      'snapshots.edit': ({ id, snapshot, ...fields }) => this.#after(id, snapshots.edit(id, snapshot, fields)),
      'snapshots.deletePlan': ({ id, snapshot }) => snapshots.plan(id, snapshot),
      'snapshots.delete': ({ id, snapshot }) => this.#after(id, this.#named(id, 'delete', snapshot, () => snapshots.delete(id, snapshot))),
      'snapshots.diff': ({ id, from, to }) => snapshots.diff(id, from, to),
      'snapshots.setRetention': ({ id, days }) => this.#after(id, snapshots.setRetention(id, days)),
      'snapshots.setSchedule': ({ id, schedule }) => this.#after(id, snapshots.setSchedule(id, schedule)),
      'snapshots.verify': ({ id }) =>
        jobs.follow({ kind: 'verify', path: id, machine: id }, () => snapshots.holding(id, (opened) => verifyMachine(verifier, opened))),
      'snapshots.thumbnail': async ({ id, snapshot }) => ({ pngBase64: await snapshots.thumbnail(id, snapshot) }),
    } satisfies Partial<Handlers<AppContract>>;
  }

  /** What may take long is seen as a job. */
  #job<T>(id: MachineId, kind: MachineWork['kind'], name: string, work: () => Promise<T>): Promise<T> {
    return this.#parts.jobs.follow({ kind, path: name, machine: id }, work);
  }

  async #named<T>(id: MachineId, kind: MachineWork['kind'], snapshot: string, work: () => Promise<T>): Promise<T> {
    const { snapshots } = await this.#parts.snapshots.tree(id);
    return this.#job(id, kind, snapshots.find((one) => one.id === snapshot)?.name ?? snapshot, work);
  }

  async #after(id: MachineId, work: Promise<unknown>): Promise<SnapshotTreeView> {
    await work;
    await this.#parts.changed(id);
    return this.#parts.snapshots.view(id);
  }
}
