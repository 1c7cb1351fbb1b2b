// The package as electron-builder makes it, around a stand-in for Electron: what is in it, what is not, and the fuses.
// The stand-in is a Node binary with the place for fuses appended; it is no Electron and starts nothing.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/source-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Where @electron/fuses finds the wire: this mark, its version, the number of fuses and one digit for each. */
const FUSE_MARK = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = '000000000';

function standIn(folder: string): string {
  mkdirSync(join(folder, 'locales'), { recursive: true });
  mkdirSync(join(folder, 'resources'));
  copyFileSync(process.execPath, join(folder, 'electron'));
  const wire = Buffer.concat([Buffer.from(FUSE_MARK), Buffer.from([1, FUSES.length]), Buffer.from(FUSES)]);
  appendFileSync(join(folder, 'electron'), wire);
  for (const file of ['version', 'LICENSE', 'locales/en-US.pak'])
    writeFileSync(join(folder, file), 'NOT-ELECTRON');
  return folder;
}

async function packaged(): Promise<string> {
  const project = temporaryFolder();
  for (const name of ['package.json', 'electron-builder.yml', 'LICENSE', 'assets'])
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  const bundle = (config: string, mode: string, folder: string) =>
    build({ configFile: join(ROOT, config), mode, build: { outDir: join(project, 'dist', folder) } });
  await bundle('src-main/vite.config.ts', 'production', 'main');
  await bundle('src-main/vite.config.ts', 'preload', 'preload');
  await bundle('src-renderer/vite.config.ts', 'production', 'renderer');
  const electron = standIn(join(project, 'NOT-ELECTRON'));
  execFileSync(
    join(ROOT, 'node_modules/.bin/electron-builder'),
    ['--config', 'electron-builder.yml', '--linux', 'dir', `-c.electronDist=${electron}`],
    { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(project, 'dist/packages/linux-unpacked');
}

describe.skipIf(process.platform !== 'linux')('the package for Linux', () => {
  it('holds the bundles and what they need, and has its fuses set', async () => {
    const folder = await packaged();
    const run = (command: string, ...args: string[]) =>
      execFileSync(join(ROOT, 'node_modules/.bin', command), args, { encoding: 'utf8' });
    const files = run('asar', 'list', join(folder, 'resources/app.asar')).split('\n');
    for (const file of [
      '/package.json',
      '/LICENSE',
      '/dist/main/main.js',
      '/dist/main/machine-process.js',
      '/dist/main/media-process.js',
      '/dist/main/vcpu-worker.js',
      '/dist/preload/preload.cjs',
      '/dist/renderer/index.html',
    ])
      expect(files).toContain(file);
    const packages = new Set(files.flatMap((file) => /^\/node_modules\/([^/]+)$/.exec(file)?.[1] ?? []));
    expect([...packages].sort()).toEqual(['commander', 'ws', 'zod']);
    expect(
      files.filter((file) => /^\/(src-|shared|tests)|\.ts$/.test(file) && !file.startsWith('/node_modules')),
    ).toEqual([]);
    expect(readdirSync(folder)).toContain('boxwright');
    const fuses = run('electron-fuses', 'read', '--app', join(folder, 'boxwright'));
    for (const off of [
      'RunAsNode',
      'EnableNodeOptionsEnvironmentVariable',
      'EnableNodeCliInspectArguments',
      'GrantFileProtocolExtraPrivileges',
    ])
      expect(fuses).toMatch(new RegExp(`${off} is Disabled`));
    for (const on of [
      'EnableCookieEncryption',
      'OnlyLoadAppFromAsar',
      'EnableEmbeddedAsarIntegrityValidation',
    ])
      expect(fuses).toMatch(new RegExp(`${on} is Enabled`));
  }, 300_000);
});
