// The snapshots of a machine as a tree, and the layers of its disks: what `snapshots/tree.json` holds and what may be
// done to it, as pure functions. Files, journals and images are the services' business (snapshot-store.ts).

import { z } from 'zod';
import { driveId, IMAGE_FORMATS, type MachineConfig, machineConfig } from '../machine/config.ts';
import { nvramHex } from '../machine/nvram.ts';
import { snapshotSchedule } from './snapshot-schedule.ts';

export const TREE_SCHEMA = 1;
export const MAX_SNAPSHOT_NAME = 120;

export const snapshotId = z.uuid();
export type SnapshotId = z.infer<typeof snapshotId>;
const layerId = z.uuid();

/** Relative to the machine's folder where it lies inside it (or beside it, in a linked clone), else absolute. */
const layerPath = z.string().min(1).max(4096);

export const layer = z.looseObject({
  id: layerId,
  path: layerPath,
  format: z.enum(IMAGE_FORMATS),
  /** The layer it lies on; null: it is a whole disk. */
  parent: layerId.nullable(),
  /** Belongs to another machine, of which this one is a linked clone, or to the user: never written, never removed. */
  foreign: z.boolean().default(false),
  /** Its snapshot is gone: it may be merged away or removed as soon as at most one layer lies on it. */
  garbage: z.boolean().default(false),
  /** Size of its file while it held nothing; a larger one says that something was written. */
  emptyBytes: z.number().nonnegative().default(0),
});
export type Layer = z.infer<typeof layer>;

/** What a drive's disk was at a snapshot. */
const diskRef = z.looseObject({ drive: driveId, layer: layerId });

export const SNAPSHOT_KINDS = ['manual', 'automatic', 'before-restore', 'scheduled'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

export const snapshotName = z.string().trim().min(1).max(MAX_SNAPSHOT_NAME);
export const snapshotDescription = z.string().max(10_000);
export const snapshotTags = z.array(z.string().trim().min(1).max(40)).max(20);

export const snapshot = z.looseObject({
  id: snapshotId,
  parent: snapshotId.nullable(),
  name: z.string().max(MAX_SNAPSHOT_NAME),
  description: snapshotDescription.default(''),
  tags: snapshotTags.default([]),
  timeMs: z.number(),
  kind: z.enum(SNAPSHOT_KINDS),
  /** The settings at that time. */
  config: machineConfig,
  disks: z.array(diskRef).max(66),
  /** Memory and devices, for a machine that ran; null: it was off. Relative to the machine's folder. */
  state: layerPath.nullable().default(null),
  /** Its state is still being written; one that was never finished is taken back when the machine is opened next. */
  pending: z.boolean().default(false),
  /** CMOS memory; null: not known. */
  nvram: nvramHex.nullable().default(null),
  /** PNG picture of its screen. */
  thumbnail: layerPath.nullable().default(null),
});
export type Snapshot = z.infer<typeof snapshot>;

/** A state file that holds only what differs from another one, which stays for as long. */
const stateFile = z.looseObject({ path: layerPath, parent: layerPath });

export const snapshotTree = z.looseObject({
  schema: z.literal(TREE_SCHEMA),
  /** Parents stand before their children. */
  snapshots: z.array(snapshot).max(10_000),
  /** Likewise. */
  layers: z.array(layer).max(50_000),
  /** The snapshot the present state comes from: “you are here”. */
  current: snapshotId.nullable(),
  /** State the machine goes on from at its next start. */
  saved: layerPath.nullable().default(null),
  /** Those of the state files that lean on another. */
  states: z.array(stateFile).max(10_000).default([]),
  /** How long states are kept that a restore left behind; null: for ever. */
  keepBeforeRestoreDays: z.number().int().min(0).max(3650).nullable().default(14),
  /** Snapshots by the clock; null: none. */
  schedule: snapshotSchedule.nullable().default(null),
  /** The layers of a disposable run (disposable.ts), until it is decided what becomes of them. */
  disposable: z.array(z.unknown()).max(66).nullable().default(null),
});
export type SnapshotTree = z.infer<typeof snapshotTree>;

export const EMPTY_TREE: SnapshotTree = {
  schema: TREE_SCHEMA,
  snapshots: [],
  layers: [],
  current: null,
  saved: null,
  states: [],
  keepBeforeRestoreDays: 14,
  schedule: null,
  disposable: null,
};

/** A disk of the present state: its drive and the layer it writes to. */
export interface Disk {
  readonly drive: string;
  readonly layer: Layer;
  /** The layer's format is a guess: nobody has looked yet. */
  readonly unknownFormat?: boolean;
}

/** Disks are layered; CDs and floppies are media that come and go, and read-only disks do not change. */
export function isLayered({ kind, readOnly, path }: MachineConfig['drives'][number]): boolean {
  return kind === 'disk' && !readOnly && path !== null;
}

export function findSnapshot(tree: SnapshotTree, id: SnapshotId | null): Snapshot | undefined {
  return tree.snapshots.find((one) => one.id === id);
}

export function childrenOf(tree: SnapshotTree, id: SnapshotId | null): Snapshot[] {
  return tree.snapshots.filter(({ parent }) => parent === id);
}

export function findLayer(tree: SnapshotTree, id: string | null): Layer | undefined {
  return tree.layers.find((one) => one.id === id);
}

/** The layer and those it lies on, top first. */
export function chainOf(tree: SnapshotTree, id: string | null): Layer[] {
  const chain: Layer[] = [];
  for (let next = findLayer(tree, id); next !== undefined && !chain.includes(next); next = findLayer(tree, next.parent))
    chain.push(next);
  return chain;
}

/** “Snapshot N” with the first number that is free. */
export function nextName(tree: { readonly snapshots: readonly { readonly name: string }[] }, word = 'Snapshot'): string {
  const taken = new Set(tree.snapshots.map(({ name }) => name));
  let number = tree.snapshots.length + 1;
  while (taken.has(`${word} ${number}`)) number += 1;
  return `${word} ${number}`;
}

/** The configuration with other images in its drives. */
export function withDisks<C extends Pick<MachineConfig, 'drives'>>(config: C, disks: readonly Pick<Disk, 'drive' | 'layer'>[]): C {
  return {
    ...config,
    drives: config.drives.map((drive) => {
      const found = disks.find((disk) => disk.drive === drive.id);
      return found === undefined ? drive : { ...drive, path: found.layer.path, format: found.layer.format };
    }),
  };
}

/** The tree with a snapshot of the present disks, which new, empty layers take the place of; its place is found here. */
export function withSnapshot(
  tree: SnapshotTree,
  taken: Snapshot,
  disks: readonly Disk[],
  overlays: readonly Disk[],
): SnapshotTree {
  const refs = disks.map(({ drive, layer: { id } }) => ({ drive, layer: id }));
  const entry: Snapshot = { ...taken, parent: tree.current, disks: refs };
  return {
    ...tree,
    layers: withLayers(tree.layers, [...disks, ...overlays].map((disk) => disk.layer)),
    snapshots: [...tree.snapshots, entry],
    current: entry.id,
    saved: null,
  };
}

/** The tree when the machine stands at a snapshot, with new layers on its disks; `left`: present layers nobody keeps; `saved`: where it goes on. */
export function atSnapshot(
  tree: SnapshotTree,
  id: SnapshotId,
  overlays: readonly Disk[],
  left: readonly Disk[],
  saved: string | null = null,
): SnapshotTree {
  const dropped = new Set(left.map((disk) => disk.layer.id));
  const layers = withLayers(tree.layers, [...left, ...overlays].map((disk) => disk.layer));
  return {
    ...tree,
    layers: layers.map((one) => (dropped.has(one.id) ? { ...one, garbage: true } : one)),
    current: id,
    saved,
  };
}

/** The tree without a snapshot; its children become its parent's. Layers stay until `nextCleanUp` says otherwise. */
export function withoutSnapshot(tree: SnapshotTree, id: SnapshotId): SnapshotTree {
  const gone = findSnapshot(tree, id);
  if (gone === undefined) return tree;
  const snapshots = tree.snapshots
    .filter((one) => one !== gone)
    .map((one) => (one.parent === id ? { ...one, parent: gone.parent } : one));
  const used = new Set(snapshots.flatMap(({ disks }) => disks.map((disk) => disk.layer)));
  const freed = new Set(gone.disks.map((disk) => disk.layer).filter((one) => !used.has(one)));
  return {
    ...tree,
    snapshots,
    layers: tree.layers.map((one) => (freed.has(one.id) ? { ...one, garbage: true } : one)),
    current: tree.current === id ? gone.parent : tree.current,
  };
}

/** Longer ones are not made: a state that only others lean on takes room, and each may hold some of the memory. */
const MAX_STATE_CHAIN = 8;

/** A state file and those it leans on. */
export function stateChain(tree: SnapshotTree, path: string | null): string[] {
  const chain: string[] = [];
  for (let next = path; next !== null && !chain.includes(next); ) {
    const at: string = next;
    chain.push(at);
    next = tree.states.find((one) => one.path === at)?.parent ?? null;
  }
  return chain;
}

/** The state files that the tree needs. */
export function keptStates(tree: SnapshotTree): Set<string> {
  return new Set([tree.saved, ...tree.snapshots.map(({ state }) => state)].flatMap((path) => stateChain(tree, path)));
}

/** The state that the next one may lean on: the present one's nearest, of a machine with as much memory. */
export function parentState(tree: SnapshotTree, { memoryMiB, display }: MachineConfig): string | null {
  const from = findSnapshot(tree, tree.current);
  if (from === undefined || from.state === null || from.pending) return null;
  if (from.config.memoryMiB !== memoryMiB || from.config.display.memoryMiB !== display.memoryMiB) return null;
  return stateChain(tree, from.state).length < MAX_STATE_CHAIN ? from.state : null;
}

/** `after` with only the states that it needs, and the files of `before` that it does not. */
export function withoutStates(before: SnapshotTree, after: SnapshotTree): { readonly tree: SnapshotTree; readonly removes: string[] } {
  const kept = keptStates(after);
  return {
    tree: { ...after, states: after.states.filter(({ path }) => kept.has(path)) },
    removes: [...keptStates(before)].filter((path) => !kept.has(path)),
  };
}

export interface CleanUpFacts {
  /** The layers the present state writes to. */
  readonly inUse: ReadonlySet<string>;
  /** Layers that linked clones lie on. */
  readonly pinned: ReadonlySet<string>;
  /** Bytes a layer's file takes. */
  sizeOf(layer: Layer): number;
}

export type CleanUp =
  | { readonly kind: 'drop'; readonly layer: Layer }
  /** `forward`: the lower one's content goes into the upper one; `backward`: the other way, whose name then remains. */
  | { readonly kind: 'merge'; readonly direction: 'forward' | 'backward'; readonly lower: Layer; readonly upper: Layer };

/** The next layer that can go, and how; undefined: what is there is needed. */
export function nextCleanUp(tree: SnapshotTree, facts: CleanUpFacts): CleanUp | undefined {
  for (const one of tree.layers) {
    if (!one.garbage || one.foreign || facts.pinned.has(one.id) || facts.inUse.has(one.id)) continue;
    const [upper, other] = tree.layers.filter(({ parent }) => parent === one.id);
    if (upper === undefined) return { kind: 'drop', layer: one };
    if (other !== undefined) continue;
    return { kind: 'merge', direction: directionOf(one, upper, facts), lower: one, upper };
  }
  return undefined;
}

const READ_ONLY_FORMATS: readonly string[] = ['dmg', 'gzip'];

function directionOf(lower: Layer, upper: Layer, { pinned, sizeOf }: CleanUpFacts): 'forward' | 'backward' {
  if (READ_ONLY_FORMATS.includes(lower.format) || pinned.has(upper.id)) return 'forward';
  // The user's own file outside the folder is where the disk is looked for when the last snapshot is gone.
  if (isOutside(lower.path)) return 'backward';
  return sizeOf(upper) <= sizeOf(lower) ? 'backward' : 'forward';
}

export interface MergeResult {
  readonly tree: SnapshotTree;
  /** Overlays whose header must name another file behind them. */
  readonly rebases: readonly { readonly layer: Layer; readonly onto: Layer | undefined }[];
  /** Paths of files nobody needs any more. */
  readonly removes: readonly string[];
}

/** The tree after a clean-up whose data has been copied. */
export function cleanedUp(tree: SnapshotTree, step: CleanUp): MergeResult {
  if (step.kind === 'drop')
    return {
      tree: { ...tree, layers: tree.layers.filter(({ id }) => id !== step.layer.id) },
      rebases: [],
      // A disk that the user made or brought stays, as it does when it is taken out of the settings.
      removes: step.layer.parent === null ? [] : removable(step.layer),
    };
  const { lower, upper } = step;
  const others = tree.layers.filter(({ id }) => id !== lower.id);
  if (step.direction === 'forward') {
    const merged = { ...upper, parent: lower.parent };
    return {
      tree: { ...tree, layers: others.map((one) => (one.id === upper.id ? merged : one)) },
      rebases: [{ layer: merged, onto: findLayer(tree, lower.parent) }],
      removes: removable(lower),
    };
  }
  const merged: Layer = { ...upper, path: lower.path, format: lower.format, parent: lower.parent, emptyBytes: lower.emptyBytes };
  return {
    tree: { ...tree, layers: others.map((one) => (one.id === upper.id ? merged : one)) },
    rebases: others.filter(({ parent }) => parent === upper.id).map((one) => ({ layer: one, onto: merged })),
    removes: removable(upper),
  };
}

/** Files outside the machine's folder are the user's. */
function removable({ path, foreign }: Layer): string[] {
  return foreign || isOutside(path) ? [] : [path];
}

export function isOutside(path: string): boolean {
  return /^([/\\]|[A-Za-z]:|\.\.([/\\]|$))/.test(path);
}

/** States that a restore left behind long ago and nobody built upon. */
export function expired(tree: SnapshotTree, nowMs: number): Snapshot[] {
  const days = tree.keepBeforeRestoreDays;
  if (days === null) return [];
  return tree.snapshots.filter(
    ({ id, kind, timeMs }) =>
      kind === 'before-restore' && id !== tree.current && childrenOf(tree, id).length === 0 && nowMs - timeMs > days * 86_400_000,
  );
}

/** Later ones take the place of those with the same id. */
function withLayers(layers: readonly Layer[], added: readonly Layer[]): Layer[] {
  const all = new Map(layers.map((one) => [one.id, one]));
  for (const one of added) if (!all.has(one.id)) all.set(one.id, one);
  return [...all.values()];
}

/** What is wrong with a tree that was read: references into nothing, circles, two of one id. */
export function treeFault(tree: SnapshotTree): string | undefined {
  const snapshots = new Set<string>();
  for (const { id, parent, name } of tree.snapshots) {
    if (snapshots.has(id)) return `two snapshots have the id ${id}`;
    if (parent !== null && !snapshots.has(parent)) return `the parent of “${name}” does not stand before it`;
    snapshots.add(id);
  }
  if (tree.current !== null && !snapshots.has(tree.current)) return 'the current snapshot does not exist';
  const layers = new Set<string>();
  for (const { id, parent, path } of tree.layers) {
    if (layers.has(id)) return `two layers have the id ${id}`;
    // Hence no circles.
    if (parent !== null && !layers.has(parent)) return `the layer “${path}” does not stand behind the one it lies on`;
    layers.add(id);
  }
  for (const { name, disks } of tree.snapshots)
    if (disks.some((disk) => !layers.has(disk.layer))) return `“${name}” has a disk whose layer does not exist`;
  return undefined;
}
