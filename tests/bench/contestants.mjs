// Who runs the guests of a benchmark: Boxwright's two tiers, and for comparison another emulator, which takes the same
// options. Each starts a `GuestSession`.

import { spawnSync } from 'node:child_process';
import { boxwrightRun, GuestSession } from '../support/guest-session.mjs';

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(args: readonly string[]) => Promise<GuestSession>} run
 * @property {boolean} ours It prints statistics at the end.
 */

/** @type {readonly Contestant[]} */
const TIERS = ['interp', 'jit'].map((tier) => ({
  name: tier,
  run: (args) => boxwrightRun(['-accel', tier, '--stats', ...args]),
  ours: true,
}));

const QEMU = 'qemu-system-x86_64';

/** @type {Contestant} */
const qemu = {
  name: 'qemu',
  run: async (args) => new GuestSession(QEMU, ['-accel', 'tcg', ...args]),
  ours: false,
};

/**
 * Throws an error that says what is wrong with the names.
 * @param {readonly string[]} tiers
 * @param {string | undefined} peer
 */
export function contestants(tiers, peer) {
  const chosen = tiers.map((name) => {
    const found = TIERS.find((tier) => tier.name === name);
    if (!found)
      throw new Error(`there is no tier ${name}, but ${TIERS.map((tier) => tier.name).join(' and ')}`);
    return found;
  });
  if (peer === undefined) return chosen;
  if (peer !== 'qemu') throw new Error(`${peer} is not known for comparison, only qemu`);
  if (spawnSync(QEMU, ['--version']).error) throw new Error(`${QEMU} was not found`);
  return [...chosen, qemu];
}
