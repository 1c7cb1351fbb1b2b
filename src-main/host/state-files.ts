// State files on this computer's disks: their bytes, how a new one comes to be under its name, and compression.

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import * as zlib from 'node:zlib';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';
import { DIGEST_BYTES, HEADER_BYTES, type StateCodec, StateFileError, type StateFiles, StateReader, type StateSink, type StateSource } from '../engine/snapshot/index.ts';
import { fileFailure } from './file-failure.ts';

/** The lowest level takes a third of the time of the usual one for a tenth more bytes. */
const LEVEL = 1;

const bounded = (limit: number) => ({ maxOutputLength: Math.max(limit, 1), chunkSize: Math.max(limit, 64) });

export const stateCodec: StateCodec = {
  deflate: (plain) => zlib.deflateRawSync(plain, { level: LEVEL, chunkSize: plain.length + 64 }),
  inflate: (packed, limit) => zlib.inflateRawSync(packed, bounded(limit)),
  inflateLater: (packed, limit) =>
    new Promise((resolve, reject) => {
      zlib.inflateRaw(packed, bounded(limit), (error, plain) => (error ? reject(error) : resolve(plain)));
    }),
  digest: (bytes) => crypto.createHash('sha256').update(bytes).digest('binary').slice(0, DIGEST_BYTES),
};

class FileSource implements StateSource {
  readonly name: string;
  readonly bytes: number;
  readonly #fd: number;

  constructor(path: string) {
    this.name = path;
    this.#fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    const stat = fs.fstatSync(this.#fd);
    this.bytes = stat.size;
    if (stat.isFile()) return;
    fs.closeSync(this.#fd);
    throw new FailureError('files.wrongKind', say`“${path}” is no file.`, { path });
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = fs.readSync(this.#fd, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

const files: StateFiles = {
  open: (path) => new FileSource(path),
  openBeside: (path, file) => {
    const beside = join(dirname(path), file);
    return fs.existsSync(beside) ? new FileSource(beside) : undefined;
  },
};

/** Throws `FailureError`. */
export function openState(path: string): StateReader {
  try {
    return StateReader.open(files, stateCodec, path);
  } catch (error) {
    throw stateFailure(error, path);
  }
}

/** What is wrong with a state, as a failure for the user. */
export function stateFailure(error: unknown, path: string): unknown {
  if (!(error instanceof StateFileError)) return fileFailure(error, path);
  const { file, structure, offset } = error.place;
  return new FailureError(error.code === 'mismatch' ? 'state.mismatch' : 'state.damaged', error.message, {
    reason: error.code, file, structure, ...(offset === undefined ? {} : { offset }),
  });
}

/** A file that is there under its name only when it is complete and on the disk. */
export class NewStateFile implements StateSink {
  readonly #path: string;
  readonly #staged: string;
  readonly #fd: number;
  #end = 0;

  /** Throws `FailureError`, as all its methods do. */
  constructor(path: string) {
    this.#path = path;
    this.#staged = `${path}.${process.pid}.new`;
    if (fs.existsSync(path)) throw new FailureError('files.exists', say`“${path}” is there already.`, { path });
    this.#fd = this.#try(() => fs.openSync(this.#staged, 'w', 0o600));
  }

  append(bytes: Uint8Array): void {
    this.#write(bytes, this.#end);
    this.#end += bytes.length;
  }

  writeHeader(bytes: Uint8Array): void {
    if (bytes.length > HEADER_BYTES) throw new RangeError('the header is too long');
    // What it promises is there first.
    this.#try(() => fs.fsyncSync(this.#fd));
    this.#write(bytes, 0);
  }

  commit(): void {
    this.#try(() => {
      fs.fsyncSync(this.#fd);
      fs.closeSync(this.#fd);
      fs.renameSync(this.#staged, this.#path);
      if (process.platform === 'win32') return;
      const folder = fs.openSync(dirname(this.#path), 'r');
      fs.fsyncSync(folder);
      fs.closeSync(folder);
    });
  }

  /** Nothing stays. */
  discard(): void {
    try {
      fs.closeSync(this.#fd);
    } catch {
      // Closed already.
    }
    fs.rmSync(this.#staged, { force: true });
  }

  #write(bytes: Uint8Array, at: number): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    });
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (systemErrorCode(error) === '') throw error;
      throw new FailureError('state.writeFailed', say`The state “${this.#path}” could not be written: ${systemErrorWords(error)}.`, { path: this.#path });
    }
  }
}
