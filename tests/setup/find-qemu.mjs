// qemu-img and qemu-io, which cross tests of disk images compare with: the distribution's, which the set-up installs
// where it may.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const isThere = () =>
  ['qemu-img', 'qemu-io'].every((program) => spawnSync(program, ['--version']).status === 0);

/**
 * Undefined when they are there, else why not.
 * @param {(line: string) => void} say
 * @returns {string | undefined}
 */
export function prepareQemu(say) {
  if (isThere()) return undefined;
  if (!existsSync('/usr/bin/apt-get')) return 'qemu-img and qemu-io were not found; install them';
  if (process.getuid?.() !== 0)
    return 'qemu-img and qemu-io were not found; run `sudo apt-get install qemu-utils` first';
  say('Installing qemu-utils…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {string[]} args */
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], { env, encoding: 'utf8' });
  apt('update');
  const { stderr } = apt('install', '-y', '--no-install-recommends', 'qemu-utils');
  if (isThere()) return undefined;
  return `qemu-utils could not be installed: ${stderr?.trim().split('\n').at(-1) ?? 'apt-get failed'}`;
}
