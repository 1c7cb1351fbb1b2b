// Tests of the window with one of Debian's kernels as the guest.

import { type GuestArch, guestTitle, hasGuest, missingGuest } from '../../support/guests.ts';
import { test } from './app-test.ts';

/** `test.describe`, skipped where Debian's packages cannot be had. */
export function describeWithGuest(what: string, arch: GuestArch, tests: () => void): void {
  test.describe(guestTitle(what, arch), () => {
    test.skip(!hasGuest(arch), missingGuest(arch));
    tests();
  });
}
