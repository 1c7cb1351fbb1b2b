// The guests that tests boot: made by tests/guests/prepare-guests.mjs, which the test command runs first. Without
// them tests skip and say so, those of the window fail; where changes are judged, the test command fails in any case.

import { existsSync } from 'node:fs';
import { type GuestArch, linuxGuest } from '../guests/prepare-guests.mjs';

export { type GuestArch, linuxGuest };

export function hasGuest(arch: GuestArch): boolean {
  const { kernel, initrd } = linuxGuest(arch);
  return existsSync(kernel) && existsSync(initrd);
}

/** Why tests with a guest do not run, and the way out. */
export function missingGuest(arch: GuestArch): string {
  return `no ${arch} guest (run \`node tests/guests/prepare-guests.mjs\`)`;
}

/** For the title of a `describe.skipIf(!hasGuest(arch))`; says aloud what does not run. */
export function guestTitle(what: string, arch: GuestArch): string {
  if (hasGuest(arch)) return what;
  console.warn(`SKIPPED: ${what}: ${missingGuest(arch)}`);
  return `${what} [skipped: no ${arch} guest]`;
}
