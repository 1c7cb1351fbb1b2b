// A long operation as the engine sees its watcher: can be stopped, and tells of its progress in a bounded number of steps.

import type { BlockJob } from '../engine/block/index.ts';

/** More would only keep the window busy. */
const PROGRESS_STEPS = 200;

export class StepwiseJob implements BlockJob {
  cancelled = false;
  readonly #tell: (done: number, total: number) => void;
  #step = -1;

  constructor(tell: (done: number, total: number) => void) {
    this.#tell = tell;
  }

  progress(done: number, total: number): void {
    const step = total === 0 ? PROGRESS_STEPS : Math.floor((done / total) * PROGRESS_STEPS);
    if (step === this.#step) return;
    this.#step = step;
    this.#tell(done, total);
  }
}
