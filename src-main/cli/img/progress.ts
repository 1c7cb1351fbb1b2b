// The line that shows how far a command is (-p), and its end by Ctrl-C: the signal cancels the job, and the command ends
// in order, removing what it has begun.

import { BlockError, type BlockJob } from '../../engine/block/index.ts';
import { stdout } from './stdout.ts';

/** As a shell reports a process ended by a signal. */
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

export class CommandJob implements BlockJob {
  cancelled = false;
  /** The exit status of a command that a signal ended. */
  signalStatus: number | undefined;
  readonly #show: boolean;
  #shown = '';

  readonly #listeners: readonly { readonly signal: NodeJS.Signals; readonly listener: () => void }[];

  constructor(show: boolean) {
    this.#show = show;
    this.#listeners = SIGNALS.map(([signal, status]) => ({
      signal,
      listener: () => this.#signalled(status),
    }));
  }

  listen(): void {
    for (const { signal, listener } of this.#listeners) process.on(signal, listener);
    this.progress(0, 1);
  }

  unlisten(): void {
    for (const { signal, listener } of this.#listeners) process.off(signal, listener);
  }

  #signalled(status: number): void {
    // Who cannot wait gets the end at once; half-done files are removed on the way out all the same.
    if (this.cancelled) process.exit(status);
    this.cancelled = true;
    this.signalStatus = status;
  }

  progress(done: number, total: number): void {
    if (!this.#show) return;
    const percent = (total === 0 ? 100 : (100 * done) / total).toFixed(2);
    if (percent === this.#shown) return;
    this.#shown = percent;
    stdout.write(`    (${percent}/100%)\r`);
  }

  /** Only when all went well. */
  finish(): void {
    if (!this.#show) return;
    this.progress(1, 1);
    stdout.write('\n');
  }
}

/** Runs a command's long part: shows its progress, and turns its end by a signal into the status a shell expects. */
export async function withJob(job: CommandJob, work: (job: CommandJob) => Promise<void>): Promise<number> {
  job.listen();
  try {
    await work(job);
    job.finish();
    return 0;
  } catch (error) {
    if (!(error instanceof BlockError) || error.code !== 'cancelled' || job.signalStatus === undefined)
      throw error;
    process.stderr.write('\nboxwright: stopped; nothing half-done was left behind\n');
    return job.signalStatus;
  } finally {
    job.unlisten();
  }
}
