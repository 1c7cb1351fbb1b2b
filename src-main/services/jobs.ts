// Long work on disk images: each job in a media process of its own, a few at a time, the others wait. Kept until they are
// cleared, so that a window that comes later sees what became of them.

import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isOver, type JobRequest, type JobResult, type JobView, type MachineWork } from '../../shared/machine/jobs.ts';
import { connect } from '../../shared/rpc/connect.ts';
import type { Client } from '../../shared/rpc/contract.ts';
import { FailureError, toFailure } from '../../shared/rpc/failure.ts';
import { type MediaContract, mediaContract } from '../../shared/rpc/media-contract.ts';
import { watched } from './job-watch.ts';
import type { LaunchProcess, ProcessHandle } from './process-handle.ts';

export interface JobsOptions {
  readonly launch: LaunchProcess;
  readonly onChange: (job: JobView) => void;
  readonly onRemove: (id: string) => void;
  readonly now?: () => number;
}

interface Job {
  view: JobView;
  /** Work that is carried out elsewhere, and how it is told to stop. */
  stop?: AbortController;
  handle: ProcessHandle | undefined;
  client: Client<MediaContract> | undefined;
  cancelled: boolean;
}

const MAX_RUNNING = 2;
const MAX_KEPT = 100;
const MAX_LOG = 300;
/** What does not answer to a cancel is ended. */
const CANCEL_LIMIT_MS = 5_000;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #now: () => number;
  readonly #jobs = new Map<string, Job>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  list(): JobView[] {
    return [...this.#jobs.values()].map(({ view }) => view);
  }

  /** Jobs that are not over. */
  get active(): number {
    return this.list().filter((view) => !isOver(view)).length;
  }

  start(request: JobRequest): JobView {
    if (this.active >= MAX_KEPT) throw new FailureError('rpc.tooManyCalls', 'Too many jobs are waiting; try again later.');
    const id = randomUUID();
    const view: JobView = {
      id, request, state: 'waiting', progress: null, createdMs: this.#now(), endedMs: null, result: null, failure: null, log: [],
    };
    const job: Job = { view, handle: undefined, client: undefined, cancelled: false };
    this.#add(job);
    this.#next();
    return job.view;
  }

  /** Work on a machine that is carried out elsewhere: here it is seen and can be cancelled. */
  async follow<T>(request: MachineWork, work: () => Promise<T>): Promise<T> {
    const id = randomUUID();
    const stop = new AbortController();
    const job: Job = {
      view: { id, request, state: 'running', progress: null, createdMs: this.#now(), endedMs: null, result: null, failure: null, log: [] },
      stop, handle: undefined, client: undefined, cancelled: false,
    };
    this.#add(job);
    const progress = (done: number, total: number) => {
      if (!isOver(job.view)) this.#change(job, { progress: total > 0 ? Math.min(1, done / total) : null });
    };
    try {
      const result = await watched({ id, signal: stop.signal, progress, log: (text) => this.#log(job, text) }, work);
      this.#end(job, { state: 'done', progress: 1 }, 'Done.');
      return result;
    } catch (error) {
      this.#endFailed(job, error);
      throw error;
    }
  }

  cancel(id: string): void {
    const job = this.#jobs.get(id);
    if (!job || isOver(job.view) || job.cancelled) return;
    job.cancelled = true;
    if (job.view.state === 'waiting') return this.#end(job, { state: 'cancelled' }, 'Cancelled before it began.');
    this.#log(job, 'Cancelling…');
    job.stop?.abort();
    const { client, handle } = job;
    client?.call('cancel', { job: id }).catch(() => handle?.kill());
    setTimeout(() => handle?.kill(), CANCEL_LIMIT_MS).unref();
  }

  clear(id?: string): void {
    for (const [known, { view }] of this.#jobs) {
      if (!isOver(view) || (id !== undefined && known !== id)) continue;
      this.#jobs.delete(known);
      this.#options.onRemove(known);
    }
  }

  /** For the end of the application: what is half-done leaves nothing behind. */
  async shutdown(): Promise<void> {
    const running = [...this.#jobs.values()].filter(({ handle }) => handle !== undefined);
    for (const id of this.#jobs.keys()) this.cancel(id);
    await Promise.all(
      running.map(({ handle }) => new Promise<void>((resolve) => (handle ? handle.onExit(() => resolve()) : resolve()))),
    );
  }

  #next(): void {
    const running = [...this.#jobs.values()].filter(({ view, stop }) => view.state === 'running' && stop === undefined).length;
    const waiting = [...this.#jobs.values()].filter(({ view }) => view.state === 'waiting');
    for (const job of waiting.slice(0, Math.max(0, MAX_RUNNING - running))) void this.#run(job);
  }

  async #run(job: Job): Promise<void> {
    const { id, request } = job.view as JobView & { request: JobRequest };
    this.#log(job, beginning(request), { state: 'running' });
    const handle = this.#options.launch('media', `job ${request.kind}`);
    const client = connect(mediaContract, handle.channel);
    Object.assign(job, { handle, client });
    handle.onLine((line) => this.#log(job, line));
    client.on('progress', ({ job: name, done, total }) => {
      if (name === id && !isOver(job.view)) this.#change(job, { progress: total > 0 ? Math.min(1, done / total) : null });
    });
    try {
      const result = await perform(client, id, request);
      this.#end(job, { state: 'done', progress: 1, result }, 'Done.');
    } catch (error) {
      this.#endFailed(job, error);
    } finally {
      handle.kill();
      this.#next();
    }
  }

  #add(job: Job): void {
    this.#jobs.set(job.view.id, job);
    this.#forgetOldest();
    this.#change(job, {});
  }

  /** A process that was ended for its cancel answers nothing. */
  #endFailed(job: Job, error: unknown): void {
    const failure = toFailure(error);
    if (job.cancelled) this.#end(job, { state: 'cancelled' }, 'Cancelled.');
    else this.#end(job, { state: 'failed', failure }, failure.message);
  }

  #end(job: Job, patch: Partial<JobView>, text: string): void {
    this.#log(job, text, { ...patch, endedMs: this.#now() });
    job.handle = undefined;
    job.client = undefined;
  }

  #log(job: Job, text: string, patch: Partial<JobView> = {}): void {
    const line = { timeMs: this.#now(), text: text.slice(0, 2000) };
    this.#change(job, { ...patch, log: [...job.view.log, line].slice(-MAX_LOG) });
  }

  #change(job: Job, patch: Partial<JobView>): void {
    job.view = { ...job.view, ...patch };
    this.#options.onChange(job.view);
  }

  #forgetOldest(): void {
    for (const [id, { view }] of this.#jobs) {
      if (this.#jobs.size <= MAX_KEPT) return;
      if (isOver(view)) this.clear(id);
    }
  }
}

async function perform(client: Client<MediaContract>, id: string, request: JobRequest): Promise<JobResult> {
  const { path } = request;
  const before = request.kind === 'create' ? undefined : await sizeOf(path);
  switch (request.kind) {
    case 'create':
      await client.call('createImage', { path, format: request.format, bytes: request.bytes });
      return { bytesAfter: await sizeOf(path) };
    case 'convert': {
      const { target, format, compressed } = request;
      await client.call('convertImage', { job: id, source: path, target, targetFormat: format, compressed, options: {} });
      return { bytesBefore: before, bytesAfter: await sizeOf(target) };
    }
    case 'resize':
      await client.call('resizeImage', { path, bytes: request.bytes, shrink: request.shrink });
      return { bytesBefore: before, bytesAfter: await sizeOf(path) };
    case 'compact':
      await client.call('compactImage', { job: id, path });
      return { bytesBefore: before, bytesAfter: await sizeOf(path) };
    case 'check': {
      const { corruptions, leaks, corruptionsFixed, leaksFixed } = await client.call('checkImage', { job: id, path, repair: request.repair });
      return { corruptions, leaks, fixed: corruptionsFixed + leaksFixed };
    }
  }
}

/** What it takes of the disk; nothing is read of it here. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (process.platform === 'win32' ? found.size : found.blocks * 512);
}

function beginning(request: JobRequest): string {
  switch (request.kind) {
    case 'create':
      return `Creating “${request.path}” (${request.format}, ${request.bytes} bytes).`;
    case 'convert':
      return `Converting “${request.path}” to “${request.target}” (${request.format}).`;
    case 'resize':
      return `Resizing “${request.path}” to ${request.bytes} bytes.`;
    case 'compact':
      return `Compacting “${request.path}”.`;
    case 'check':
      return `Checking “${request.path}” (repair: ${request.repair}).`;
  }
}
