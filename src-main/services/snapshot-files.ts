// A machine's `snapshots/` folder: the tree, and the journal that carries a change of tree, settings and headers over a
// crash. New files are made before a change is written into the journal, and are leftovers until then; from then on the
// change is made, whoever opens the machine next. Every step may be made twice.

import { existsSync } from 'node:fs';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { MachineConfig } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { type SnapshotJournal, snapshotJournal } from '../../shared/snapshot/snapshot-journal.ts';
import { disposableOf } from '../../shared/snapshot/disposable.ts';
import { EMPTY_TREE, isOutside, keptStates, type Layer, type SnapshotTree, snapshotTree, TREE_SCHEMA, treeFault } from '../../shared/snapshot/snapshot-tree.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import { NVRAM_FILE, nvramText } from './nvram-store.ts';
import type { SnapshotIo } from './snapshot-io.ts';

export const SNAPSHOT_FOLDER = 'snapshots';

export interface Change {
  readonly operation: string;
  readonly tree: SnapshotTree;
  /** null: the settings stay. */
  readonly config?: MachineConfig | null;
  /** CMOS memory; null: it stays. */
  readonly nvram?: string | null;
  readonly rebases?: readonly { readonly layer: Layer; readonly onto: Layer | undefined }[];
  readonly removes?: readonly string[];
}

/** Images that are to name others behind them. */
export type Rebases = SnapshotJournal['rebases'];

export class SnapshotFiles {
  readonly folder: string;
  readonly #io: SnapshotIo;
  readonly #replaceConfig: (config: MachineConfig) => Promise<unknown>;

  constructor(folder: string, io: SnapshotIo, replaceConfig: (config: MachineConfig) => Promise<unknown>) {
    this.folder = folder;
    this.#io = io;
    this.#replaceConfig = replaceConfig;
  }

  /** Throws `snapshot.damaged` with what is wrong; such a file is never written over. */
  async tree(): Promise<SnapshotTree> {
    return readTree(this.#io, this.folder);
  }

  absolute(path: string): string {
    return resolve(this.folder, path);
  }

  /** As trees and settings name a file: relative where it lies in the machine's folder. */
  plain(path: string): string {
    if (!isAbsolute(path)) return posix.normalize(path.split(sep).join('/'));
    const way = relative(this.folder, path).split(sep).join('/');
    return isOutside(way) || way === '' ? resolve(path) : way;
  }

  /** What an overlay calls the image behind it: relative, so that machines can be moved together, unless it is far away. */
  nameBehind(overlay: string, behind: string): string {
    return isAbsolute(behind) ? behind : posix.relative(posix.dirname(overlay), behind);
  }

  /** Durable, with everything it names, when it resolves. `rebase`: how the headers are changed, where it is not as usual. */
  async commit(change: Change, rebase?: (rebases: Rebases) => Promise<void>): Promise<void> {
    const entry: SnapshotJournal = {
      schema: TREE_SCHEMA,
      operation: change.operation,
      rebases: (change.rebases ?? []).map(({ layer, onto }) => ({
        path: layer.path,
        backing: onto === undefined ? null : { name: this.nameBehind(layer.path, onto.path), format: onto.format },
      })),
      config: change.config ?? null,
      nvram: change.nvram ?? null,
      tree: change.tree,
      removes: [...(change.removes ?? [])],
    };
    await this.#io.makeFolder(this.absolute(SNAPSHOT_FOLDER));
    await this.#io.replace(this.#journalPath, `${JSON.stringify(entry)}\n`);
    await this.#carryOut(entry, rebase);
  }

  /** A change is decided, and not finished yet. */
  async isUnfinished(): Promise<boolean> {
    return (await this.#io.read(this.#journalPath)) !== undefined;
  }

  /** Finishes what a crash cut short. Returns its name, or undefined where there was nothing. */
  async recover(): Promise<string | undefined> {
    const text = await this.#io.read(this.#journalPath);
    if (text === undefined) return undefined;
    const parsed = snapshotJournal.safeParse(parseJson(text));
    if (!parsed.success) {
      const file = this.#journalPath;
      throw new FailureError('snapshot.damaged', say`“${file}”, the journal of an unfinished change, cannot be read. Nothing was done with it; remove it to go on with the machine as it is.`, { path: file });
    }
    await this.#carryOut(parsed.data);
    return parsed.data.operation;
  }

  /** Removes files in `snapshots/` that nothing names: made for a change that did not come to pass. */
  async collect(tree: SnapshotTree, config: MachineConfig): Promise<void> {
    if (await this.isUnfinished()) return;
    const named = new Set([
      ...tree.layers.map((layer) => layer.path),
      ...config.drives.flatMap((drive) => (drive.path === null ? [] : [this.plain(drive.path)])),
      ...tree.snapshots.map(({ thumbnail }) => thumbnail),
      ...keptStates(tree),
      ...(disposableOf(tree) ?? []).map(({ layer }) => layer.path),
    ]);
    for (const name of await this.#io.names(this.absolute(SNAPSHOT_FOLDER))) {
      const path = `${SNAPSHOT_FOLDER}/${name}`;
      if (OWN_NAME.test(name) && !named.has(path)) await this.#io.remove(this.absolute(path));
    }
  }

  get #journalPath(): string {
    return join(this.folder, SNAPSHOT_FOLDER, 'journal.json');
  }

  async #carryOut({ rebases, config, nvram, tree, removes }: SnapshotJournal, rebase = (all: Rebases) => this.#rebase(all)): Promise<void> {
    await rebase(rebases.map(({ path, backing }) => ({ path: this.absolute(path), backing })));
    if (config !== null) await this.#replaceConfig(config);
    if (nvram !== null) await this.#io.replace(this.absolute(NVRAM_FILE), nvramText(nvram));
    await this.#io.replace(treePath(this.folder), `${JSON.stringify(tree, null, 2)}\n`, join(this.folder, SNAPSHOT_FOLDER, 'tree.previous.json'));
    for (const path of removes) if (!isOutside(path)) await this.#io.remove(this.absolute(path));
    await this.#io.remove(this.#journalPath);
  }

  async #rebase(rebases: Rebases): Promise<void> {
    for (const { path, backing } of rebases) await this.#io.media.setBacking({ path, backing });
  }
}

/** What this program makes there; other files are somebody's. */
const OWN_NAME = /^\.?[0-9a-f]{8}-[0-9a-f-]{27}\.(qcow2|state|png)(\.[0-9a-f]+\.part)?$|^\.(tree|journal|nvram)\.json\.[0-9.]+\.new$/;

function treePath(folder: string): string {
  return join(folder, SNAPSHOT_FOLDER, 'tree.json');
}

/** Whether `readTree` would find one. At once: at the start it is asked for every machine. */
export function hasTree(folder: string): boolean {
  return existsSync(treePath(folder));
}

export async function readTree(io: SnapshotIo, folder: string): Promise<SnapshotTree> {
  const file = treePath(folder);
  const text = await io.read(file);
  if (text === undefined) return EMPTY_TREE;
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && 'schema' in value && Number(value.schema) > TREE_SCHEMA)
    throw new FailureError('config.tooNew', say`“${file}” was made by a newer version of Boxwright.`, { path: file });
  const parsed = snapshotTree.safeParse(value);
  const issue = parsed.error?.issues[0];
  const fault = parsed.success ? treeFault(parsed.data) : `${issue?.path.join('.')}: ${issue?.message}`;
  if (!parsed.success || fault !== undefined)
    throw new FailureError('snapshot.damaged', say`The list of snapshots “${file}” is damaged (${fault ?? ''}). The machine itself can be used; “tree.previous.json” beside it is the version before.`, { path: file });
  return parsed.data;
}
