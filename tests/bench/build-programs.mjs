// Compiles the workloads of `programs/` with the machine's C compiler, once for each state of their sources: as Linux
// programs, in an archive that is appended to a guest's initramfs, and as Multiboot kernels that need no system.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { cpio, PROGRAM } from '../guests/cpio.mjs';
import { GUESTS_FOLDER } from '../guests/prepare-guests.mjs';

const SOURCES = fileURLToPath(new URL('programs/', import.meta.url));
const WORKLOADS = ['main.c', 'integer.c', 'memory.c', 'float.c'];
/** Code that asks nothing of a C library and whose loops stay what they are written as. */
const FLAGS = [
  '-std=c11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-pic',
  '-no-pie',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fcf-protection=none',
  '-fno-tree-vectorize',
  '-fno-tree-loop-distribute-patterns',
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
];
const ARCH_FLAGS = {
  i386: ['-m32', '-march=i686', '-mfpmath=387'],
  amd64: ['-m64', '-march=x86-64', '-mno-red-zone'],
};

/** @typedef {keyof typeof ARCH_FLAGS} Arch */

/**
 * @typedef {object} Programs
 * @property {string} linux The program itself, which Linux of the same architecture runs.
 * @property {string} kernel The same without an operating system.
 * @property {string | undefined} disk Measures a disk from inside Linux; for amd64 only.
 */

/**
 * Throws an error that says what is missing.
 * @param {Arch} arch
 * @returns {Programs}
 */
export function buildPrograms(arch) {
  const folder = join(GUESTS_FOLDER, 'bench', fingerprint(), arch);
  const disk = arch === 'amd64' ? join(folder, 'disk') : undefined;
  const programs = { linux: join(folder, 'linux'), kernel: join(folder, 'kernel'), disk };
  if (existsSync(programs.kernel)) return programs;
  // Whole or not at all.
  const draft = mkdtempSync(join(tmpdir(), 'boxwright-bench-'));
  try {
    const linux = [...WORKLOADS, 'system.c', 'linux.c', 'linux-start.S'];
    compile(arch, linux, ['-DLINUX', '-o', join(draft, 'linux')]);
    const script = `-Wl,-T,${join(SOURCES, 'bare.ld')}`;
    compile(arch, [...WORKLOADS, 'bare.c', 'bare-start.S'], [script, '-o', join(draft, 'kernel')]);
    // Multiboot knows ELF of 32 bits only; the code in it may be of 64.
    if (arch === 'amd64') tool('objcopy', ['-O', 'elf32-i386', join(draft, 'kernel')]);
    if (disk !== undefined) compile(arch, ['disk.c', 'linux-start.S'], ['-o', join(draft, 'disk')]);
    mkdirSync(folder, { recursive: true });
    // The kernel comes last: it says that all are there.
    for (const path of [disk, programs.linux, programs.kernel])
      if (path !== undefined) place(path, readFileSync(join(draft, basename(path))), 0o755);
  } finally {
    rmSync(draft, { recursive: true });
  }
  return programs;
}

/**
 * The guest's initramfs with the programs in it: /bin/bench, /bin/bench-disk.
 * @param {Arch} arch
 * @param {string} initramfs
 * @param {string} [archive] Another one to go with it.
 */
export function initramfsWithPrograms(arch, initramfs, archive) {
  const { linux, disk } = buildPrograms(arch);
  const base = Buffer.concat([archive, initramfs].flatMap((path) => (path === undefined ? [] : [readFileSync(path)])));
  const digest = createHash('sha256').update(base).digest('hex').slice(0, 16);
  const target = join(dirname(linux), `initramfs-${digest}.cpio.gz`);
  if (existsSync(target)) return target;
  // The kernel unpacks one archive after the other.
  const overlay = cpio([
    { name: 'bin/bench', mode: PROGRAM, content: readFileSync(linux) },
    ...(disk === undefined ? [] : [{ name: 'bin/bench-disk', mode: PROGRAM, content: readFileSync(disk) }]),
  ]);
  place(target, Buffer.concat([base, gzipSync(overlay)]), 0o644);
  return target;
}

/**
 * @param {Arch} arch
 * @param {readonly string[]} sources
 * @param {readonly string[]} more
 */
function compile(arch, sources, more) {
  tool('gcc', [...ARCH_FLAGS[arch], ...FLAGS, ...more, ...sources.map((name) => join(SOURCES, name))]);
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
function tool(name, args) {
  try {
    execFileSync(name, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(
        `${name} was not found, which compiles the workloads; run \`apt-get install gcc\` first`,
      );
    throw error;
  }
}

/** Of everything that the programs are made from. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify([FLAGS, ARCH_FLAGS]));
  for (const name of readdirSync(SOURCES).sort())
    hash.update(`${name}\n`).update(readFileSync(join(SOURCES, name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} path
 * @param {Uint8Array} content
 * @param {number} mode
 */
function place(path, content, mode) {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, path);
}
