// What snapshots do to the disk, operation by operation: the store is written over this face, so that tests can fail
// and kill it at every step. Images are touched by a media process only.

import { constants, type Stats } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import type { MediaContract } from '../../shared/rpc/media-contract.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { replaceFile, syncFolder } from './atomic-file.ts';

type MediaCall<K extends keyof MediaContract['calls']> = (input: InputOf<MediaContract, K>) => Promise<OutputOf<MediaContract, K>>;

export interface SnapshotMedia {
  createOverlay: MediaCall<'createOverlay'>;
  mergeLayers: MediaCall<'mergeLayers'>;
  setBacking: MediaCall<'setBacking'>;
  convertImage: MediaCall<'convertImage'>;
}

export interface FileSize {
  /** As its name says, and what it takes of the disk. */
  readonly length: number;
  readonly onDisk: number;
}

export interface SnapshotIo {
  /** undefined: there is no such file. */
  read(path: string): Promise<string | undefined>;
  readBase64(path: string): Promise<string | undefined>;
  replace(path: string, content: string, previous?: string): Promise<void>;
  /** A new file, from base64. */
  writeNew(path: string, base64: string): Promise<void>;
  /** One that is not there is no failure. */
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  names(folder: string): Promise<string[]>;
  sizeOf(path: string): Promise<FileSize | undefined>;
  /** The file and its name are on the disk when this resolves. */
  makeDurable(path: string): Promise<void>;
  /** Shares blocks where the file system can. Fails when there is a file of this name. */
  copy(from: string, to: string): Promise<void>;
  freeBytes(folder: string): Promise<number>;
  readonly media: SnapshotMedia;
}

/** A tree of ten thousand snapshots takes less. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

export function nodeSnapshotIo(media: SnapshotMedia): SnapshotIo {
  return {
    media,
    read: readText,
    readBase64: async (path) => (await absentAs(readFile(path)))?.toString('base64'),
    replace: (path, content, previous) => replaceFile(path, content, previous === undefined ? {} : { previous }),
    writeNew: (path, base64) => worded(path, 'written', () => writeFile(path, Buffer.from(base64, 'base64'), { flag: 'wx', mode: 0o600 })),
    remove: (path) => worded(path, 'removed', () => rm(path, { force: true })),
    makeFolder: async (path) => {
      await worded(path, 'made', () => mkdir(path, { recursive: true, mode: 0o700 }));
    },
    names: async (folder) => (await absentAs(readdir(folder))) ?? [],
    sizeOf: async (path) => {
      const found = await absentAs(stat(path));
      return found && { length: found.size, onDisk: onDisk(found) };
    },
    makeDurable: (path) => worded(path, 'written to the disk', () => sync(path)),
    copy: (from, to) =>
      worded(to, 'made', () => copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)),
    freeBytes: async (folder) => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

async function readText(path: string): Promise<string | undefined> {
  const found = await absentAs(stat(path));
  if (found === undefined) return undefined;
  if (found.size > MAX_READ_BYTES) throw new FailureError('snapshot.damaged', say`“${path}” is too large for what it is to be.`, { path });
  return worded(path, 'read', () => readFile(path, 'utf8'));
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

function onDisk({ blocks, size }: Stats): number {
  return process.platform === 'win32' ? size : blocks * 512;
}

async function absentAs<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error))) return undefined;
    throw error;
  }
}

async function worded<T>(path: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemErrorCode(error) === '') throw error;
    throw new FailureError('store.writeFailed', cannot(path, doing, systemErrorWords(error)), { path });
  }
}
