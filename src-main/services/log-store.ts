// Log lines of the machines: the last ones in memory for the window, all of them in `machine.log` of the machine's
// folder, which is turned over at a fixed size. Lines may come from a guest: their number and length are bounded.

import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import type { LogLine } from '../../shared/machine/view.ts';
import { systemErrorCode } from '../../shared/units/system-error.ts';

const KEPT_LINES = 2000;
const MAX_LINE = 2000;
const MAX_LOG_BYTES = 1024 * 1024;
/** While the disk is slower than a talkative guest, lines beyond this are only kept in memory. */
const MAX_UNWRITTEN = 500;

interface MachineLog {
  readonly lines: LogLine[];
  next: number;
  unwritten: string[];
  dropped: number;
  writing: Promise<void> | undefined;
}

export class LogStore {
  readonly #folderOf: (id: MachineId) => string;
  readonly #now: () => number;
  readonly #logs = new Map<MachineId, MachineLog>();

  constructor(folderOf: (id: MachineId) => string, now: () => number = Date.now) {
    this.#folderOf = folderOf;
    this.#now = now;
  }

  add(id: MachineId, level: LogLine['level'], text: string): void {
    const log = this.#log(id);
    const line: LogLine = { sequence: log.next++, timeMs: this.#now(), level, text: printable(text) };
    log.lines.push(line);
    if (log.lines.length > KEPT_LINES) log.lines.splice(0, log.lines.length - KEPT_LINES);
    if (log.unwritten.length < MAX_UNWRITTEN) log.unwritten.push(formatLine(line));
    else log.dropped += 1;
    log.writing ??= this.#writeOut(id, log);
  }

  lines(id: MachineId, after = -1): LogLine[] {
    return this.#logs.get(id)?.lines.filter((line) => line.sequence > after) ?? [];
  }

  /** The texts of the last lines, for a crash report. */
  tail(id: MachineId, count: number): string[] {
    return this.lines(id)
      .slice(-count)
      .map((line) => line.text);
  }

  forget(id: MachineId): void {
    this.#logs.delete(id);
  }

  /** Resolves when everything added so far is in the files. */
  async flush(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.writing));
  }

  #log(id: MachineId): MachineLog {
    const log = this.#logs.get(id) ?? { lines: [], next: 0, unwritten: [], dropped: 0, writing: undefined };
    this.#logs.set(id, log);
    return log;
  }

  async #writeOut(id: MachineId, log: MachineLog): Promise<void> {
    // Lines that come in the same turn go out in one write.
    await Promise.resolve();
    while (log.unwritten.length > 0) {
      const text = log.unwritten.join('') + (log.dropped > 0 ? `(${log.dropped} lines left out)\n` : '');
      log.unwritten = [];
      log.dropped = 0;
      await appendBounded(join(this.#folderOf(id), 'machine.log'), text);
    }
    log.writing = undefined;
  }
}

function formatLine(line: LogLine): string {
  return `${new Date(line.timeMs).toISOString()} ${line.level} ${line.text}\n`;
}

/** One line without escape sequences: a log is looked at in terminals. */
function printable(text: string): string {
  let result = '';
  for (const character of text.slice(0, MAX_LINE)) {
    const code = character.codePointAt(0) ?? 0;
    const control = (code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0);
    result += control ? '·' : character;
  }
  return result;
}

async function appendBounded(file: string, text: string): Promise<void> {
  try {
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size > MAX_LOG_BYTES) await rename(file, `${file}.1`);
    await appendFile(file, text, { mode: 0o600 });
  } catch (error) {
    // The folder of a machine that is being deleted, or a full disk: the lines in memory remain.
    if (systemErrorCode(error) === '') throw error;
  }
}
