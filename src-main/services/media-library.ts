// The disks, CDs and floppies of all machines and the images behind them. Main only asks whether a file is there; a media
// process looks into it. What an image names as its parent is followed only inside that image's own folder, or where a
// machine names it itself: a hostile image must not make us look at anything.

import { stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import type { DriveConfig, DriveKind, MachineId } from '../../shared/machine/config.ts';
import type { MediumView } from '../../shared/machine/media.ts';
import type { Client } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import type { ImageInfo, MediaContract } from '../../shared/rpc/media-contract.ts';
import { systemErrorWords } from '../../shared/units/system-error.ts';
import { within } from './within.ts';

export interface LibraryMachine {
  readonly id: MachineId;
  readonly name: string;
  readonly folder: string;
  readonly drives: readonly DriveConfig[];
  readonly isRunning: boolean;
}

export type UseMedia = <T>(work: (client: Client<MediaContract>) => Promise<T>) => Promise<T>;

const LOOK_LIMIT_MS = 10_000;
const MAX_MEDIA = 2000;
const MAX_DEPTH = 64;

interface Draft {
  readonly path: string;
  readonly kind: DriveKind;
  readonly users: MediumView['users'];
  isOpen: boolean;
  look: Look;
}

type Look =
  | { readonly kind: 'info'; readonly info: ImageInfo }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly problem: string };

export class MediaLibrary {
  readonly #media: UseMedia;
  /** By path; good while size and time of change stay. */
  readonly #known = new Map<string, { readonly stamp: string; readonly look: Look }>();

  constructor(media: UseMedia) {
    this.#media = media;
  }

  async list(machines: readonly LibraryMachine[]): Promise<MediumView[]> {
    const drafts = new Map<string, Draft>();
    for (const { id, name, folder, drives, isRunning } of machines)
      for (const drive of drives) {
        if (drive.path === null || drafts.size >= MAX_MEDIA) continue;
        const path = resolve(folder, drive.path);
        const draft = drafts.get(path) ?? { path, kind: drive.kind, users: [], isOpen: false, look: { kind: 'missing' as const } };
        draft.users.push({ machineId: id, name, drive: drive.id });
        draft.isOpen ||= isRunning;
        drafts.set(path, draft);
      }
    await this.#lookAll(drafts);
    return [...drafts.values()].map((draft) => viewOf(draft, drafts)).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Level by level: the images of the machines, then what those stand on. */
  async #lookAll(drafts: Map<string, Draft>): Promise<void> {
    let level = [...drafts.values()];
    for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth++) {
      await this.#lookLevel(level);
      const parents: Draft[] = [];
      for (const child of level) {
        const path = parentOf(child, drafts);
        if (path === undefined) continue;
        const known = drafts.get(path);
        if (known) {
          known.isOpen ||= child.isOpen;
          continue;
        }
        if (drafts.size >= MAX_MEDIA) continue;
        const parent: Draft = { path, kind: child.kind, users: [], isOpen: child.isOpen, look: { kind: 'missing' } };
        drafts.set(path, parent);
        parents.push(parent);
      }
      level = parents;
    }
  }

  async #lookLevel(drafts: readonly Draft[]): Promise<void> {
    const unknown: { draft: Draft; stamp: string }[] = [];
    await Promise.all(
      drafts.map(async (draft) => {
        const stamp = await stampOf(draft);
        if (stamp === undefined) return;
        const known = this.#known.get(draft.path);
        if (known?.stamp === stamp) draft.look = known.look;
        else unknown.push({ draft, stamp });
      }),
    );
    // A file that stops the process, or keeps it busy, costs itself and not the others.
    let rest = unknown;
    while (rest.length > 0) {
      const done = await this.#media((client) => lookUntilStuck(client, rest.map(({ draft }) => draft)));
      for (const { draft, stamp } of rest.slice(0, done)) this.#known.set(draft.path, { stamp, look: draft.look });
      rest = rest.slice(done);
    }
  }
}

/** How many it came to; the last of them may have ended the process. */
async function lookUntilStuck(client: Client<MediaContract>, drafts: readonly Draft[]): Promise<number> {
  for (const [index, draft] of drafts.entries()) {
    try {
      const info = await within(client.call('imageInfo', { path: draft.path }), LOOK_LIMIT_MS, 'It could not be examined in time.');
      draft.look = { kind: 'info', info };
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      const isStuck = error.code === 'rpc.closed' || error.code === 'rpc.timeout';
      draft.look = { kind: 'unreadable', problem: isStuck ? 'The file could not be examined.' : error.message };
      if (isStuck) return index + 1;
    }
  }
  return drafts.length;
}

/** undefined: nothing to look into. */
async function stampOf(draft: Draft): Promise<string | undefined> {
  try {
    const found = await stat(draft.path);
    if (found.isFile()) return `${found.ino}.${found.size}.${found.mtimeMs}`;
    draft.look = { kind: 'unreadable', problem: `“${draft.path}” is not a file.` };
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    draft.look = isGone
      ? { kind: 'missing' }
      : { kind: 'unreadable', problem: `“${draft.path}” cannot be reached: ${systemErrorWords(error)}.` };
  }
  return undefined;
}

function parentOf({ path, look }: Draft, drafts: ReadonlyMap<string, Draft>): string | undefined {
  const name = look.kind === 'info' ? look.info.backing?.name : undefined;
  if (name === undefined || name === '') return undefined;
  const parent = resolve(dirname(path), name);
  if (parent === path) return undefined;
  const from = relative(dirname(path), parent);
  return drafts.has(parent) || !(from === '..' || from.startsWith(`..${sep}`) || resolve(from) === from) ? parent : undefined;
}

function viewOf(draft: Draft, drafts: ReadonlyMap<string, Draft>): MediumView {
  const { path, kind, users, isOpen, look } = draft;
  const info = look.kind === 'info' ? look.info : undefined;
  return {
    path,
    kind,
    state: look.kind === 'info' ? 'ok' : look.kind,
    problem: look.kind === 'unreadable' ? look.problem.slice(0, 2000) : null,
    format: info?.format ?? null,
    virtualBytes: info?.virtualBytes ?? null,
    diskBytes: info?.diskBytes ?? null,
    parent: parentOf(draft, drafts) ?? null,
    snapshots: info?.snapshots.length ?? 0,
    users,
    inUse: isOpen,
  };
}
