// Writes the machine's screen to a PNG file: at a given time, or as it was when the machine ended.

import { writeFileSync } from 'node:fs';
import type { Frame, MachineRunner } from '../host/machine-runner.ts';
import { encodePng } from '../host/png.ts';

export interface ScreenshotOptions {
  readonly path: string;
  /** Undefined: at the end. */
  readonly atSeconds: number | undefined;
  /** The file cannot be written. */
  readonly onError: (error: Error) => void;
}

export class Screenshot {
  readonly #runner: MachineRunner;
  readonly #options: ScreenshotOptions;
  #last: Frame | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Before the machine starts. */
  constructor(runner: MachineRunner, options: ScreenshotOptions) {
    this.#runner = runner;
    this.#options = options;
    runner.on('frame', (frame) => this.#take(frame));
  }

  /** The machine has started. */
  arm(): void {
    const { atSeconds } = this.#options;
    if (atSeconds === undefined) this.#runner.wantFrames(true);
    else this.#timer = setTimeout(() => this.#runner.wantFrames(true), atSeconds * 1000);
  }

  /** The machine has ended. */
  finish(): void {
    clearTimeout(this.#timer);
    if (this.#last !== undefined) this.#write(this.#last);
  }

  #take(frame: Frame): void {
    if (this.#options.atSeconds === undefined) {
      // The pixels stay readable after the end.
      this.#last = frame;
      this.#runner.frameDone();
    } else {
      this.#runner.wantFrames(false);
      this.#write(frame);
    }
  }

  #write({ width, height, pixels }: Frame): void {
    try {
      writeFileSync(this.#options.path, encodePng(width, height, pixels));
    } catch (error) {
      this.#options.onError(error as Error);
    }
  }
}
