// Clones of machines: full ones, whose disks are copies, and linked ones, whose disks lie on a snapshot of the original
// and take room only for what changes. A clone appears when it is whole; the original is held still meanwhile.

import { randomUUID } from 'node:crypto';
import { dirname, join, posix, resolve } from 'node:path';
import { type MachineConfig, type MachineId, type MachineSettings, settingsOf } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import {
  chainOf,
  type Disk,
  EMPTY_TREE,
  findLayer,
  findSnapshot,
  isLayered,
  isOutside,
  type Layer,
  type SnapshotId,
  type SnapshotTree,
  withDisks,
} from '../../shared/snapshot/snapshot-tree.ts';
import { type Opened, presentDisks } from './machine-disks.ts';
import { NVRAM_FILE, nvramText } from './nvram-store.ts';
import { SNAPSHOT_FOLDER } from './snapshot-files.ts';
import type { SnapshotIo } from './snapshot-io.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface CloneRequest {
  readonly id: MachineId;
  /** null: the present state. */
  readonly snapshot: SnapshotId | null;
  readonly name: string;
  readonly linked: boolean;
  readonly keepIdentity: boolean;
}

export interface ClonerOptions {
  readonly machines: {
    createFrom(
      draft: MachineSettings,
      fill: (folder: string) => Promise<{ readonly settings: MachineSettings; readonly uuid?: string | undefined }>,
    ): Promise<MachineConfig>;
  };
  readonly io: SnapshotIo;
  readonly store: SnapshotStore;
}

interface Source extends Opened {
  readonly config: MachineConfig;
  readonly disks: readonly Disk[];
  readonly nvram: string | undefined;
}

export function cloneMachine({ machines, io, store }: ClonerOptions, request: CloneRequest): Promise<MachineConfig> {
  const { name, linked, keepIdentity } = request;
  return store.holding(request.id, async (opened, take) => {
    const source = await sourceOf(opened, request, take, store);
    const settings = { ...settingsOf(source.config), name };
    return machines.createFrom(settings, async (folder) => {
      const fill = linked ? linkedDisks : copiedDisks;
      const config = await fill(io, source, folder);
      if (source.nvram !== undefined) await io.replace(join(folder, NVRAM_FILE), nvramText(source.nvram));
      const own = withOwnPaths(config, source);
      const { template: _template, ...settled } = settingsOf(own);
      return { settings: { ...settled, name }, uuid: keepIdentity ? source.config.uuid : undefined };
    });
  });
}

async function sourceOf(
  opened: Opened,
  { id, snapshot, name, linked }: CloneRequest,
  take: (request: { name: string; kind: 'automatic'; description: string }) => Promise<Opened>,
  store: SnapshotStore,
): Promise<Source> {
  if (snapshot === null && !linked) return { ...opened, disks: presentDisks(opened.files, opened.config, opened.tree), nvram: await store.nvram(id) };
  // What a linked clone lies on must not change any more.
  const held = snapshot === null ? await take({ name: `Linked base of “${name}”`.slice(0, 120), kind: 'automatic', description: '' }) : opened;
  const found = findSnapshot(held.tree, snapshot ?? held.tree.current);
  if (found === undefined) throw new FailureError('snapshot.notFound', 'This snapshot does not exist any more.');
  const disks = found.disks.flatMap(({ drive, layer: id }) => {
    const layer = findLayer(held.tree, id);
    return layer === undefined ? [] : [{ drive, layer }];
  });
  return { ...held, config: found.config, disks, nvram: found.nvram ?? undefined };
}

async function copiedDisks(io: SnapshotIo, { files, tree, config, disks }: Source, folder: string): Promise<MachineConfig> {
  const copies: Disk[] = [];
  for (const { drive, layer, unknownFormat } of disks) {
    const [from, chain] = [files.absolute(layer.path), chainOf(tree, layer.id)];
    const plain = layer.parent === null && !unknownFormat;
    const path = `${drive}.${plain ? layer.format : 'qcow2'}`;
    const target = join(folder, path);
    // One file is copied as it is, which shares its blocks where the file system can.
    if (plain) await io.copy(from, target);
    else
      await io.media.convertImage({
        job: randomUUID(),
        source: from,
        ...(unknownFormat ? {} : { sourceFormat: layer.format }),
        target,
        targetFormat: 'qcow2',
        folders: [files.folder, ...chain.map((one) => dirname(files.absolute(one.path)))],
        compressed: false,
        options: {},
      });
    await io.makeDurable(target);
    copies.push({ drive, layer: { ...layer, path, format: plain ? layer.format : 'qcow2' } });
  }
  return withDisks(config, copies);
}

async function linkedDisks(io: SnapshotIo, { files, tree, config, disks }: Source, folder: string): Promise<MachineConfig> {
  const overlays: Disk[] = [];
  const layers = new Map<string, Layer>();
  await io.makeFolder(join(folder, SNAPSHOT_FOLDER));
  for (const { drive, layer } of disks) {
    const chain = chainOf(tree, layer.id).reverse();
    // Both machines stand side by side, and so stay reachable when they are moved together.
    const place = (path: string) => (isOutside(path) && !path.startsWith('..') ? path : posix.normalize(`../${posix.basename(files.folder)}/${path}`));
    for (const one of chain) layers.set(one.id, { ...one, path: place(one.path), foreign: true, garbage: false });
    const id = randomUUID();
    const path = `${SNAPSHOT_FOLDER}/${id}.qcow2`;
    const name = place(layer.path);
    const made = await io.media.createOverlay({
      path: join(folder, path),
      backing: { path: files.absolute(layer.path), name: name.startsWith('..') ? `../${name}` : name, format: layer.format },
      folders: [files.folder, ...chain.map((one) => dirname(files.absolute(one.path)))],
    });
    await io.makeDurable(join(folder, path));
    overlays.push({ drive, layer: { id, path, format: 'qcow2', parent: layer.id, foreign: false, garbage: false, emptyBytes: made.emptyBytes } });
  }
  const own: SnapshotTree = { ...EMPTY_TREE, layers: [...layers.values(), ...overlays.map((disk) => disk.layer)] };
  await io.replace(join(folder, SNAPSHOT_FOLDER, 'tree.json'), `${JSON.stringify(own, null, 2)}\n`);
  return withDisks(config, overlays);
}

/** Media in the original's folder are still those; disks that are only read as well. */
function withOwnPaths(config: MachineConfig, { files }: Source): MachineConfig {
  const shared = (path: string | null) => (path === null ? null : resolve(files.folder, path));
  return {
    ...config,
    boot: { ...config.boot, kernel: shared(config.boot.kernel), initrd: shared(config.boot.initrd) },
    drives: config.drives.map((drive) => (isLayered(drive) ? drive : { ...drive, path: shared(drive.path) })),
  };
}
