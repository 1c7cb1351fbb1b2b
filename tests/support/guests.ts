// The guests that tests boot: made by tests/guests/prepare-guests.mjs, which the test command runs first. Tests skip
// without them and say so.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GUESTS_FOLDER } from '../guests/prepare-guests.mjs';

export type GuestArch = 'i386' | 'amd64';

export interface LinuxGuest {
  readonly kernel: string;
  readonly initrd: string;
}

export function linuxGuest(arch: GuestArch): LinuxGuest {
  const flavour = arch === 'i386' ? '686' : 'amd64';
  return {
    kernel: join(GUESTS_FOLDER, 'kernel', flavour, 'vmlinuz'),
    initrd: join(GUESTS_FOLDER, 'initramfs', `${arch}.cpio.gz`),
  };
}

export function hasGuest(arch: GuestArch): boolean {
  const { kernel, initrd } = linuxGuest(arch);
  return existsSync(kernel) && existsSync(initrd);
}

/** For the title of a `describe.skipIf(!hasGuest(arch))`; says aloud what does not run. */
export function guestTitle(what: string, arch: GuestArch): string {
  if (hasGuest(arch)) return what;
  console.warn(`SKIPPED: ${what}: no ${arch} guest (run \`node tests/guests/prepare-guests.mjs\`)`);
  return `${what} [skipped: no ${arch} guest]`;
}
