// Makes the guests that tests boot, once, in a cache folder: Debian's kernels and a busybox initramfs of our own.
//   kernel/{686,amd64}/vmlinuz   initramfs/{i386,amd64}.cpio.gz
// Used by the test command's set-up; by hand: `node tests/guests/prepare-guests.mjs`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { cpio, FILE, FOLDER, LINK, PROGRAM } from './cpio.mjs';
import { Packages } from './debian.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

export const GUESTS_FOLDER =
  process.env['BOXWRIGHT_GUESTS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'boxwright-guests');

/** @typedef {'i386' | 'amd64'} GuestArch */

/** @type {readonly { flavour: string, arch: GuestArch }[]} */
const GUESTS = [
  { flavour: '686', arch: 'i386' },
  { flavour: 'amd64', arch: 'amd64' },
];

/** Where a guest's files are, once they are made. @param {GuestArch} arch */
export function linuxGuest(arch) {
  const flavour = GUESTS.find((guest) => guest.arch === arch)?.flavour ?? '';
  return {
    kernel: join(GUESTS_FOLDER, 'kernel', flavour, 'vmlinuz'),
    initrd: join(GUESTS_FOLDER, 'initramfs', `${arch}.cpio.gz`),
  };
}

/**
 * Throws an error that says what is missing.
 * @param {(line: string) => void} say
 */
export function prepareGuests(say) {
  for (const { flavour, arch } of GUESTS) {
    const packages = new Packages(GUESTS_FOLDER, arch);
    const { kernel } = linuxGuest(arch);
    if (!existsSync(kernel)) {
      say(`Fetching the kernel for ${arch}…`);
      const name = packages.newest(`linux-image-${flavour}`);
      place(kernel, packages.file(name, `boot/${name.replace(/^linux-image-/, 'vmlinuz-')}`));
    }
    const busybox = join(GUESTS_FOLDER, 'busybox', arch);
    if (!existsSync(busybox)) {
      say(`Fetching busybox for ${arch}…`);
      place(busybox, packages.file('busybox-static', 'bin/busybox'));
    }
    buildInitramfs(arch, busybox);
  }
}

/**
 * Rebuilt when its recipe changes.
 * @param {GuestArch} arch
 * @param {string} busybox
 */
function buildInitramfs(arch, busybox) {
  const target = linuxGuest(arch).initrd;
  const recipe = ['init', 'inittab', 'boot'].map((name) => readFileSync(join(HERE, 'initramfs', name)));
  const digest = createHash('sha256').update(Buffer.concat(recipe)).digest('hex');
  const stamp = join(GUESTS_FOLDER, 'initramfs', `${arch}.recipe`);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const [init, inittab, boot] = recipe;
  const folders = ['bin', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'etc', 'dev', 'proc', 'sys', 'tmp', 'root'];
  const archive = cpio([
    ...folders.map((name) => ({ name, mode: FOLDER })),
    { name: 'bin/busybox', mode: PROGRAM, content: readFileSync(busybox) },
    { name: 'bin/sh', mode: LINK, content: Buffer.from('busybox') },
    { name: 'init', mode: PROGRAM, ...(init ? { content: init } : {}) },
    { name: 'etc/inittab', mode: FILE, ...(inittab ? { content: inittab } : {}) },
    { name: 'etc/boot', mode: PROGRAM, ...(boot ? { content: boot } : {}) },
  ]);
  place(target, gzipSync(archive, { level: 9 }));
  place(stamp, Buffer.from(digest));
}

/**
 * Whole or not at all: another run may be interrupted or look at the same time.
 * @param {string} path
 * @param {Uint8Array} content
 */
function place(path, content) {
  if (content.length === 0) throw new Error(`${path} would be empty`);
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  prepareGuests((line) => console.log(line));
  console.log(`The guests are in ${GUESTS_FOLDER}.`);
}
