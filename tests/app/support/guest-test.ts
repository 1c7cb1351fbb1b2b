// Tests of the window with one of Debian's kernels as the guest.

import { type GuestArch, hasGuest, missingGuest } from '../../support/guests.ts';
import { test } from './app-test.ts';

/** `test.describe`, whose tests fail where Debian's packages cannot be had, and say what to do. */
export function describeWithGuest(what: string, arch: GuestArch, tests: () => void): void {
  test.describe(what, () => {
    test.beforeAll(() => {
      if (!hasGuest(arch)) throw new Error(missingGuest(arch));
    });
    tests();
  });
}
