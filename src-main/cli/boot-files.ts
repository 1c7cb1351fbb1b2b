// Reads the files that -kernel and -initrd name, with a message that names the one that cannot be read.

import { readFileSync, statSync } from 'node:fs';
import { type BootFile, type BootModule, type BootOptions, kernelKind } from '../engine/index.ts';
import type { RunSettings } from './run-settings.ts';

/** A file cannot be used; the message names it. */
export class FileError extends Error {}

/** More than any machine's memory. */
const MAX_FILE_BYTES = 2 ** 32;

export function readBootFiles(settings: RunSettings): BootOptions {
  const kernel = readBootFile(settings.kernel ?? '');
  return { kernel, modules: readModules(settings.initrd, kernel), commandLine: settings.append };
}

/** One file for Linux; for Multiboot a list of files with arguments, commas doubled to mean themselves. */
function readModules(initrd: string | undefined, kernel: BootFile): BootModule[] {
  if (initrd === undefined) return [];
  if (kernelKind(kernel.bytes) !== 'multiboot') return [{ ...readBootFile(initrd), arguments: '' }];
  return splitModules(initrd).map(({ path, rest }) => ({ ...readBootFile(path), arguments: rest }));
}

export function splitModules(list: string): { path: string; rest: string }[] {
  const items = list.replaceAll(',,', '\0').split(',').map((item) => item.replaceAll('\0', ','));
  return items.map((item) => {
    const space = item.indexOf(' ');
    return space < 0 ? { path: item, rest: '' } : { path: item.slice(0, space), rest: item.slice(space + 1) };
  });
}

export function readBootFile(path: string): BootFile {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw new FileError(`${path}: is larger than any machine's memory`);
    return { name: path, bytes: new Uint8Array(readFileSync(path)) };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`${path}: ${reason(error)}`);
  }
}

/** A system error in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a directory', ENOTDIR: 'no such file', ENOSPC: 'no space left on device',
  };
  return words[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
}
