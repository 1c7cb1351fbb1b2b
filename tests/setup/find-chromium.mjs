// The Chromium that end-to-end tests drive: the distribution's, which the set-up installs where it may.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
];

export function findChromium() {
  return [process.env['BOXWRIGHT_CHROMIUM'], ...PLACES].find(
    (path) => path !== undefined && existsSync(path),
  );
}

/**
 * Path of a Chromium, or why there is none.
 * @param {(line: string) => void} say
 * @returns {{ path: string } | { missing: string }}
 */
export function prepareChromium(say) {
  const present = findChromium();
  if (present) return { path: present };
  if (!existsSync('/usr/bin/apt-get'))
    return { missing: 'Chromium was not found; install it, or set BOXWRIGHT_CHROMIUM to its path' };
  if (process.getuid?.() !== 0)
    return { missing: 'Chromium was not found; run `sudo apt-get install chromium` first' };
  say('Installing Chromium…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {string[]} args */
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], { env, encoding: 'utf8' });
  apt('update');
  const { stderr } = apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
  const installed = findChromium();
  if (installed) return { path: installed };
  return {
    missing: `Chromium could not be installed: ${stderr?.trim().split('\n').at(-1) ?? 'apt-get failed'}`,
  };
}
