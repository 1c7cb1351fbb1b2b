// Folders of the host, for the file dialog of shells without native ones. Names and sizes only: the content of files is
// looked at in a process of its own (media-process.ts).

import { mkdir, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, parse, resolve } from 'node:path';
import type { FolderEntry, FolderListing } from '../../shared/rpc/app-contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';

const MAX_ENTRIES = 2000;

export async function listFolder(path: string | null, dataFolder: string): Promise<FolderListing> {
  const folder = resolve(path ?? homedir());
  const found = await readNames(folder);
  const names = found.filter((name) => !name.startsWith('.')).sort((a, b) => a.localeCompare(b, 'en'));
  const entries = await Promise.all(names.slice(0, MAX_ENTRIES).map((name) => describe(join(folder, name))));
  const root = parse(folder).root;
  return {
    path: folder,
    parent: folder === root ? null : dirname(folder),
    entries: entries.filter((entry) => entry !== undefined).sort(foldersFirst),
    truncated: names.length > MAX_ENTRIES,
    places: [
      { name: 'Home', path: homedir() },
      { name: 'Boxwright', path: dataFolder },
      { name: 'Computer', path: root },
    ],
  };
}

/** A name that would lead elsewhere is refused. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  if (name === '' || name !== basename(name) || name === '.' || name === '..' || name.includes('\0'))
    throw new FailureError('files.wrongKind', say`“${name}” cannot be the name of a folder.`, { name });
  const folder = join(resolve(parent), name);
  try {
    await mkdir(folder);
    return folder;
  } catch (error) {
    const codes = { EEXIST: 'files.exists', ENOENT: 'files.notFound', ENOTDIR: 'files.notAFolder', EACCES: 'files.denied' } as const;
    const code = codes[systemErrorCode(error) as keyof typeof codes] ?? 'store.writeFailed';
    throw new FailureError(code, cannot(folder, 'made', systemErrorWords(error)), { path: folder });
  }
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const codes = { ENOENT: 'files.notFound', ENOTDIR: 'files.notAFolder', EACCES: 'files.denied' } as const;
    const code = codes[systemErrorCode(error) as keyof typeof codes] ?? 'files.unreadable';
    throw new FailureError(code, cannot(folder, 'opened', systemErrorWords(error)), {
      path: folder,
    });
  }
}

/** Sockets, devices and what vanished meanwhile are left out. */
async function describe(path: string): Promise<FolderEntry | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found || !(found.isDirectory() || found.isFile())) return undefined;
  return {
    name: basename(path),
    path,
    kind: found.isDirectory() ? 'folder' : 'file',
    sizeBytes: found.size,
    modifiedMs: found.mtimeMs,
  };
}

function foldersFirst(a: FolderEntry, b: FolderEntry): number {
  if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1;
  return a.name.localeCompare(b.name, 'en');
}
