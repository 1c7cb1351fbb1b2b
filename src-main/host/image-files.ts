// How disk images reach files of the host: opening with a lock, creating, and the policy on names that stand inside
// images. An image may come from anywhere, so what it names (backing image, extent, data file) must lie in the folder
// tree of an image the user chose, unless the user said otherwise.

import * as fs from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BlockError, type ByteStore, type ImageFiles } from '../engine/block/index.ts';
import { blockFileError, FileStore } from './file-store.ts';
import { type ImageAccess, type ImageLock, lockImage } from './image-lock.ts';

export interface ImageFilesOptions {
  /** Whatever an image names may be opened: the user said so. */
  readonly anyReference?: boolean;
  /** Further folders whose trees images may name files in. */
  readonly folders?: readonly string[];
  /** Read images although another process writes them; what is read may be torn. */
  readonly forceShare?: boolean;
  /** False: no flush reaches the disk. For targets that are thrown away when the work fails. */
  readonly durable?: boolean;
  /** Where holders are noted; tests have their own. */
  readonly lockFolder?: string;
}

export function createImageFiles(options: ImageFilesOptions = {}): ImageFiles {
  return {
    open: (path, access) => openStore(path, access, options),
    create: (path) => createStore(path, options),
    resolve: (from, name) => resolveReference(from, name, options),
  };
}

async function openStore(path: string, access: ImageAccess, options: ImageFilesOptions): Promise<ByteStore> {
  let fd: number | undefined;
  try {
    refuseNonFile(path, fs.statSync(path));
    // Not to wait for a writer, should the file become a FIFO in between.
    const mode = access === 'write' ? fs.constants.O_RDWR : fs.constants.O_RDONLY;
    fd = fs.openSync(path, mode | (fs.constants.O_NONBLOCK ?? 0));
    refuseNonFile(path, fs.fstatSync(fd));
    return await lockedStore(fd, path, access, options);
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    throw blockFileError(error, path, access === 'write' ? 'opened for writing' : 'opened');
  }
}

async function createStore(path: string, options: ImageFilesOptions): Promise<ByteStore> {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, 'wx+');
    return await lockedStore(fd, path, 'write', options);
  } catch (error) {
    if (fd !== undefined) {
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
    }
    throw blockFileError(error, path, 'created');
  }
}

async function lockedStore(
  fd: number,
  name: string,
  access: ImageAccess,
  options: ImageFilesOptions,
): Promise<ByteStore> {
  let lock: ImageLock | undefined;
  if (access === 'write' || !options.forceShare) lock = await lockImage(fd, name, access, options.lockFolder);
  return new FileStore({ fd, name, readOnly: access === 'read', lock, durable: options.durable ?? true });
}

function refuseNonFile(file: string, stat: fs.Stats): void {
  if (stat.isFile()) return;
  if (stat.isDirectory()) throw new BlockError('is-directory', `“${file}” is a folder.`, { file });
  const kind = stat.isBlockDevice() || stat.isCharacterDevice() ? 'a device' : 'a pipe or socket';
  throw new BlockError('not-a-file', `“${file}” is ${kind}, not a file; disk images are plain files.`, {
    file,
  });
}

function resolveReference(from: string, name: string, options: ImageFilesOptions): string {
  const refuse = (why: string) =>
    new BlockError('reference-refused', `“${from}” names “${name}”, ${why}.`, {
      file: from,
      reference: name,
    });
  if (name === '' || name.includes('\0')) throw refuse('which is no file name');
  const plain = name.startsWith('file:') ? name.slice('file:'.length).replace(/^\/\/(?=\/)/, '') : name;
  if (/^[a-z][a-z0-9+.-]+:/i.test(plain)) throw refuse('which is not a file; only files are supported');
  const path = isAbsolute(plain) ? plain : join(dirname(from), plain);
  if (options.anyReference) return path;
  const folders = [dirname(from), ...(options.folders ?? [])].map(realPath);
  if (folders.some((folder) => isWithin(folder, realPath(path)))) return path;
  throw refuse(
    `a file outside its own folder. If you trust the image, allow it (--allow-references; in a machine's settings, allowReferences of the drive), or move the file beside it`,
  );
}

/** With links followed as far as the path exists. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return fs.realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
