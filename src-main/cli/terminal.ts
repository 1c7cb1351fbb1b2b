// The terminal a machine's serial port is connected to: raw while the machine runs, restored whatever happens.
// Keys after Ctrl-A are for us, as in QEMU's -nographic. Standard input may also be a pipe or a file.

const CTRL_A = 0x01;
const CTRL_C = 0x03;

export interface TerminalEvents {
  /** Bytes for the guest. */
  input(bytes: Uint8Array): void;
  /** Ctrl-A X, or Ctrl-C where that is ours. */
  quit(): void;
}

/** What follows Ctrl-A. */
const ESCAPES: Readonly<Record<string, string>> = {
  h: '\nCtrl-A H  this help\nCtrl-A X  quit\nCtrl-A Ctrl-A  send Ctrl-A\n',
  c: '\nthere is no monitor to switch to\n',
  s: '\nthere is no disk to save\n',
  b: '\nsending a break is not supported\n',
  t: '\nthere are no time stamps\n',
};

export class Terminal {
  readonly #events: TerminalEvents;
  /** Ctrl-A is ours; otherwise Ctrl-C is. */
  readonly #escapes: boolean;
  #afterEscape = false;
  #open = false;

  constructor(events: TerminalEvents, escapes: boolean) {
    this.#events = events;
    this.#escapes = escapes;
  }

  open(): void {
    this.#open = true;
    const { stdin } = process;
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      process.once('exit', () => this.close());
    }
    stdin.on('data', (chunk: Buffer) => this.#data(chunk));
    // The end of a pipe only means that no more is coming.
    stdin.on('error', () => this.close());
    stdin.resume();
  }

  /** No more is taken until `resume`; a pipe's writer then waits. */
  pause(): void {
    process.stdin.pause();
  }

  resume(): void {
    if (this.#open) process.stdin.resume();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { stdin } = process;
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.unref?.();
  }

  #data(chunk: Uint8Array): void {
    const out: number[] = [];
    for (const byte of chunk) {
      if (this.#afterEscape) {
        this.#afterEscape = false;
        if (byte === CTRL_A) out.push(byte);
        else if (String.fromCharCode(byte).toLowerCase() === 'x') return this.#events.quit();
        else this.#say(byte);
      } else if (this.#escapes && byte === CTRL_A) {
        this.#afterEscape = true;
      } else if (!this.#escapes && process.stdin.isTTY && byte === CTRL_C) {
        return this.#events.quit();
      } else {
        out.push(byte);
      }
    }
    if (out.length > 0) this.#events.input(Uint8Array.from(out));
  }

  #say(byte: number): void {
    const key = String.fromCharCode(byte).toLowerCase();
    process.stderr.write(ESCAPES[key === '?' ? 'h' : key] ?? `\nCtrl-A ${key}: not known; Ctrl-A H lists what is\n`);
  }
}
