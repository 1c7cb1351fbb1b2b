// Machines out of files that travel. The machine appears when it is whole; what fails or is cancelled leaves nothing.

import { basename, extname } from 'node:path';
import type { ApplianceNote, ApplianceSummary, ImportRequest } from '../../shared/appliance/appliance-view.ts';
import { defaultSettings, type MachineConfig, type MachineSettings } from '../../shared/machine/config.ts';
import { freeName } from '../../shared/machine/free-name.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { formatBytes } from '../../shared/units/bytes.ts';
import type { ApplianceMedia } from './media-work.ts';
import type { MachineRegistry } from './machine-registry.ts';

export interface ImporterOptions {
  readonly registry: Pick<MachineRegistry, 'createFrom' | 'list'>;
  readonly media: ApplianceMedia;
  readonly inspect: (request: { path: string; system?: string | undefined }) => Promise<ApplianceSummary>;
  /** Bytes that are free where machines are kept. */
  readonly freeBytes: () => Promise<number>;
}

export interface Imported {
  readonly config: MachineConfig;
  readonly notes: ApplianceNote[];
}

export async function importMachine({ registry, media, inspect, freeBytes }: ImporterOptions, request: ImportRequest): Promise<Imported> {
  const { path, system, verify, group, keepIdentity, folder: home } = request;
  const summary = await inspect({ path, system });
  const free = await freeBytes();
  if (summary.needsBytes > free)
    throw new FailureError('store.writeFailed', say`“${summary.name}” needs at least ${formatBytes(summary.needsBytes)}; ${formatBytes(free)} are free. Make room first.`, { path });
  const name = request.name.trim() === '' ? freeName(nameIn(summary, path), takenNames(registry)) : request.name;
  let notes: ApplianceNote[] = [];
  const suited = (settings: MachineSettings): MachineSettings => ({ ...settings, name, group: group === '' ? settings.group : group });
  // What is certain already is refused before anything is unpacked.
  const draft: MachineSettings = { ...defaultSettings(name), memoryMiB: summary.memoryMiB };
  const config = await registry.createFrom(draft, async (folder) => {
    const unpacked = await media.unpackAppliance({ path, folder, system, verify });
    notes = unpacked.notes;
    return { settings: suited(unpacked.settings), uuid: keepIdentity ? (unpacked.uuid ?? undefined) : undefined };
  }, home);
  return { config, notes };
}

function nameIn({ name }: ApplianceSummary, path: string): string {
  return name.trim() === '' ? basename(path, extname(path)) : name;
}

function takenNames(registry: Pick<MachineRegistry, 'list'>): string[] {
  return registry.list().flatMap((entry) => (entry.kind === 'machine' ? [entry.config.name] : []));
}
