// The folder in which the workload `compile` runs: Debian's tcc with the libraries it is linked to, a program, and the
// headers that this program includes. Made once for each architecture, with packages fetched by name.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpio, FILE, FOLDER, PROGRAM } from '../guests/cpio.mjs';
import { Packages } from '../guests/debian.mjs';
import { GUESTS_FOLDER } from '../guests/prepare-guests.mjs';

/** @typedef {import('./build-programs.mjs').Arch} Arch */
/** @typedef {import('../guests/cpio.mjs').Entry} Entry */

/** In the guest. */
export const COMPILE_FOLDER = '/compile-job';
const SOURCE = 'compile-job.c';
const HERE = fileURLToPath(new URL('.', import.meta.url));
const PACKAGES = ['tcc', 'libc6', 'libc6-dev', 'linux-libc-dev', 'libstb-dev'];
const LIBRARIES = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0'];
const TRIPLETS = { i386: 'i386-linux-gnu', amd64: 'x86_64-linux-gnu' };
const LINKERS = { i386: 'ld-linux.so.2', amd64: 'ld-linux-x86-64.so.2' };
/**
 * Throws an error that says what is missing.
 * @param {Arch} arch
 * @returns {{ folder: string, archive: string }} The archive has the folder as it was before anybody worked in it.
 */
export function compileJob(arch) {
  const recipe = [readFileSync(join(HERE, 'programs', SOURCE)), readFileSync(fileURLToPath(import.meta.url))];
  const digest = createHash('sha256').update(Buffer.concat(recipe)).digest('hex').slice(0, 16);
  const made = join(GUESTS_FOLDER, 'bench', `compile-${digest}`, arch);
  const job = { folder: join(made, 'job'), archive: join(made, 'job.cpio') };
  if (existsSync(made)) return job;
  mkdirSync(dirname(made), { recursive: true });
  // Whole or not at all.
  const draft = mkdtempSync(`${made}-`);
  try {
    const system = join(draft, 'system');
    fill(join(draft, 'job'), system, arch);
    rmSync(system, { recursive: true });
    writeFileSync(join(draft, 'job.cpio'), cpio(entriesOf(join(draft, 'job'), COMPILE_FOLDER.slice(1))));
    renameSync(draft, made);
  } catch (error) {
    rmSync(draft, { recursive: true });
    throw error;
  }
  return job;
}

/**
 * @param {string} job
 * @param {string} system Where packages are unpacked.
 * @param {Arch} arch
 */
function fill(job, system, arch) {
  const packages = new Packages(GUESTS_FOLDER, arch);
  for (const name of PACKAGES) packages.unpackInto(system, name);
  const libraries = join(system, 'lib', TRIPLETS[arch]);
  mkdirSync(join(job, 'include'), { recursive: true });
  copyFileSync(join(HERE, 'programs', SOURCE), join(job, SOURCE));
  copyFileSync(join(system, 'usr/bin/tcc'), join(job, 'tcc'));
  copyFileSync(join(libraries, LINKERS[arch]), join(job, 'ld.so'));
  for (const name of LIBRARIES) copyFileSync(join(libraries, name), join(job, name));
  // As much of the headers as is included: the guest keeps all of it in memory.
  const roots = [`usr/lib/${TRIPLETS[arch]}/tcc/include`, `usr/include/${TRIPLETS[arch]}`, 'usr/include'].map((path) => join(system, path));
  const include = roots.map((root) => `-I${root}`);
  execFileSync('./ld.so', ['--library-path', '.', './tcc', '-nostdinc', ...include, '-MD', '-MF', 'included', '-c', SOURCE, '-o', 'out.o'], {
    cwd: job,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const header of readFileSync(join(job, 'included'), 'utf8').split(/[\s\\]+/).filter((name) => name.endsWith('.h'))) {
    const root = roots.find((candidate) => header.startsWith(`${candidate}/`));
    if (root === undefined) throw new Error(`${SOURCE} includes ${header}, which comes with no package`);
    cpSync(header, join(job, 'include', header.slice(root.length + 1)));
  }
  for (const name of ['included', 'out.o']) rmSync(join(job, name));
}

/**
 * @param {string} folder
 * @param {string} name In the guest.
 * @returns {Entry[]}
 */
function entriesOf(folder, name) {
  const below = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const [path, inGuest] = [join(folder, entry.name), `${name}/${entry.name}`];
    if (entry.isDirectory()) return entriesOf(path, inGuest);
    const mode = ['ld.so', 'tcc'].includes(entry.name) ? PROGRAM : FILE;
    return [{ name: inGuest, mode, content: readFileSync(path) }];
  });
  return [{ name, mode: FOLDER }, ...below];
}
