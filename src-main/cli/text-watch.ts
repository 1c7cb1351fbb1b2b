// Waits for a text to stand on the machine's text screen, for scripts: `--wait-for-text`. What the serial port says is
// not looked at.

import type { TextScreen } from '../engine/machine/options.ts';
import type { MachineRunner } from '../host/machine-runner.ts';

export interface TextWatchOptions {
  readonly text: string;
  readonly seconds: number;
  readonly onSeen: () => void;
  readonly onTimeout: () => void;
}

export class TextWatch {
  readonly #runner: MachineRunner;
  readonly #options: TextWatchOptions;
  #screen: TextScreen | undefined;
  #seen = false;
  #timer: NodeJS.Timeout | undefined;

  /** Before the machine starts. */
  constructor(runner: MachineRunner, options: TextWatchOptions) {
    this.#runner = runner;
    this.#options = options;
    runner.on('frame', ({ text }) => {
      this.#look(text);
      runner.frameDone();
    });
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** The machine has started. */
  arm(): void {
    this.#runner.wantFrames(true);
    this.#timer = setTimeout(this.#options.onTimeout, this.#options.seconds * 1000);
  }

  /** The machine has ended. */
  finish(): void {
    clearTimeout(this.#timer);
  }

  /** Why it was not seen, with the screen as it was last. */
  complaint(): string {
    const { text } = this.#options;
    const rows = this.#screen?.rows.map((row) => row.trimEnd()) ?? [];
    while (rows.at(-1) === '') rows.pop();
    const said =
      this.#screen === undefined
        ? 'the screen was in a graphics mode'
        : `the screen said:\n${rows.join('\n')}`;
    return `the text "${text}" did not appear on the screen; ${said}`;
  }

  #look(screen: TextScreen | undefined): void {
    this.#screen = screen;
    if (this.#seen || screen === undefined || !says(screen, this.#options.text)) return;
    this.#seen = true;
    this.#options.onSeen();
  }
}

/** Within a row, or across the end of full rows, where a screen breaks lines. */
function says({ rows }: TextScreen, text: string): boolean {
  return rows.some((row) => row.includes(text)) || rows.join('').includes(text);
}
