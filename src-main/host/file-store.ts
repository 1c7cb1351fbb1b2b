// A file of the host as the block layer sees it: positional reads and writes on a descriptor, a lock while it is open.
// Small transfers are made on the calling thread, for a hop to the pool costs more than they do; large ones go to the
// pool and overlap. Not the policy on names (image-files.ts). Reference: POSIX pread, pwrite, fdatasync.

import * as fs from 'node:fs';
import { textOf } from '../../shared/units/phrase.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { BlockError, type BlockErrorCode, type ByteStore } from '../engine/block/index.ts';
import type { ImageLock } from './image-lock.ts';

/** From here on a transfer goes to the thread pool. */
const POOL_BYTES = 256 * 1024;
const ZEROES = new Uint8Array(1024 * 1024);

const CODES: Readonly<Record<string, BlockErrorCode>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EEXIST: 'exists',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'read-only',
  EISDIR: 'is-directory',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'no-space',
  ENXIO: 'not-a-file',
  ERR_INVALID_ARG_VALUE: 'invalid-argument',
};

/** `doing` completes "“x” cannot be …". Errors that are worded already pass through. */
export function blockFileError(error: unknown, file: string, doing: string): BlockError {
  if (error instanceof BlockError) return error;
  const cause = systemErrorWords(error);
  const code = CODES[systemErrorCode(error)] ?? 'io-error';
  return new BlockError(code, textOf(cannot(file, doing, cause)), { file, doing, cause: String(cause) });
}

export interface FileStoreParts {
  readonly fd: number;
  readonly name: string;
  readonly readOnly: boolean;
  readonly lock: ImageLock | undefined;
  /** False: flushing does nothing, for targets that are thrown away when the work fails. */
  readonly durable: boolean;
}

export class FileStore implements ByteStore {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #parts: FileStoreParts;
  #length: number;
  #hollow: boolean;
  #open = true;

  constructor(parts: FileStoreParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.readOnly = parts.readOnly;
    const stat = fs.fstatSync(parts.fd);
    this.#length = stat.size;
    this.#hollow = stat.blocks === 0;
  }

  get length(): number {
    return this.#length;
  }

  async readAt(position: number, into: Uint8Array): Promise<void> {
    let done = 0;
    while (done < into.length) {
      const count =
        into.length - done < POOL_BYTES
          ? this.#readNow(into, done, position + done)
          : await this.#readInPool(into, done, position + done);
      if (count === 0) {
        this.#refuseVanished(position + done);
        into.fill(0, done);
        return;
      }
      done += count;
    }
  }

  async writeAt(position: number, from: Uint8Array): Promise<void> {
    this.#refuseReadOnly();
    this.#hollow = false;
    let done = 0;
    while (done < from.length) {
      done +=
        from.length - done < POOL_BYTES
          ? this.#writeNow(from, done, position + done)
          : await this.#writeInPool(from, done, position + done);
    }
    this.#length = Math.max(this.#length, position + from.length);
  }

  async truncate(length: number): Promise<void> {
    this.#refuseReadOnly();
    try {
      fs.ftruncateSync(this.#parts.fd, length);
    } catch (error) {
      throw blockFileError(error, this.name, 'resized');
    }
    this.#length = length;
  }

  /** Node cannot reserve room, but what is behind the end may be written. */
  async allocate(position: number, length: number): Promise<void> {
    for (let at = Math.max(position, this.#length); at < position + length; at += ZEROES.length)
      await this.writeAt(at, ZEROES.subarray(0, Math.min(ZEROES.length, position + length - at)));
  }

  /** All the host tells through Node is whether the file takes any room. */
  async extent(position: number): Promise<{ readonly length: number; readonly data: boolean }> {
    return { length: Math.max(this.#length - position, 1), data: !this.#hollow };
  }

  flush(): Promise<void> {
    if (!this.#parts.durable || this.readOnly) return Promise.resolve();
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#parts.fd, (error) => {
        if (error) reject(blockFileError(error, this.name, 'written to the disk'));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      fs.closeSync(this.#parts.fd);
    } catch (error) {
      throw blockFileError(error, this.name, 'closed');
    } finally {
      this.#parts.lock?.release();
    }
  }

  /** Behind the end zeroes are right; before it somebody else has cut the file. */
  #refuseVanished(position: number): void {
    if (position >= this.#length) return;
    const file = this.name;
    throw new BlockError('io-error', `“${file}” has become shorter while it was in use.`, { file, offset: position });
  }

  #refuseReadOnly(): void {
    if (this.readOnly)
      throw new BlockError('read-only', `“${this.name}” is open for reading only.`, { file: this.name });
  }

  #readNow(into: Uint8Array, offset: number, position: number): number {
    try {
      return fs.readSync(this.#parts.fd, into, offset, into.length - offset, position);
    } catch (error) {
      throw blockFileError(error, this.name, 'read');
    }
  }

  #readInPool(into: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#parts.fd, into, offset, into.length - offset, position, (error, count) => {
        if (error) reject(blockFileError(error, this.name, 'read'));
        else resolve(count);
      });
    });
  }

  #writeNow(from: Uint8Array, offset: number, position: number): number {
    try {
      return fs.writeSync(this.#parts.fd, from, offset, from.length - offset, position);
    } catch (error) {
      throw blockFileError(error, this.name, 'written');
    }
  }

  #writeInPool(from: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#parts.fd, from, offset, from.length - offset, position, (error, count) => {
        if (error) reject(blockFileError(error, this.name, 'written'));
        else resolve(count);
      });
    });
  }
}
