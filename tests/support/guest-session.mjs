// A guest run by a program of its own (`boxwright run`, or another emulator to compare with), as a person at its
// terminal has it: what it prints is waited for, lines are typed, its end has a status. Every wait has a limit.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildStale, ROOT } from '../../src-main/launch/build.mjs';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';

/** Of the text that an error shows. */
const TAIL_CHARACTERS = 1500;

/**
 * Starts `boxwright run` from bundles that are not stale, without its launcher, so that the process is the machine's.
 * @param {readonly string[]} args
 */
export async function boxwrightRun(args) {
  await buildStale(['main']);
  return new GuestSession(nodeBinary(), [join(ROOT, 'dist', 'main', 'cli.js'), 'run', ...args]);
}

export class GuestSession {
  /** Everything printed so far. */
  output = '';
  errors = '';
  /** Where the next wait looks from: behind what the last one found. */
  #seen = 0;
  /** Of the program's start, on the clock of `performance.now`. */
  startedMs = performance.now();
  #child;
  /** @type {{ status: number | undefined, signal: string | undefined } | undefined} */
  #end;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {string} [folder]
   */
  constructor(program, args, folder) {
    this.#child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    const changed = () => {
      for (const watcher of this.#watchers) watcher();
    };
    /** @param {{ status: number | undefined, signal: string | undefined }} end */
    const ended = (end) => {
      this.#end ??= end;
      changed();
    };
    this.#child.stdout.setEncoding('latin1').on('data', (text) => {
      this.output += text;
      changed();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors += text;
      changed();
    });
    // A guest that ended no longer reads.
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => {
      this.errors += `${error.message}\n`;
      ended({ status: undefined, signal: undefined });
    });
    // When all output has come too.
    this.#child.on('close', (status, signal) =>
      ended({ status: status ?? undefined, signal: signal ?? undefined }),
    );
  }

  get processId() {
    return this.#child.pid;
  }

  /** @param {string} text */
  type(text) {
    this.#child.stdin.write(text);
  }

  /**
   * The first match in what was not matched yet.
   * @param {RegExp} pattern
   * @param {number} limitMs
   * @returns {Promise<RegExpExecArray>}
   */
  async waitFor(pattern, limitMs) {
    const find = () => pattern.exec(this.output.slice(this.#seen));
    await this.#until(() => find() !== null || this.#end !== undefined, limitMs, `${pattern}`);
    const found = find();
    if (found === null) throw this.#failure(`ended before ${pattern}`);
    this.#seen += found.index + found[0].length;
    return found;
  }

  /**
   * Types a line at a shell's prompt and returns what the command printed.
   * @param {string} line
   * @param {number} limitMs
   */
  async command(line, limitMs) {
    this.type(`${line}\n`);
    // The echo of the line, then its output up to the next prompt.
    await this.waitFor(new RegExp(`${escaped(line)}\\r?\\n`), limitMs);
    const found = await this.waitFor(SHELL_PROMPT, limitMs);
    return (found[1] ?? '').replaceAll('\r', '');
  }

  /**
   * The program's exit status.
   * @param {number} limitMs
   * @returns {Promise<number>}
   */
  async ended(limitMs) {
    await this.#until(() => this.#end !== undefined, limitMs, 'its end');
    const { status, signal } = this.#end ?? {};
    if (status === undefined) throw this.#failure(`ended by ${signal ?? 'failing to start'}`);
    return status;
  }

  /** Keeps the program from running, where the system has such a signal; the guest's clocks go on, and its timers are late afterwards. */
  rest() {
    if (process.platform !== 'win32') this.#child.kill('SIGSTOP');
  }

  wake() {
    if (process.platform !== 'win32') this.#child.kill('SIGCONT');
  }

  /** Ends the program if it has not ended; for the end of a test. */
  async stop() {
    if (this.#end !== undefined) return;
    this.#child.kill('SIGKILL');
    await this.#until(() => this.#end !== undefined, 10_000, 'its end after SIGKILL').catch(() => undefined);
  }

  /** The JSON that `--stats` prints at the end. @returns {Record<string, unknown>} */
  stats() {
    const line = this.errors.split('\n').findLast((candidate) => candidate.startsWith('{'));
    if (line === undefined) throw this.#failure('printed no statistics');
    return JSON.parse(line);
  }

  /** Resident memory of the process: now, and at most so far. Linux only. */
  residentBytes() {
    return { now: this.#processBytes('VmRSS'), peak: this.#processBytes('VmHWM') };
  }

  /** Processor time the process has used. Linux only. Reference: proc(5), /proc/pid/stat. */
  processorSeconds() {
    const text = readFileSync(`/proc/${this.processId}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [user, system] = [Number(fields[11]), Number(fields[12])];
    const TICKS_PER_SECOND = 100;
    return (user + system) / TICKS_PER_SECOND;
  }

  /** @param {string} name */
  #processBytes(name) {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${this.processId}/status`, 'utf8'),
    );
    return Number(found?.[1]) * 1024;
  }

  /**
   * @param {() => boolean} condition
   * @param {number} limitMs
   * @param {string} what
   * @returns {Promise<void>}
   */
  #until(condition, limitMs, what) {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (condition()) settle(resolve);
      };
      const late = () =>
        settle(() => reject(this.#failure(`waited ${limitMs / 1000} s in vain for ${what}`)));
      const timer = setTimeout(late, limitMs);
      /** @param {() => void} then */
      const settle = (then) => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        then();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** @param {string} what */
  #failure(what) {
    const tail = `${this.output}\n${this.errors}`.slice(-TAIL_CHARACTERS);
    return new Error(`The guest's program ${what}. It printed last:\n${tail}`);
  }
}

/** Busybox's shell as root, in any folder; what stands before it is the output of the last command. */
export const SHELL_PROMPT = /([\s\S]*?)(?:^|\n)\S+ # (?:\S*)$/;

/** Where /proc tells about processes. */
export const canMeasureProcesses = existsSync('/proc/self/status');

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
