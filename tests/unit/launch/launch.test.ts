// What runs before anything is built: staleness, and finding or getting Electron.

import { chmodSync, existsSync, mkdirSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint, isPartFresh } from '../../../src-main/launch/build.mjs';
import { downloadElectron, findElectron } from '../../../src-main/launch/electron-binary.mjs';
import { answerTo } from '../../../src-main/launch/start-words.mjs';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function put(root: string, path: string, content = ''): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

describe('a fingerprint of sources', () => {
  it('changes with content, time, new, gone and renamed files, and with nothing else', () => {
    const root = temporaryFolder();
    const file = put(root, 'src/a.ts', 'one');
    utimesSync(file, 1, 1);
    const print = () => fingerprint(root, ['src', 'missing']);
    const first = print();
    expect(print()).toBe(first);
    put(root, 'other/b.ts');
    expect(print()).toBe(first);
    const seen = new Set([first]);
    for (const change of [
      () => put(root, 'src/a.ts', 'longer'),
      () => utimesSync(file, 2, 2),
      () => put(root, 'src/deep/b.ts'),
    ]) {
      change();
      expect(seen.has(print())).toBe(false);
      seen.add(print());
    }
  });
});

describe('a part of what is built', () => {
  it('is fresh while its own files are as they were and nobody builds', () => {
    const root = temporaryFolder();
    const file = put(root, 'src/of the part.ts', 'one');
    put(root, 'src/other.ts');
    const isFresh = () => isPartFresh('main', 'img', root);
    expect(isFresh()).toBe(false);
    put(root, 'dist/.main-img.stamp', fingerprint(root, ['src/of the part.ts']));
    expect(isFresh()).toBe(true);
    put(root, 'src/other.ts', 'changed');
    expect(isFresh()).toBe(true);
    mkdirSync(join(root, 'dist/.main.lock'));
    expect(isFresh()).toBe(false);
    rmdirSync(join(root, 'dist/.main.lock'));
    put(root, 'src/of the part.ts', 'longer');
    expect(isFresh()).toBe(false);
    put(root, 'dist/.main-img.stamp', fingerprint(root, ['src/of the part.ts']));
    expect(isFresh()).toBe(true);
    rmSync(file);
    expect(isFresh()).toBe(false);
  });
});

describe('Electron’s binary', () => {
  it('is looked for where the package puts it, and where it is said to be', () => {
    const root = temporaryFolder();
    const env = {};
    expect(findElectron({ root, env, platform: 'linux' })).toBeUndefined();
    const file = put(root, 'node_modules/electron/dist/electron');
    expect(findElectron({ root, env, platform: 'linux' })).toBe(file);
    const other = put(root, 'elsewhere/electron');
    const override = { ELECTRON_OVERRIDE_DIST_PATH: join(root, 'elsewhere') };
    expect(findElectron({ root, env: override, platform: 'linux' })).toBe(other);
  });

  /** An installer that counts its runs and, if told so, leaves a binary. */
  function withInstaller(succeeds: boolean) {
    const root = temporaryFolder();
    put(root, 'node_modules/electron/package.json', '{"version":"9.9.9"}');
    put(
      root,
      'node_modules/electron/install.js',
      `const fs = require('node:fs');
       fs.appendFileSync('runs', 'x');
       if (!${succeeds}) process.exit(1);
       fs.mkdirSync('dist'); fs.writeFileSync('dist/electron', '');`,
    );
    const said: string[] = [];
    const download = (env = {}) =>
      downloadElectron((line) => said.push(line), { root, env, platform: 'linux' });
    const ran = () => existsSync(join(root, 'node_modules/electron/runs'));
    return { root, download, said, ran };
  }

  it('is downloaded by its own installer', () => {
    const { root, download, said } = withInstaller(true);
    expect(download()).toBe(join(root, 'node_modules/electron/dist/electron'));
    expect(said).toHaveLength(1);
  });

  it('is tried for once, and the failure remembered for this version', () => {
    const { root, download, said } = withInstaller(false);
    expect(download()).toBeUndefined();
    expect(existsSync(join(root, 'dist/.electron-9.9.9-not-downloaded'))).toBe(true);
    expect(download()).toBeUndefined();
    expect(said).toHaveLength(1);
  });

  it('is not downloaded when that is not wanted, or there is no package', () => {
    const { download, ran } = withInstaller(true);
    expect(download({ ELECTRON_SKIP_BINARY_DOWNLOAD: '1' })).toBeUndefined();
    expect(ran()).toBe(false);
    expect(downloadElectron(() => undefined, { root: temporaryFolder(), env: {} })).toBeUndefined();
  });

  it('gives up on an installer that hangs', () => {
    const { root, said } = withInstaller(true);
    const installer = put(root, 'node_modules/electron/install.js', 'setInterval(() => {}, 1000)');
    chmodSync(installer, 0o644);
    const options = { root, env: {}, platform: 'linux', limitMs: 200 };
    expect(downloadElectron((line) => said.push(line), options)).toBeUndefined();
  });
});

describe('the words of `npm start`', () => {
  it('start the application with files, and answer help and options that there are not', () => {
    expect(answerTo([])).toBeUndefined();
    expect(answerTo(['system.iso'])).toBeUndefined();
    expect(answerTo(['system.iso', '--help'])).toMatchObject({ status: 0, text: expect.stringContaining('usage: npm start') });
    expect(answerTo(['--memory', '5'])).toMatchObject({ status: 2, text: expect.stringContaining('--memory: unknown option') });
  });
});
