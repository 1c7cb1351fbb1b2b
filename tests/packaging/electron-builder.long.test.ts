// The package as electron-builder makes it, around a stand-in for Electron: what is in it, what is not, and the fuses.
// The stand-in is a Node binary with the place for fuses appended; it is no Electron and starts nothing.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
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

describe('what the system is told of the application', () => {
  it.skipIf(process.platform !== 'linux')('in the entry of a Linux desktop: its files, its place, its words', async () => {
    const entry = await desktopEntry();
    expect(entry).toMatch(/^MimeType=application\/x-cd-image;application\/x-qemu-disk;/m);
    expect(entry).toMatch(/^Categories=System;$/m);
    expect(entry).toMatch(/^Comment\[zh_CN\]=运行虚拟机$/m);
    expect(entry).toMatch(/^Exec=\S+ %U$/m);
  });

  it('icons in the containers of Windows and macOS, each picture whole', () => {
    const folder = join(ROOT, 'assets/packaging');
    const ico = readFileSync(join(folder, 'icon.ico'));
    expect([ico.readUInt16LE(2), ico.readUInt16LE(4)]).toEqual([1, 7]);
    for (let entry = 6; entry < 6 + 7 * 16; entry += 16) {
      const at = ico.readUInt32LE(entry + 12);
      expect(pngSize(ico.subarray(at, at + ico.readUInt32LE(entry + 8)))).toBe(ico.readUInt8(entry) || 256);
    }
    const icns = readFileSync(join(folder, 'icon.icns'));
    expect([icns.toString('ascii', 0, 4), icns.readUInt32BE(4)]).toEqual(['icns', icns.length]);
    const sizes: number[] = [];
    for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4))
      sizes.push(pngSize(icns.subarray(at + 8, at + icns.readUInt32BE(at + 4))));
    expect(sizes).toEqual([32, 64, 128, 256, 256, 512, 512, 1024]);
    for (const file of readdirSync(join(folder, 'linux')).filter((name) => name.endsWith('.png')))
      expect(`${pngSize(readFileSync(join(folder, 'linux', file)))}x`).toBe(file.slice(0, file.indexOf('x') + 1));
  });
});

/** The text that packages for Linux carry, by the packager's own hand. */
async function desktopEntry(): Promise<string> {
  const require = createRequire(import.meta.url);
  const { LinuxTargetHelper } = require('app-builder-lib/out/targets/LinuxTargetHelper.js');
  const { load } = require('js-yaml');
  const config = load(readFileSync(join(ROOT, 'electron-builder.yml'), 'utf8')) as { linux: Record<string, unknown>; fileAssociations: unknown[] };
  const packager = {
    appInfo: { productName: 'Boxwright', description: 'x', buildVersion: '1', sanitizedProductName: 'Boxwright' },
    executableName: 'boxwright',
    platformSpecificBuildOptions: config.linux,
    config: {},
    info: { metadata: {} },
    fileAssociations: config.fileAssociations,
  };
  return new LinuxTargetHelper(packager).computeDesktopEntry({ ...config.linux });
}

/** Width of a square PNG: its IHDR, after checking that it ends as it should. */
function pngSize(bytes: Uint8Array): number {
  const png = Buffer.from(bytes);
  expect(png.subarray(1, 4).toString('ascii')).toBe('PNG');
  expect(png.subarray(-8, -4).toString('ascii')).toBe('IEND');
  expect(png.readUInt32BE(16)).toBe(png.readUInt32BE(20));
  return png.readUInt32BE(16);
}
