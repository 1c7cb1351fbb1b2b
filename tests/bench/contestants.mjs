// Who runs the guests of a benchmark: Boxwright's two tiers, the jit a second time for later starts, and for comparison
// other emulators, which take the same options, and the processor itself, which runs the guest's programs only. Each
// emulator starts a `GuestSession`.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { GUESTS_FOLDER } from '../guests/prepare-guests.mjs';
import { boxwrightRun, GuestSession } from '../support/guest-session.mjs';

/** @typedef {import('./build-programs.mjs').Arch} Arch */

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} [version] Of a program that is not ours.
 * @property {(args: readonly string[]) => Promise<GuestSession>} [run] The processor itself has none.
 * @property {boolean} ours It prints statistics at the end.
 * @property {boolean} [startsAgain] What is measured is the second start of a Linux, with the code that the first one compiled.
 * @property {readonly Arch[]} archs
 */

/** @typedef {Contestant & { run: NonNullable<Contestant['run']> }} Emulator */

/** @type {readonly Arch[]} */
const BOTH = ['i386', 'amd64'];

/** @type {readonly Emulator[]} */
const TIERS = [tier('interp', 'interp'), tier('jit', 'jit'), { ...tier('again', 'jit'), startsAgain: true }];

/** @param {string} name @param {string} accelerator @returns {Emulator} */
function tier(name, accelerator) {
  return { name, run: (args) => boxwrightRun(['-accel', accelerator, '--stats', ...args]), ours: true, archs: BOTH };
}

/** @type {Contestant} */
export const NATIVE = { name: 'native', ours: false, archs: BOTH };

/** Each throws an error that says what is missing. */
const PEERS = new Map([qemu, v86].map((peer) => [peer.name, peer]));

/** @returns {Emulator} */
function qemu() {
  const program = 'qemu-system-x86_64';
  const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error) throw new Error(`${program} was not found; run \`apt-get install qemu-system-x86\` first`);
  const run = async (/** @type {readonly string[]} */ args) => new GuestSession(program, ['-accel', 'tcg', ...args]);
  return { name: 'qemu', version: `QEMU ${/version (\S+)/.exec(stdout)?.[1]}`, run, ours: false, archs: BOTH };
}

/** It is looked for beside Boxwright's packages, of which it is none, and in a folder of its own. @returns {Emulator} */
function v86() {
  const folder = join(GUESTS_FOLDER, 'peers');
  const module = [import.meta.url, join(folder, 'any.js')].map(v86Module).find((path) => path !== undefined);
  if (module === undefined) throw new Error(`v86 was not found; run \`npm install --prefix ${folder} v86@0.5.462\` first`);
  if (!existsSync(V86_FIRMWARE))
    throw new Error(`v86 needs the BIOS in ${V86_FIRMWARE}; run \`apt-get install seabios\` first`);
  const { version } = JSON.parse(readFileSync(join(dirname(module), '..', 'package.json'), 'utf8'));
  const machine = fileURLToPath(new URL('v86-machine.mjs', import.meta.url));
  const run = async (/** @type {readonly string[]} */ args) =>
    new GuestSession(nodeBinary(), [machine, module, V86_FIRMWARE, ...args]);
  return { name: 'v86', version: `v86 ${version.split('+')[0]}`, run, ours: false, archs: ['i386'] };
}

/** SeaBIOS as Debian has it: v86's package comes without a BIOS. */
const V86_FIRMWARE = '/usr/share/seabios';

/** @param {string} from */
function v86Module(from) {
  try {
    return createRequire(from).resolve('v86');
  } catch {
    return undefined;
  }
}

/**
 * Throws an error that says what is wrong with the names.
 * @param {readonly string[]} tiers
 * @param {readonly string[]} peers
 * @returns {Emulator[]}
 */
export function contestants(tiers, peers) {
  const chosen = tiers.map((name) => {
    const found = TIERS.find((tier) => tier.name === name);
    if (!found)
      throw new Error(`there is no tier ${name}, but ${TIERS.map((tier) => tier.name).join(' and ')}`);
    return found;
  });
  const others = peers.map((name) => {
    const peer = PEERS.get(name);
    if (!peer) throw new Error(`${name} is not known for comparison, only ${[...PEERS.keys()].join(' and ')}`);
    return peer();
  });
  return [...chosen, ...others];
}
