// New files under names of their own until they are whole: created beside their final place, hidden, and renamed at the
// end. What fails, is cancelled or dies on the way leaves nothing, or the old file, under the final name.

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BlockError, type ByteStore, type ImageFiles } from '../engine/block/index.ts';
import { blockFileError } from './file-store.ts';

interface StagedFile {
  readonly final: string;
  readonly temporary: string;
}

export class StagedFiles implements ImageFiles {
  readonly #files: ImageFiles;
  readonly #staged = new Map<string, StagedFile>();
  readonly #replaceInUse: boolean;
  readonly #discardNow = () => this.discard();

  /** `replaceInUse`: files may be replaced that this command itself reads. */
  constructor(files: ImageFiles, replaceInUse = false) {
    this.#files = files;
    this.#replaceInUse = replaceInUse;
    // Also when the process ends in the middle.
    process.once('exit', this.#discardNow);
  }

  open(path: string, access: 'read' | 'write'): Promise<ByteStore> {
    return this.#files.open(this.#staged.get(resolve(path))?.temporary ?? path, access);
  }

  resolve(from: string, name: string): string {
    return this.#files.resolve(from, name);
  }

  /** Replaces what is there, unless somebody has it open. */
  async create(path: string): Promise<ByteStore> {
    const final = await this.#freePlace(path);
    const temporary = join(dirname(final), `.${basename(final)}.${randomBytes(4).toString('hex')}.part`);
    try {
      const store = await this.#files.create(temporary);
      this.#staged.set(resolve(path), { final, temporary });
      return new NamedStore(store, path);
    } catch (error) {
      throw renamed(error, temporary, path);
    }
  }

  /** The files take their names. They must be closed. */
  commit(): void {
    for (const [path, { final, temporary }] of this.#staged) {
      try {
        const old = fs.statSync(final, { throwIfNoEntry: false });
        if (old !== undefined) fs.chmodSync(temporary, old.mode & 0o777);
        fs.renameSync(temporary, final);
      } catch (error) {
        throw blockFileError(error, path, 'put in its place');
      }
      this.#staged.delete(path);
    }
    this.discard();
  }

  /** Removes what was not committed. */
  discard(): void {
    process.removeListener('exit', this.#discardNow);
    for (const { temporary } of this.#staged.values()) fs.rmSync(temporary, { force: true });
    this.#staged.clear();
  }

  /** Where a new file will stand: behind a link, if `path` is one. Throws if it is no place for a file, or in use. */
  async #freePlace(path: string): Promise<string> {
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return path;
    // Opening for writing refuses folders, devices, read-only files and what others have open.
    if (!this.#replaceInUse) await (await this.#files.open(path, 'write')).close();
    return fs.realpathSync(path);
  }
}

/** Messages name the final file. */
function renamed(error: unknown, temporary: string, path: string): unknown {
  if (!(error instanceof BlockError)) return error;
  return new BlockError(error.code, error.message.replaceAll(temporary, path), {
    ...error.detail,
    file: path,
  });
}

/** A store that goes by another name. */
class NamedStore implements ByteStore {
  readonly name: string;
  readonly allocate?: NonNullable<ByteStore['allocate']>;
  readonly extent?: NonNullable<ByteStore['extent']>;
  readonly #store: ByteStore;

  constructor(store: ByteStore, name: string) {
    this.#store = store;
    this.name = name;
    if (store.allocate) this.allocate = store.allocate.bind(store);
    if (store.extent) this.extent = store.extent.bind(store);
  }

  get readOnly(): boolean {
    return this.#store.readOnly;
  }
  get length(): number {
    return this.#store.length;
  }
  readAt(position: number, into: Uint8Array): Promise<void> {
    return this.#store.readAt(position, into);
  }
  writeAt(position: number, from: Uint8Array): Promise<void> {
    return this.#store.writeAt(position, from);
  }
  truncate(length: number): Promise<void> {
    return this.#store.truncate(length);
  }
  flush(): Promise<void> {
    return this.#store.flush();
  }
  close(): Promise<void> {
    return this.#store.close();
  }
}
