// The calls that make files of machines and machines of files, and clone them, each as a job that the window shows.

import { statfs } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { ApplianceNote } from '../../shared/appliance/appliance-view.ts';
import type { MachineId } from '../../shared/machine/config.ts';
import type { MachineView } from '../../shared/machine/view.ts';
import type { AppContract } from '../../shared/rpc/app-contract.ts';
import type { Handlers } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { currentWatch } from './job-watch.ts';
import type { Jobs } from './jobs.ts';
import { cloneMachine } from './machine-cloner.ts';
import { exportMachine } from './machine-exporter.ts';
import { usableHome } from './machine-homes.ts';
import { importMachine } from './machine-importer.ts';
import type { MachineRegistry } from './machine-registry.ts';
import { makeIndependent } from './make-independent.ts';
import type { MediaWork } from './media-work.ts';
import type { SnapshotIo } from './snapshot-io.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface ApplianceCallsParts {
  readonly registry: MachineRegistry;
  readonly store: SnapshotStore;
  readonly io: SnapshotIo;
  readonly media: MediaWork;
  readonly jobs: Jobs;
  /** Where new machines are put. */
  readonly machineFolder: () => string;
  readonly isRunning: (id: MachineId) => boolean;
  /** Tells the windows of a machine. */
  readonly announce: (id: MachineId) => MachineView;
}

export function applianceCalls({ registry, store, io, media, jobs, machineFolder, isRunning, announce }: ApplianceCallsParts) {
  const packing = media.forAppliances();
  return {
    'machines.export': async (request) => {
      const wanted = { ...request, path: resolve(request.path) };
      return jobs.follow({ kind: 'export', path: wanted.path, machine: request.id }, () => logged(exportMachine({ store, media: packing, isRunning }, wanted)));
    },
    'machines.inspectImport': ({ path, system }) => media.inspectAppliance({ path: resolve(path), system }),
    'machines.import': async (request) => {
      const options = {
        registry,
        media: packing,
        inspect: (wanted: { path: string; system?: string | undefined }) => media.inspectAppliance(wanted),
        freeBytes: async () => {
          const { bavail, bsize } = await statfs(request.folder === undefined ? machineFolder() : await usableHome(request.folder));
          return bavail * bsize;
        },
      };
      const path = resolve(request.path);
      const { config, notes } = await jobs.follow({ kind: 'import', path, machine: null }, () => logged(importMachine(options, { ...request, path })));
      return { machine: announce(config.id), notes };
    },
    'machines.clone': async (request) => {
      const work = () => cloneMachine({ machines: registry, io, store }, request);
      const { id } = await jobs.follow({ kind: 'clone', path: basename(request.name), machine: request.id }, work);
      announce(request.id);
      return announce(id);
    },
    'machines.makeIndependent': async ({ id }) => {
      await jobs.follow({ kind: 'independent', path: basename(registry.config(id).name), machine: id }, () => makeIndependent({ store, io, isRunning }, id));
      return announce(id);
    },
    'machines.setTemplate': async ({ id, template }) => {
      if (isRunning(id)) throw new FailureError('machine.wrongState', 'This cannot be done while the machine is running.', { id });
      await registry.update(id, ({ template: _before, ...settings }) => (template ? { ...settings, template } : settings));
      return announce(id);
    },
  } satisfies Partial<Handlers<AppContract>>;
}

/** What was left out stands in the job's log too. */
async function logged<T extends { readonly notes: readonly ApplianceNote[] }>(work: Promise<T>): Promise<T> {
  const result = await work;
  for (const { text } of result.notes) currentWatch()?.log(text);
  return result;
}
