// Files that the system opens with the application: words of its command line, and macOS's own event.

import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type FilePurpose, purposeOf } from '../../shared/rpc/app-contract.ts';

export interface OpenedFile {
  readonly path: string;
  readonly purpose: FilePurpose;
}

/** The first file of ours among the words; options and the application's own path are none. */
export function fileOf(words: readonly string[], folder: string): OpenedFile | undefined {
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const purpose = purposeOf(word);
    if (purpose === undefined) continue;
    const path = isAbsolute(word) ? word : resolve(folder, word);
    if (isFile(path)) return { path, purpose };
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
