// Parts of files: read at once, or copied into others and hashed on the way, with progress; and one job's progress over
// several steps.

import { createHash, type Hash } from 'node:crypto';
import * as fs from 'node:fs';
import type { BlockJob } from '../../engine/block/index.ts';
import { blockFileError } from '../file-store.ts';
import { damaged, refuseCancelled } from './appliance-error.ts';

const CHUNK = 1024 * 1024;
/** How long a chunk may keep others waiting: every so many the process listens for a cancel. */
const CHUNKS_AT_ONCE = 8;

export interface Span {
  readonly fd: number;
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads the span piece by piece. The pieces are good until the next one. */
export async function eachChunk({ fd, file, offset, bytes }: Span, job: BlockJob, use: (chunk: Uint8Array, at: number) => void): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK, Math.max(1, bytes)));
  let rounds = 0;
  for (let at = 0; at < bytes; ) {
    if (rounds++ % CHUNKS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    refuseCancelled(job, file);
    const count = readSome(fd, file, buffer.subarray(0, Math.min(buffer.length, bytes - at)), offset + at);
    if (count === 0) throw damaged(file, 'became shorter while it was read.');
    use(buffer.subarray(0, count), at);
    at += count;
    job.progress(at, bytes);
  }
}

/** All of it; for what is known to be short. */
export function readSpan({ fd, file, offset, bytes }: Span): Buffer {
  const content = Buffer.alloc(bytes);
  for (let done = 0; done < bytes; ) {
    const count = readSome(fd, file, content.subarray(done), offset + done);
    if (count === 0) throw damaged(file, 'became shorter while it was read.');
    done += count;
  }
  return content;
}

function readSome(fd: number, file: string, into: Uint8Array, position: number): number {
  try {
    return fs.readSync(fd, into, 0, into.length, position);
  } catch (error) {
    throw blockFileError(error, file, 'read');
  }
}

/** A new file of these bytes; where they are zero it has holes. Returns the hashes, by algorithm. */
export async function extract(span: Span, target: string, algorithms: readonly string[], job: BlockJob): Promise<Map<string, string>> {
  const hashes = new Map<string, Hash>(algorithms.map((name) => [name, createHash(name)]));
  let fd: number | undefined;
  try {
    fd = fs.openSync(target, 'wx', 0o600);
    const into = fd;
    await eachChunk(span, job, (chunk, at) => {
      for (const hash of hashes.values()) hash.update(chunk);
      if (!isZero(chunk)) writeAll(into, target, chunk, at);
    });
    fs.ftruncateSync(fd, span.bytes);
    fs.fsyncSync(fd);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw blockFileError(error, target, 'written');
    throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
  return new Map([...hashes].map(([name, hash]) => [name, hash.digest('hex')]));
}

function writeAll(fd: number, file: string, chunk: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < chunk.length; ) done += fs.writeSync(fd, chunk, done, chunk.length - done, position + done);
  } catch (error) {
    throw blockFileError(error, file, 'written');
  }
}

const ZEROES = new Uint8Array(CHUNK);

function isZero(chunk: Uint8Array): boolean {
  return Buffer.compare(chunk, ZEROES.subarray(0, chunk.length)) === 0;
}

export async function digestOf(span: Span, algorithm: string, job: BlockJob): Promise<string> {
  const hash = createHash(algorithm);
  await eachChunk(span, job, (chunk) => hash.update(chunk));
  return hash.digest('hex');
}

/** One job of several steps, each of which has a share of the whole. */
export class Steps {
  readonly #job: BlockJob;
  readonly #total: number;
  #done = 0;

  constructor(job: BlockJob, total: number) {
    this.#job = job;
    this.#total = Math.max(1, total);
  }

  async step<T>(share: number, work: (job: BlockJob) => Promise<T>): Promise<T> {
    const [whole, begin, total] = [this.#job, this.#done, this.#total];
    const part: BlockJob = {
      get cancelled() {
        return whole.cancelled;
      },
      progress: (done, of) => whole.progress(Math.min(total, begin + (of > 0 ? (done / of) * share : 0)), total),
    };
    const result = await work(part);
    this.#done += share;
    whole.progress(Math.min(total, this.#done), total);
    return result;
  }
}
