// Machines into files that travel: which files a bundle has and what they are called in it, and which disks go into an
// OVF package. The machine is held still meanwhile; packing is a media process's work.

import { stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { ApplianceNote, ExportRequest } from '../../shared/appliance/appliance-view.ts';
import { BUNDLE_FORMAT, BUNDLE_VERSION, bundleName } from '../../shared/appliance/bundle.ts';
import type { DriveConfig, MachineConfig } from '../../shared/machine/config.ts';
import type { InputOf } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import type { MediaContract } from '../../shared/rpc/media-contract.ts';
import { chainOf, findLayer, findSnapshot, isOutside } from '../../shared/snapshot/snapshot-tree.ts';
import { type Opened, presentDisks } from './machine-disks.ts';
import type { ApplianceMedia } from './media-work.ts';
import { NVRAM_FILE } from './nvram-store.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface ExporterOptions {
  readonly store: SnapshotStore;
  readonly media: ApplianceMedia;
  readonly isRunning: (id: string) => boolean;
  readonly now?: () => number;
}

export interface Exported {
  readonly path: string;
  readonly bytes: number;
  readonly notes: ApplianceNote[];
}

/** The file is whole, or there is none. */
export function exportMachine(options: ExporterOptions, request: ExportRequest): Promise<Exported> {
  const { id, path, kind, snapshot } = request;
  return options.store.holding(id, async (opened) => {
    if (options.isRunning(id) && (kind === 'bundle' || snapshot === null))
      throw new FailureError('machine.wrongState', 'A running machine cannot be exported as it is now: switch it off, or export one of its snapshots.', { id });
    const notes = kind === 'bundle' ? await exportBundle(options, opened, request) : await exportOvf(options, opened, { ...request, kind });
    return { path, bytes: (await stat(path)).size, notes };
  });
}

type BundleFile = InputOf<MediaContract, 'packBundle'>['files'][number];

async function exportBundle({ store, media, now = Date.now }: ExporterOptions, opened: Opened, { id, path, withMedia }: ExportRequest): Promise<ApplianceNote[]> {
  const { files, config, tree } = opened;
  const notes: ApplianceNote[] = [];
  const names = new BundleNames();
  const packed = new Map<string, BundleFile>();
  const folders = [...new Set([files.folder, ...tree.layers.map((one) => dirname(files.absolute(one.path)))])].slice(0, 300);
  const add = (plain: string, stem: string, image: BundleFile['image']) => {
    const known = packed.get(plain);
    if (known) return known.name;
    const name = names.nameFor(plain, stem);
    packed.set(plain, { name, path: files.absolute(plain), image });
    return name;
  };
  const layers = tree.layers.map((one, index) => ({
    ...one,
    path: add(one.path, `base${index}`, { format: one.format, isLayer: one.parent !== null, folders }),
    foreign: false,
  }));
  for (const { drive, layer, unknownFormat } of presentDisks(files, config, tree))
    add(layer.path, drive, { format: unknownFormat ? null : layer.format, isLayer: layer.parent !== null, folders });
  const other = (file: string | null, stem: string) => (file === null ? null : add(files.plain(file), stem, null));
  const drive = (one: DriveConfig): DriveConfig => {
    if (one.path === null) return one;
    const known = packed.get(files.plain(one.path))?.name;
    if (known !== undefined) return { ...one, path: known };
    if (one.kind === 'disk') return { ...one, path: add(files.plain(one.path), one.id, { format: one.format, isLayer: false, folders }) };
    if (withMedia) return { ...one, path: other(one.path, one.id) };
    notes.push({ level: 'info', text: `Left out: the medium in “${one.id}”.` });
    return { ...one, path: null, format: null };
  };
  const withNames = (one: MachineConfig): MachineConfig => ({
    ...one,
    boot: { ...one.boot, kernel: other(one.boot.kernel, 'kernel'), initrd: other(one.boot.initrd, 'initrd') },
    drives: one.drives.map(drive),
  });
  const described = withNames(config);
  const said = notes.length;
  const snapshots = tree.snapshots.map((one) => ({
    ...one,
    config: withNames(one.config),
    state: other(one.state, 'state'),
    thumbnail: other(one.thumbnail, 'picture'),
  }));
  notes.length = said;
  if ((await store.nvram(id)) !== undefined) add(NVRAM_FILE, 'nvram', null);
  const saved = other(tree.saved, 'state');
  // They name each other by their files' names, which stay.
  const states = tree.states.flatMap((one) => {
    const [path, parent] = [other(one.path, 'state'), other(one.parent, 'state')];
    return path === null || parent === null ? [] : [{ ...one, path, parent }];
  });
  await media.packBundle({
    path,
    description: {
      format: BUNDLE_FORMAT,
      version: BUNDLE_VERSION,
      createdMs: now(),
      config: described,
      tree: { ...tree, layers, snapshots, saved, states, disposable: null },
    },
    files: [...packed.values()],
  });
  return notes;
}

/** Names of the machine's own files stay; those of others are made. */
class BundleNames {
  readonly #taken = new Set(['machine.json', 'checksums.sha256', 'snapshots/tree.json', 'snapshots/journal.json']);

  nameFor(plain: string, stem: string): string {
    const extension = /^\.[A-Za-z0-9]{1,10}$/.test(extname(plain)) ? extname(plain) : '';
    const own = !isOutside(plain) && bundleName.safeParse(plain).success ? [plain] : [];
    const made = Array.from({ length: 1000 }, (_, index) => `${stem}${index === 0 ? '' : `-${index}`}${extension}`);
    const name = [...own, ...made].find((one) => !this.#taken.has(one.toLowerCase()));
    if (name === undefined) throw new FailureError('store.writeFailed', 'The machine has too many files of one name.');
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

async function exportOvf({ media }: ExporterOptions, opened: Opened, request: ExportRequest & { kind: 'ovf' | 'ova' }): Promise<ApplianceNote[]> {
  const { files, tree } = opened;
  const found = request.snapshot === null ? undefined : findSnapshot(tree, request.snapshot);
  if (request.snapshot !== null && found === undefined) throw new FailureError('snapshot.notFound', 'This snapshot does not exist any more.');
  const config = found?.config ?? opened.config;
  const disks = found
    ? found.disks.flatMap(({ drive, layer: id }) => {
        const layer = findLayer(tree, id);
        return layer === undefined ? [] : [{ drive, layer, unknownFormat: false }];
      })
    : presentDisks(files, config, tree);
  const { notes } = await media.packOvf({
    path: request.path,
    kind: request.kind,
    config: { ...config, name: opened.config.name },
    disks: disks.map(({ drive, layer, unknownFormat }) => ({
      drive,
      path: files.absolute(layer.path),
      format: unknownFormat ? null : layer.format,
      folders: [...new Set([files.folder, ...chainOf(tree, layer.id).map((one) => dirname(files.absolute(one.path)))])].slice(0, 300),
    })),
  });
  return notes;
}
