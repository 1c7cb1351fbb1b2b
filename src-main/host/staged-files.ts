// New files under names of their own until they are whole: created beside their final place, hidden, and renamed at the
// end. What fails, is cancelled or dies on the way leaves nothing, or the old file, under the final name.

import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { systemErrorCode } from '../../shared/units/system-error.ts';
import { BlockError, type ByteStore, type ImageFiles } from '../engine/block/index.ts';
import { blockFileError } from './file-store.ts';
import { uniqueSuffix } from './unique-suffix.ts';

interface StagedFile {
  readonly final: string;
  readonly temporary: string;
}

/** What happens to a file that has the name already. `replace-own`: also if this process itself reads it. */
export type ExistingFiles = 'refuse' | 'replace' | 'replace-own';

export class StagedFiles implements ImageFiles {
  readonly #files: ImageFiles;
  readonly #staged = new Map<string, StagedFile>();
  readonly #existing: ExistingFiles;
  readonly #discardNow = () => this.discard();

  constructor(files: ImageFiles, existing: ExistingFiles = 'replace') {
    this.#files = files;
    this.#existing = existing;
    // Also when the process ends in the middle.
    process.once('exit', this.#discardNow);
  }

  async open(path: string, access: 'read' | 'write'): Promise<ByteStore> {
    const temporary = this.#staged.get(resolve(path))?.temporary;
    if (temporary === undefined) return this.#files.open(path, access);
    return new NamedStore(await this.#files.open(temporary, access), path);
  }

  resolve(from: string, name: string): string {
    return this.#files.resolve(from, name);
  }

  /** Throws 'in-use' if somebody has a file open that would be replaced. */
  async create(path: string): Promise<ByteStore> {
    const final = await this.#freePlace(path);
    const temporary = join(dirname(final), `.${basename(final)}.${uniqueSuffix()}.part`);
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
        this.#place(temporary, final);
      } catch (error) {
        throw blockFileError(error, path, 'put in its place');
      }
      this.#staged.delete(path);
    }
    this.discard();
  }

  #place(temporary: string, final: string): void {
    if (this.#existing === 'refuse') {
      // A rename would replace what came into being meanwhile; a link does not.
      if (tryLink(temporary, final)) fs.rmSync(temporary);
      else if (fs.existsSync(final)) throw existsAlready(final);
      else fs.renameSync(temporary, final);
      return;
    }
    const old = fs.statSync(final, { throwIfNoEntry: false });
    if (old !== undefined) fs.chmodSync(temporary, old.mode & 0o777);
    fs.renameSync(temporary, final);
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
    if (this.#existing === 'refuse') throw existsAlready(path);
    // Opening for writing refuses folders, devices, read-only files and what others have open.
    if (this.#existing === 'replace') await (await this.#files.open(path, 'write')).close();
    return fs.realpathSync(path);
  }
}

/** False where the file system has no links. Throws where there is a file of this name. */
function tryLink(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') throw existsAlready(to);
    return false;
  }
}

function existsAlready(file: string): BlockError {
  return new BlockError('exists', `“${file}” exists already; choose another name, or remove it first.`, {
    file,
  });
}

/** Messages name the final file. */
function renamed(error: unknown, temporary: string, path: string): unknown {
  if (!(error instanceof BlockError)) return error;
  const message =
    error.code === 'not-found'
      ? `“${path}” cannot be created: its folder does not exist.`
      : error.message.replaceAll(temporary, path);
  return new BlockError(error.code, message, { ...error.detail, file: path });
}

/** A store that goes by another name. */
class NamedStore implements ByteStore {
  readonly name: string;
  readonly allocate?: NonNullable<ByteStore['allocate']>;
  readonly extent?: NonNullable<ByteStore['extent']>;
  readonly #store: ByteStore;
  readonly #fail: (error: unknown) => never;

  constructor(store: ByteStore, name: string) {
    this.#store = store;
    this.name = name;
    this.#fail = (error) => {
      throw renamed(error, store.name, name);
    };
    const { allocate, extent } = store;
    if (allocate)
      this.allocate = (position, length) => allocate.call(store, position, length).catch(this.#fail);
    if (extent) this.extent = (position) => extent.call(store, position).catch(this.#fail);
  }

  get readOnly(): boolean {
    return this.#store.readOnly;
  }
  get length(): number {
    return this.#store.length;
  }
  readAt(position: number, into: Uint8Array): Promise<void> {
    return this.#store.readAt(position, into).catch(this.#fail);
  }
  writeAt(position: number, from: Uint8Array): Promise<void> {
    return this.#store.writeAt(position, from).catch(this.#fail);
  }
  truncate(length: number): Promise<void> {
    return this.#store.truncate(length).catch(this.#fail);
  }
  flush(): Promise<void> {
    return this.#store.flush().catch(this.#fail);
  }
  close(): Promise<void> {
    return this.#store.close().catch(this.#fail);
  }
}
