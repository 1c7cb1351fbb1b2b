// The job that the present work is part of, wherever that work has got to: who makes a media process far below can so
// report its progress and hear that it is not wanted any more, without each function on the way handing the job down.

import { AsyncLocalStorage } from 'node:async_hooks';

export interface JobWatch {
  readonly id: string;
  readonly signal: AbortSignal;
  progress(done: number, total: number): void;
  /** A line of its log. */
  log(text: string): void;
}

const watches = new AsyncLocalStorage<JobWatch>();

export function watched<T>(watch: JobWatch, work: () => Promise<T>): Promise<T> {
  return watches.run(watch, work);
}

/** undefined: nobody watches. */
export function currentWatch(): JobWatch | undefined {
  return watches.getStore();
}
