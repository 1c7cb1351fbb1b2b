// A machine with disks in a folder of its own and the store of its snapshots, over the real block layer in this process.
// Its operations on the disk are counted; at a chosen one the process "dies": that and all later ones are refused.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultSettings, type MachineConfig } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { openImage } from '../../src-main/engine/block/index.ts';
import { createImageHost } from '../../src-main/host/image-host.ts';
import { createEmptyImage } from '../../src-main/host/empty-image.ts';
import { MediaTools } from '../../src-main/host/media-tools.ts';
import { disposableNvram, DisposableRuns } from '../../src-main/services/disposable-runs.ts';
import { MachineRegistry } from '../../src-main/services/machine-registry.ts';
import { nodeSnapshotIo, type SnapshotIo, type SnapshotMedia } from '../../src-main/services/snapshot-io.ts';
import type { LiveMachines } from '../../src-main/services/live-machines.ts';
import { NvramStore } from '../../src-main/services/nvram-store.ts';
import { SnapshotStore } from '../../src-main/services/snapshot-store.ts';

export class Killed extends Error {}

const done = (work: Promise<void>): Promise<undefined> => work.then(() => undefined);

const CHANGING = ['replace', 'remove', 'makeFolder', 'makeDurable', 'copy', 'writeNew'] as const;

export class MortalIo {
  readonly io: SnapshotIo;
  operations = 0;
  readonly #deathAt: number;

  /** Dies before the operation of this number, counted from 0. */
  constructor(deathAt: number) {
    this.#deathAt = deathAt;
    const tools = new MediaTools(() => undefined);
    const media: SnapshotMedia = {
      createOverlay: (input) => this.step(() => tools.createOverlay(input)),
      mergeLayers: (input) => this.step(() => done(tools.mergeLayers(input))),
      setBacking: (input) => this.step(() => done(tools.setBacking(input))),
      convertImage: (input) => this.step(() => done(tools.convertImage(input))),
    };
    const real = nodeSnapshotIo(media) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const io: Record<string, unknown> = { ...real, media };
    for (const name of CHANGING) {
      const operation = real[name];
      if (operation) io[name] = (...args: unknown[]) => this.step(() => operation(...args));
    }
    this.io = io as unknown as SnapshotIo;
  }

  step<T>(work: () => Promise<T>): Promise<T> {
    return this.operations++ < this.#deathAt ? work() : Promise.reject(new Killed());
  }
}

export interface Opened {
  readonly registry: MachineRegistry;
  readonly store: SnapshotStore;
  readonly nvram: NvramStore;
  readonly runs: DisposableRuns;
  /** Of disposable runs. */
  readonly runNvram: NvramStore;
  readonly mortal: MortalIo;
}

/** The data folder as a new process finds it. */
export async function openData(dataFolder: string, deathAt = Number.POSITIVE_INFINITY, now?: () => number, live?: SavingMachines): Promise<Opened> {
  const registry = new MachineRegistry(dataFolder, 4096);
  await registry.load();
  const mortal = new MortalIo(deathAt);
  const cmos = { folderOf: (id: string) => registry.folderOf(id), warn: () => {} };
  const nvram = new NvramStore(cmos);
  const runNvram = disposableNvram(cmos);
  const store = new SnapshotStore({
    machines: {
      config: (id) => registry.config(id),
      folderOf: (id) => registry.folderOf(id),
      places: () => registry.places(),
      replace: (config) => mortal.step(() => registry.replace(config)),
    },
    io: mortal.io,
    nvram: (id) => nvram.read(id),
    isRunning: () => live !== undefined && live.isOver !== true,
    ...(live ? { live: mortalMachines(mortal, live) } : {}),
    ...(now ? { now } : {}),
  });
  const runs = new DisposableRuns({ store, io: mortal.io, nvram: runNvram, onChange: () => undefined });
  return { registry, store, nvram, runs, runNvram, mortal };
}

/** Machines that run; where nothing is said about their layers, these are not merged. */
type SavingMachines = Pick<LiveMachines, 'saveState' | 'picture'> & Partial<LiveMachines> & { readonly isOver?: boolean };

const unmerged = async () => {
  throw new FailureError('machine.unsupported', 'The layers of this machine are not merged.');
};

function mortalMachines(mortal: MortalIo, live: SavingMachines): LiveMachines {
  return {
    picture: (id) => live.picture(id),
    saveState: (id, input) => mortal.step(() => live.saveState(id, input)),
    mergeLayers: (id, input) => mortal.step(() => live.mergeLayers?.(id, input) ?? unmerged()),
    relink: (id, input) => mortal.step(() => live.relink?.(id, input) ?? unmerged()),
  };
}

export interface NewMachineDisk {
  readonly format: 'qcow2' | 'raw' | 'vdi';
  readonly bytes: number;
  /** Outside the machine's folder. */
  readonly outside?: string;
}

export async function makeMachine(dataFolder: string, disks: readonly NewMachineDisk[], name = 'Subject'): Promise<MachineConfig> {
  mkdirSync(dataFolder, { recursive: true });
  const { registry } = await openData(dataFolder);
  const path = (index: number, { format, outside }: NewMachineDisk) => outside ?? `disk${index}.${format}`;
  const settings = {
    ...defaultSettings(name),
    drives: disks.map((disk, index) => ({
      id: `disk${index}`, kind: 'disk' as const, bus: 'virtio' as const, slot: index, path: path(index, disk), format: disk.format, readOnly: false,
    })),
  };
  return registry.create(settings, async (folder) => {
    for (const [index, disk] of disks.entries())
      await createEmptyImage({ path: disk.outside ?? join(folder, path(index, disk)), format: disk.format, bytes: disk.bytes });
  });
}

/** Opens the disk as the machine would and lets `work` at it. */
export async function withDisk<T>(
  { registry, store }: Opened,
  id: string,
  drive: string,
  work: (disk: { read(offset: number, length: number): Promise<Uint8Array>; write(offset: number, bytes: Uint8Array): Promise<void>; zero(offset: number, length: number): Promise<void> }) => Promise<T>,
): Promise<T> {
  const found = registry.config(id).drives.find((one) => one.id === drive);
  const folders = await store.imageFolders(id);
  const image = await openImage(createImageHost({ folders }), {
    path: resolve(registry.folderOf(id), found?.path ?? ''),
    format: found?.format ?? undefined,
    write: true,
  });
  try {
    return await work({
      read: async (offset, length) => {
        const bytes = new Uint8Array(length);
        await image.read(offset, bytes);
        return bytes;
      },
      write: (offset, bytes) => image.write(offset, bytes),
      zero: (offset, length) => image.writeZeroes(offset, length, true),
    });
  } finally {
    await image.close();
  }
}
