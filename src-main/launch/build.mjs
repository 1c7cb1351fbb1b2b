// Builds what is stale. A bundle is stale when its stamp does not name the present state of the files it is made
// from (path, size and time of each). Plain JavaScript: it runs before anything is built, on Node 20.

import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Not by import, which would load what short commands do without: see src-main/vite.config.ts. */
export const fs = /** @type {typeof import('node:fs')} */ (createRequire(import.meta.url)('node:fs'));
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = fs;

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** No build takes as long. */
const LOCK_LIFE_MS = 120_000;
const LOCK_POLL_MS = 100;

/**
 * @typedef {object} Target
 * @property {string} config
 * @property {string} mode
 * @property {readonly string[]} sources
 * @property {string} result A file that must exist.
 * @property {Readonly<Record<string, readonly string[]>>} [parts] What can be run while other sources are stale: the
 *   modules that are loaded for it, with all that these import.
 */

/** @type {Readonly<Record<'main' | 'preload' | 'renderer', Target>>} */
export const TARGETS = {
  main: {
    config: 'src-main/vite.config.ts',
    mode: 'production',
    sources: ['src-main', 'shared', 'assets', 'package.json'],
    result: 'dist/main/web-shell.js',
    parts: { img: ['src-main/cli/main.ts', 'src-main/cli/img/img.ts'] },
  },
  preload: {
    config: 'src-main/vite.config.ts',
    mode: 'preload',
    sources: ['src-main/preload.ts', 'src-main/vite.config.ts', 'shared', 'package.json'],
    result: 'dist/preload/preload.cjs',
  },
  renderer: {
    config: 'src-renderer/vite.config.ts',
    mode: 'production',
    sources: ['src-renderer', 'shared', 'assets', 'package.json'],
    result: 'dist/renderer/index.html',
  },
};

/**
 * @param {readonly (keyof typeof TARGETS)[]} names
 * @param {(line: string) => void} say
 */
export async function buildStale(names, say = (line) => console.error(line)) {
  for (const name of names) {
    if (isFresh(name)) continue;
    const unlock = await lock(name);
    try {
      // Another process may have built it meanwhile.
      if (!isFresh(name)) await build(name, say);
    } finally {
      unlock();
    }
  }
}

/** @param {keyof typeof TARGETS} name */
function isFresh(name) {
  const target = TARGETS[name];
  return existsSync(join(ROOT, target.result)) && read(stampOf(name)) === fingerprint(ROOT, target.sources);
}

/**
 * A fifth of the files to look at.
 * @param {keyof typeof TARGETS} name
 * @param {string} part
 */
export function isPartFresh(name, part, root = ROOT) {
  const stamp = read(stampOf(name, part, root));
  return stamp !== undefined && !existsSync(lockOf(name, root)) && stamp === fingerprint(root, linesOf(stamp).map(fileIn));
}

/**
 * @param {keyof typeof TARGETS} name
 * @param {(line: string) => void} say
 */
async function build(name, say) {
  const { config, mode, sources, parts = {} } = TARGETS[name];
  const state = fingerprint(ROOT, sources);
  say(`Building ${name}…`);
  for (const part of Object.keys(parts)) rmSync(stampOf(name, part), { force: true });
  // Vite is loaded only when there is something to build: that takes longer than starting the application.
  const vite = await import('vite');
  const root = vite.normalizePath(ROOT);
  /** @type {Map<string, ReadonlySet<string>>} */
  const loaded = new Map();
  /** @type {import('vite').Plugin} */
  const noteParts = {
    name: 'note-parts',
    buildEnd(error) {
      if (error) return;
      for (const [part, modules] of Object.entries(parts)) {
        const ids = modules.map((module) => root + module);
        loaded.set(part, withImports(ids, (id) => this.getModuleInfo(id)?.importedIds ?? []));
      }
    },
  };
  await vite.build({ configFile: join(ROOT, config), mode, plugins: [noteParts] });
  writeFileSync(stampOf(name), state);
  for (const [part, ids] of loaded) {
    const counts = (/** @type {string} */ file) =>
      file === 'package.json' || file === config || ids.has(root + vite.normalizePath(file));
    const lines = linesOf(state).filter((line) => counts(fileIn(line)));
    writeFileSync(stampOf(name, part), lines.map((line) => `${line}\n`).join(''));
  }
}

/**
 * What is loaded with the modules, themselves included.
 * @param {readonly string[]} ids
 * @param {(id: string) => readonly string[]} importsOf
 */
function withImports(ids, importsOf) {
  const found = new Set(ids);
  for (const id of found) for (const imported of importsOf(id)) found.add(imported);
  return found;
}

/** @param {string} name @param {string} [part] */
const stampOf = (name, part, root = ROOT) => join(root, 'dist', `.${part === undefined ? name : `${name}-${part}`}.stamp`);

/** @param {string} name */
const lockOf = (name, root = ROOT) => join(root, 'dist', `.${name}.lock`);

/**
 * Keeps two processes from building the same thing at a time: the second waits. Who died in the middle has left a
 * lock that is soon too old.
 * @param {string} name
 * @returns {Promise<() => void>}
 */
async function lock(name) {
  const folder = lockOf(name);
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LOCK_LIFE_MS) rmSync(folder, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/**
 * The files themselves, not a digest of them: this runs before every command, and loading cryptography would take longer
 * than comparing. Installed packages count through the lock file, which package.json stands for.
 * @param {string} root
 * @param {readonly string[]} sources
 */
export function fingerprint(root, sources) {
  /** @type {string[]} */
  const lines = [];
  const add = (/** @type {string} */ file) => {
    const { size, mtimeMs } = statSync(file);
    lines.push(`${size} ${mtimeMs} ${file.slice(root.length)}\n`);
  };
  for (const source of sources) {
    const path = join(root, source);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) eachFile(path, add);
    else if (found !== undefined) add(path);
  }
  return lines.join('');
}

/** Of a fingerprint. @param {string} print */
const linesOf = (print) => print.split('\n').filter((line) => line !== '');

/** Behind its size and its time. @param {string} line */
const fileIn = (line) => line.split(' ').slice(2).join(' ');

/**
 * @param {string} folder
 * @param {(file: string) => void} visit
 */
function eachFile(folder, visit) {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    // Not `join`: that too would be done for every file.
    const child = `${folder}${sep}${entry.name}`;
    if (entry.isDirectory()) eachFile(child, visit);
    else if (entry.isFile()) visit(child);
  }
}

/** @param {string} file */
function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
