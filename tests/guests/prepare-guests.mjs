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

/** Drivers of disks, CDs and floppies, with what they need. */
const DISK_MODULES = [
  ...['crct10dif_common', 'crct10dif_generic', 'crc-t10dif', 'crc64', 'crc64-rocksoft', 'crc64_rocksoft_generic', 't10-pi'],
  ...['scsi_common', 'scsi_mod', 'libata', 'ata_piix', 'ahci', 'libahci', 'sd_mod', 'cdrom', 'sr_mod', 'floppy'],
  ...['virtio', 'virtio_ring', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_blk'],
].map((name) => `${name}.ko`);

/**
 * An initial RAM disk that has the drivers too, in /m; the guest loads what it wants. Made when it is first asked for.
 * @param {GuestArch} arch
 */
export function prepareDisksGuest(arch) {
  const { kernel, initrd } = linuxGuest(arch);
  const target = initrd.replace(/\.cpio\.gz$/, '-disks.cpio.gz');
  if (!existsSync(target)) {
    const packages = new Packages(GUESTS_FOLDER, arch);
    const flavour = GUESTS.find((guest) => guest.arch === arch)?.flavour ?? '';
    const found = packages.files(packages.newest(`linux-image-${flavour}`), DISK_MODULES);
    const files = [...found].map(([name, content]) => ({ name: `m/${name}`, mode: FILE, content }));
    const modules = cpio([{ name: 'm', mode: FOLDER }, ...files]);
    place(target, Buffer.concat([readFileSync(initrd), gzipSync(modules)]));
  }
  return { kernel, initrd: target };
}

/** In the guest: loads all drivers, in whatever order they need each other. */
export const LOAD_DRIVERS = 'for p in 1 2 3 4 5 6; do for m in /m/*.ko; do insmod $m 2>/dev/null; done; done; sleep 2';

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
