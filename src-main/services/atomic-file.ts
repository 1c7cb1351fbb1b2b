// Replacing a file so that a crash or a power cut leaves either the old or the new content, never a mixture, and the
// version before stays beside it.

import { constants } from 'node:fs';
import { copyFile, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FailureError } from '../../shared/rpc/failure.ts';

export interface ReplaceOptions {
  /** Where the version that is being replaced is kept. */
  readonly previous?: string;
}

let serial = 0;

export async function replaceFile(
  path: string,
  content: string,
  options: ReplaceOptions = {},
): Promise<void> {
  const folder = dirname(path);
  serial += 1;
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${serial}.new`);
  try {
    await writeDurably(temporary, content);
    if (options.previous) await keepPrevious(path, options.previous);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(ignoreMissing);
    throw new FailureError('store.writeFailed', `“${path}” could not be written: ${reasonOf(error)}.`, {
      path,
    });
  }
}

/** What went wrong, in words that fit the end of a sentence. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EACCES: 'access is denied',
    EPERM: 'access is denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
    EMFILE: 'too many files are open',
  };
  return words[code] ?? (error instanceof Error ? error.message : 'unknown reason');
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A copy, not a rename: the file itself must exist at every moment. */
async function keepPrevious(path: string, previous: string): Promise<void> {
  await copyFile(path, previous, constants.COPYFILE_FICLONE).catch(ignoreMissing);
}

/** Makes the rename durable where a folder can be synced; elsewhere (Windows) the system does it on its own. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
