#!/usr/bin/env node
// `npx boxwright`: builds the command line when it is stale and runs it, in the Node that npm's scripts use.

import * as module from 'node:module';
import { join } from 'node:path';
import { buildStale, fs, isPartFresh, ROOT } from './build.mjs';
import { nodeBinary, nodeEnvironment } from './node-binary.mjs';

/** Verbs that never start the service, which can open a window. */
const WINDOWLESS = new Set(['run', 'profile', 'img', '--help', '-h', 'help']);

const verb = process.argv[2] ?? '';
// An installed package brings its bundles and no sources.
if (fs.existsSync(join(ROOT, 'src-main', 'vite.config.ts')) && !(verb === 'img' && isPartFresh('main', 'img')))
  await buildStale(WINDOWLESS.has(verb) ? ['main'] : ['main', 'renderer']);

const cli = join(ROOT, 'dist', 'main', 'cli.js');
const binary = nodeBinary();
if (binary === process.execPath) {
  // Node 22 and newer keep what they compiled: half of what is left of the time to the first byte.
  Object.assign(process.env, nodeEnvironment());
  module.enableCompileCache?.();
  process.argv[1] = cli;
  await import(`file://${cli}`);
} else {
  const { spawn } = await import('node:child_process');
  const child = spawn(binary, [cli, ...process.argv.slice(2)], { stdio: 'inherit', env: nodeEnvironment() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(/** @type {NodeJS.Signals} */ (signal)));
  child.on('error', (error) => {
    console.error(`boxwright: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code) => process.exit(code ?? 1));
}
