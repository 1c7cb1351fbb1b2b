// Keys of the window as a keyboard of the machine: by their place, whatever they print here. The host key (the user's
// choice) frees the keyboard and, held, begins the window's own shortcuts; nothing else is kept from the guest,
// except Ctrl+Shift+C, which copies the screen's text.
// Reference: W3C UI Events, KeyboardEvent.code.

import { scanCodes } from '../../../shared/rpc/scan-codes.table.ts';

export interface KeyboardHost {
  send(codes: Uint8Array): void;
  /** KeyboardEvent.code of the host key now. */
  hostKey(): string;
  /** The host key was pressed and let go. */
  free(): void;
  copy(): void;
  /** The host key with another key; true if it means something. */
  shortcut(code: string): boolean;
}

/** The part of a KeyboardEvent that counts. */
export interface KeyEvent {
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly isComposing: boolean;
  preventDefault(): void;
  stopPropagation(): void;
}

/** Systems that report only the release of these. */
const RELEASE_ONLY = new Set(['PrintScreen']);

export class KeyboardCapture {
  readonly #host: KeyboardHost;
  readonly #down = new Set<string>();
  #hostKey: 'up' | 'down' | 'used' = 'up';

  constructor(host: KeyboardHost) {
    this.#host = host;
  }

  keyDown(event: KeyEvent): void {
    const { code } = event;
    if (code === '' || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    if (code === this.#host.hostKey()) {
      if (this.#hostKey === 'up') this.#hostKey = 'down';
      return;
    }
    if (this.#hostKey !== 'up') {
      this.#hostKey = 'used';
      this.#host.shortcut(code);
      return;
    }
    if (code === 'KeyC' && event.ctrlKey && event.shiftKey) return this.#host.copy();
    const codes = scanCodes(code, true);
    if (codes.length === 0) return;
    // A key held down repeats, as a keyboard's does.
    this.#down.add(code);
    this.#host.send(codes);
  }

  keyUp(event: KeyEvent): void {
    const { code } = event;
    if (code === '') return;
    event.preventDefault();
    event.stopPropagation();
    if (code === this.#host.hostKey()) {
      const alone = this.#hostKey === 'down';
      this.#hostKey = 'up';
      if (alone) this.#host.free();
      return;
    }
    if (RELEASE_ONLY.has(code) && !this.#down.has(code)) this.#press(code);
    else if (this.#down.delete(code)) this.#host.send(scanCodes(code, false));
    // macOS reports no release of other keys while Command is down.
    if (code.startsWith('Meta')) this.releaseAll();
  }

  /** Keys held together, as with the Ctrl+Alt+Del button: pressed in order, released in reverse. */
  chord(codes: readonly string[]): void {
    for (const code of codes) this.#host.send(scanCodes(code, true));
    for (const code of [...codes].reverse()) this.#host.send(scanCodes(code, false));
  }

  /** The window no longer learns what happens to keys. */
  releaseAll(): void {
    for (const code of this.#down) this.#host.send(scanCodes(code, false));
    this.#down.clear();
    this.#hostKey = 'up';
  }

  #press(code: string): void {
    this.chord([code]);
  }
}
