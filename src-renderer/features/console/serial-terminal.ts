// A terminal on a machine's serial port: xterm.js, its size and colours. A chunk of its own, because only some look at
// serial ports. Reference: ECMA-48; xterm.js API.

import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import { t } from '../../i18n/strings.ts';
import type { ConsoleSession } from './console-session.ts';

export interface TerminalHost {
  hostKey(): string;
  free(): void;
  find(): void;
  copy(terminal: SerialTerminal): void;
}

const SCROLLBACK_LINES = 10_000;

export class SerialTerminal {
  readonly #terminal: Terminal;
  readonly #session: ConsoleSession;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #end: (() => void)[] = [];

  constructor(place: HTMLElement, session: ConsoleSession, host: TerminalHost) {
    this.#session = session;
    this.#terminal = new Terminal({
      scrollback: SCROLLBACK_LINES,
      fontFamily: getComputedStyle(place).getPropertyValue('--mono'),
      fontSize: 13,
      cursorBlink: false,
      // The rows are text for screen readers as well.
      screenReaderMode: true,
      macOptionIsMeta: true,
      theme: theme(place),
      minimumContrastRatio: 4.5,
    });
    const terminal = this.#terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.#search);
    terminal.open(place);
    terminal.textarea?.setAttribute('aria-label', t.console.terminal);
    terminal.onData((text) => session.sendSerial(text));
    terminal.onBinary((text) => session.sendSerial(text));
    terminal.attachCustomKeyEventHandler((event) => this.#isForGuest(event, host));
    const observer = new ResizeObserver(() => this.#fit.fit());
    observer.observe(place);
    this.#end.push(() => observer.disconnect(), this.#followColours(place));
    this.#end.push(session.serial.listen((bytes) => terminal.write(bytes)));
    this.#fit.fit();
  }

  get selection(): string {
    return this.#terminal.getSelection();
  }

  focus(): void {
    this.#terminal.focus();
  }

  clear(): void {
    this.#terminal.clear();
    this.#terminal.focus();
  }

  paste(text: string): void {
    this.#terminal.paste(text);
  }

  /** A serial line does not carry the size of its terminal: the guest's shell is told in its own words. */
  tellSize(): void {
    this.#session.sendSerial(`stty rows ${this.#terminal.rows} cols ${this.#terminal.cols}\r`);
    this.#terminal.focus();
  }

  find(text: string, direction: 'next' | 'previous', isTyping: boolean): void {
    if (text === '') return this.#search.clearDecorations();
    if (direction === 'previous') this.#search.findPrevious(text);
    else this.#search.findNext(text, { incremental: isTyping });
  }

  close(): void {
    for (const end of this.#end) end();
    this.#terminal.dispose();
  }

  /** Keys that are not the guest's: the host key, and the usual ones of terminals for clipboard and search. */
  #isForGuest(event: KeyboardEvent, host: TerminalHost): boolean {
    const { type, code, ctrlKey, shiftKey } = event;
    if (code === host.hostKey()) {
      if (type === 'keyup') host.free();
      return false;
    }
    if (!ctrlKey || !shiftKey || !['KeyC', 'KeyF', 'KeyV'].includes(code)) return true;
    // The browser's own paste is what brings the clipboard in.
    if (code !== 'KeyV') event.preventDefault();
    if (type === 'keydown' && code === 'KeyC') host.copy(this);
    if (type === 'keydown' && code === 'KeyF') host.find();
    return false;
  }

  #followColours(place: HTMLElement): () => void {
    const apply = () => {
      this.#terminal.options.theme = theme(place);
    };
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = new MutationObserver(apply);
    chosen.observe(document.documentElement, { attributeFilter: ['style'] });
    system.addEventListener('change', apply);
    return () => {
      chosen.disconnect();
      system.removeEventListener('change', apply);
    };
  }
}

/** The window's own colours; those of ECMA-48 are xterm's, made legible by its contrast rule. */
function theme(place: HTMLElement) {
  const { color, backgroundColor } = getComputedStyle(place);
  return {
    foreground: color,
    background: backgroundColor,
    cursor: color,
    cursorAccent: backgroundColor,
    selectionBackground: 'rgb(90 150 255 / 40%)',
  };
}
