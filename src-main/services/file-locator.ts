// Finds the file behind a drop into a browser, which tells a page a file's name, size and time but not its place. Looks
// into a bounded number of folders, at this one name; what the file holds is not looked at.

import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';

export interface WantedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

const MAX_FOLDERS = 500;
/** Below the home folder, where people keep images. */
const USUAL = ['Downloads', 'Desktop', 'Documents', 'isos', 'ISO', 'Images', 'VMs', 'Virtual Machines'];

/** null: nowhere, or in several places. `home` and its usual folders are looked at with the folders in them. */
export async function locateFile(wanted: WantedFile, folders: readonly string[], home = homedir()): Promise<string | null> {
  // A name with a path in it is no name of a file.
  if (basename(wanted.name) !== wanted.name || wanted.name === '.' || wanted.name === '..') return null;
  const roots = [home, ...USUAL.map((name) => join(home, name)), ...folders].map((folder) => resolve(folder));
  const places = new Set(roots);
  for (const root of roots)
    for (const below of await foldersIn(root)) if (places.size < MAX_FOLDERS) places.add(below);
  const found = await Promise.all([...places].map((folder) => matching(join(folder, wanted.name), wanted)));
  const paths = found.filter((path) => path !== undefined);
  return paths.length === 1 ? (paths[0] ?? null) : null;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith('.') ? [join(folder, entry.name)] : [],
  );
}

/** Browsers give whole milliseconds. */
async function matching(path: string, { sizeBytes, modifiedMs }: WantedFile): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  const isIt = found?.isFile() && found.size === sizeBytes && Math.abs(found.mtimeMs - modifiedMs) <= 1;
  return isIt ? path : undefined;
}
