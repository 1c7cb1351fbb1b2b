// Builds what is stale. A bundle is stale when its stamp does not name the present state of the files it is made
// from (path, size and time of each). Plain JavaScript: it runs before anything is built, on Node 20.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

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
 */

/** @type {Readonly<Record<'main' | 'preload' | 'renderer', Target>>} */
export const TARGETS = {
  main: {
    config: 'src-main/vite.config.ts',
    mode: 'production',
    sources: ['src-main', 'shared', 'assets', 'package.json'],
    result: 'dist/main/web-shell.js',
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
 * @param {keyof typeof TARGETS} name
 * @param {(line: string) => void} say
 */
async function build(name, say) {
  const target = TARGETS[name];
  const state = fingerprint(ROOT, target.sources);
  say(`Building ${name}…`);
  // Vite is loaded only when there is something to build: that takes longer than starting the application.
  const vite = await import('vite');
  await vite.build({ configFile: join(ROOT, target.config), mode: target.mode });
  writeFileSync(stampOf(name), state);
}

/** @param {string} name */
const stampOf = (name) => join(ROOT, 'dist', `.${name}.stamp`);

/**
 * Keeps two processes from building the same thing at a time: the second waits. Who died in the middle has left a
 * lock that is soon too old.
 * @param {string} name
 * @returns {Promise<() => void>}
 */
async function lock(name) {
  const folder = join(ROOT, 'dist', `.${name}.lock`);
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
    lines.push(`${file.slice(root.length)} ${size} ${mtimeMs}\n`);
  };
  for (const source of sources) {
    const path = join(root, source);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) eachFile(path, add);
    else if (found !== undefined) add(path);
  }
  return lines.join('');
}

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
