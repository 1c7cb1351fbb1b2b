// The thread that writes a state file while the guest goes on: takes page after page as it was, and writes the file.

import { randomBytes } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { FailureError, type RpcFailure, toFailure } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { type PageCopies, PageTaker, type ParentState, STATE_PAGE, type StateMachine, type StateReader, type StateSection, StateWriter, type WrittenState } from '../engine/snapshot/index.ts';
import { NewStateFile, openState, stateCodec } from './state-files.ts';

export interface SaverTask {
  readonly path: string;
  readonly parent: string | undefined;
  readonly machine: StateMachine;
  readonly sections: readonly StateSection[];
  /** Guest memory and where it begins in there. */
  readonly memory: SharedArrayBuffer;
  readonly base: number;
  readonly copies: PageCopies;
  /** A word that becomes 1 when the state is not wanted any more. */
  readonly cancel: SharedArrayBuffer;
}

export type SaverMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'saved'; readonly written: WrittenState }
  | { readonly kind: 'failed'; readonly failure: RpcFailure; readonly defect: string | undefined };

/** Pages between two looks around. */
const STEP = 1024;

export function runSaver(task: SaverTask, port: MessagePort): void {
  const post = (message: SaverMessage): void => port.postMessage(message);
  try {
    post({ kind: 'saved', written: save(task, (done, total) => post({ kind: 'progress', done, total })) });
  } catch (error) {
    const defect = error instanceof FailureError || !(error instanceof Error) ? undefined : (error.stack ?? error.message);
    post({ kind: 'failed', failure: toFailure(error), defect });
  } finally {
    port.close();
  }
}

function save(task: SaverTask, progress: (done: number, total: number) => void): WrittenState {
  const parent = task.parent === undefined ? undefined : usableParent(task.parent, task);
  try {
    const sink = new NewStateFile(task.path);
    try {
      const written = write(task, sink, parent, progress);
      sink.commit();
      return written;
    } catch (error) {
      sink.discard();
      throw error;
    }
  } finally {
    parent?.close();
  }
}

/** A parent that cannot be used is no reason to fail: the state is then whole by itself. */
function usableParent(path: string, task: SaverTask): StateReader | undefined {
  try {
    return openParent(path, task);
  } catch (error) {
    if (error instanceof FailureError) return undefined;
    throw error;
  }
}

/** Both must lie in one folder, since the state names its parent by the file's name. */
function openParent(path: string, { path: own, machine }: SaverTask): StateReader {
  if (dirname(resolve(path)) !== dirname(resolve(own)))
    throw new FailureError('state.mismatch', say`“${path}” cannot be the parent of “${own}”: they lie in different folders.`, { path });
  const reader = openState(path);
  const { memoryBytes, tailBytes } = reader.index.machine;
  if (memoryBytes === machine.memoryBytes && tailBytes === machine.tailBytes) return reader;
  reader.close();
  throw new FailureError('state.mismatch', say`“${path}” cannot be the parent of “${own}”: it is of a machine with another amount of memory.`, { path });
}

function write(task: SaverTask, sink: NewStateFile, parent: StateReader | undefined, progress: (done: number, total: number) => void): WrittenState {
  const { machine, sections, memory, base, copies, cancel } = task;
  const writer = new StateWriter({
    sink, codec: stateCodec, id: randomBytes(16).toString('hex'), machine, savedMs: Date.now(),
    parent: parent && parentOf(parent),
  });
  for (const section of sections) writer.section(section);
  const taker = new PageTaker(memory, base, copies);
  const behind = new Uint8Array(copies.tail);
  const cancelled = new Int32Array(cancel);
  const ramPages = machine.memoryBytes / STATE_PAGE;
  const pages = ramPages + machine.tailBytes / STATE_PAGE;
  const bytes = new Uint8Array(STATE_PAGE);
  for (let page = 0; page < pages; page++) {
    if (page % STEP === 0) {
      if (Atomics.load(cancelled, 0) !== 0) throw new FailureError('state.cancelled', 'Saving the state was cancelled.');
      progress(page * STATE_PAGE, pages * STATE_PAGE);
    }
    const at = (page - ramPages) * STATE_PAGE;
    if (page < ramPages) taker.take(page, bytes);
    else bytes.set(behind.subarray(at, at + STATE_PAGE));
    writer.page(bytes);
  }
  return writer.finish();
}

function parentOf(reader: StateReader): ParentState {
  return { file: basename(reader.file), id: reader.index.id, digest: (page) => reader.digest(page) };
}
