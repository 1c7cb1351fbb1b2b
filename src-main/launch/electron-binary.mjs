// Finds Electron's binary, or has it downloaded once. The package is never imported here: importing it starts a
// download of its own. Reference: the package's install.js and index.js (path.txt, dist/, ELECTRON_OVERRIDE_DIST_PATH).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './build.mjs';

const DOWNLOAD_LIMIT_MS = 120_000;

/** @typedef {{ root?: string, env?: Readonly<Record<string, string | undefined>>, platform?: string }} Surroundings */

/** @param {Surroundings} [surroundings] */
export function findElectron({ root = ROOT, env = process.env, platform = process.platform } = {}) {
  const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };
  const name = names[/** @type {'darwin' | 'win32'} */ (platform)] ?? 'electron';
  const folders = [env['ELECTRON_OVERRIDE_DIST_PATH'], join(root, 'node_modules', 'electron', 'dist')];
  return folders.flatMap((folder) => (folder ? [join(folder, name)] : [])).find((file) => existsSync(file));
}

/**
 * Runs Electron's own installer, once for each version: a failure is remembered.
 * @param {(line: string) => void} say
 * @param {Surroundings & { limitMs?: number }} [surroundings]
 */
export function downloadElectron(
  say,
  { root = ROOT, env = process.env, platform, limitMs = DOWNLOAD_LIMIT_MS } = {},
) {
  const folder = join(root, 'node_modules', 'electron');
  const installer = join(folder, 'install.js');
  if (env['ELECTRON_SKIP_BINARY_DOWNLOAD'] || !existsSync(installer)) return undefined;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const marker = join(root, 'dist', `.electron-${version}-not-downloaded`);
  if (existsSync(marker)) return undefined;
  say('Downloading Electron, once…');
  const { status } = spawnSync(process.execPath, [installer], {
    cwd: folder,
    stdio: 'ignore',
    timeout: limitMs,
  });
  const found = status === 0 ? findElectron({ root, env, ...(platform ? { platform } : {}) }) : undefined;
  if (!found) {
    mkdirSync(dirname(marker), { recursive: true });
    writeFileSync(marker, 'Delete this file to let `npm start` try the download again.\n');
  }
  return found;
}
