// The other end of disks-process.ts: disks of a machine that runs, as a service knows them, until their process is gone.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MergeLayersInput, RelinkInput } from '../../shared/machine/layer-merge.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import type { LiveMachines } from '../../src-main/services/live-machines.ts';

export type DisksCall = { readonly number: number } & (
  | { readonly name: 'mergeLayers'; readonly input: MergeLayersInput }
  | { readonly name: 'relink'; readonly input: RelinkInput }
);
/** Number 0: it runs. */
export type DisksAnswer = { readonly number: number; readonly failure?: string };

export class RemoteDisks implements LiveMachines {
  /** The process is gone. */
  isOver = false;
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #waiting = new Map<number, (answer: DisksAnswer) => void>();
  #calls = 0;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exit = once(child, 'exit');
    child.on('message', (answer: DisksAnswer) => this.#waiting.get(answer.number)?.(answer));
    child.once('exit', () => {
      this.isOver = true;
      for (const [number, tell] of this.#waiting) tell({ number, failure: 'its process is gone' });
    });
  }

  static async start(folder: string, id: string, flushed: string): Promise<RemoteDisks> {
    const program = fileURLToPath(new URL('./disks-process.ts', import.meta.url));
    const child = fork(program, [folder, id, flushed], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execPath: nodeBinary(), execArgv: [] });
    await once(child, 'message');
    return new RemoteDisks(child);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }

  mergeLayers(_id: string, input: MergeLayersInput): Promise<void> {
    return this.#call({ name: 'mergeLayers', input });
  }

  relink(_id: string, input: RelinkInput): Promise<void> {
    return this.#call({ name: 'relink', input });
  }

  saveState = () => Promise.reject(new FailureError('machine.unsupported', 'These disks have no memory beside them.'));
  picture = () => Promise.resolve(null);

  /** As a client's call: a process that is gone is a failure of the call. */
  async #call(call: Omit<DisksCall & { name: 'mergeLayers' }, 'number'> | Omit<DisksCall & { name: 'relink' }, 'number'>): Promise<void> {
    if (this.isOver) throw new FailureError('rpc.closed', 'its process is gone');
    const number = ++this.#calls;
    const { failure } = await new Promise<DisksAnswer>((resolve) => {
      this.#waiting.set(number, resolve);
      this.#process.send({ ...call, number }, () => undefined);
    });
    this.#waiting.delete(number);
    if (failure !== undefined) throw new FailureError('rpc.closed', failure);
  }
}
