// Replacing a file so that a crash or a power cut leaves either the old or the new content, never a mixture, and the
// version before stays beside it.

import { constants } from 'node:fs';
import { copyFile, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';

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
    throw new FailureError(
      'store.writeFailed',
      say`“${path}” could not be written: ${systemErrorWords(error)}.`,
      {
        path,
      },
    );
  }
}

/** Keeps a file that cannot be read from being written over; answers what to tell of it, after “could not be read and”. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged`;
  try {
    await rename(path, aside);
    return `was set aside as “${aside}”.`;
  } catch (error) {
    return `could not be set aside as “${aside}” (${systemErrorWords(error)}): the next change writes over it. Copy it first if it matters.`;
  }
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
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
