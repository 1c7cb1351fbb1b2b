// Preferences, logs and the folder listing.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder } from '../../../src-main/services/data-folder.ts';
import { listFolder, makeFolder } from '../../../src-main/services/file-browser.ts';
import { LogStore } from '../../../src-main/services/log-store.ts';
import { DEFAULT_PREFERENCES, SettingsStore } from '../../../src-main/services/settings-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('preferences', () => {
  it('are kept, with keys of later versions', async () => {
    const folder = temporaryFolder();
    const store = new SettingsStore(folder);
    expect(await store.load()).toBeUndefined();
    await store.change({ theme: 'dark', later: 1, window: undefined });
    const again = new SettingsStore(folder);
    await again.load();
    expect(again.get()).toEqual({ ...DEFAULT_PREFERENCES, theme: 'dark', later: 1 });
  });

  it.each(['{', '[]x', JSON.stringify({ theme: 'green' })])(
    'that are damaged (%j) are set aside',
    async (text) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'preferences.json'), text);
      const store = new SettingsStore(folder);
      expect(await store.load()).toContain('preferences.json.damaged');
      expect(store.get()).toEqual(DEFAULT_PREFERENCES);
      expect(readFileSync(join(folder, 'preferences.json.damaged'), 'utf8')).toBe(text);
    },
  );

  it('that are damaged and cannot be set aside are said to stay in danger', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'preferences.json'), '{');
    mkdirSync(join(folder, 'preferences.json.damaged', 'in the way'), { recursive: true });
    expect(await new SettingsStore(folder).load()).toMatch(/could not be set aside .* the next change writes over it/);
    expect(readFileSync(join(folder, 'preferences.json'), 'utf8')).toBe('{');
  });

  it('of a wrong form are not taken', async () => {
    const store = new SettingsStore(temporaryFolder());
    await store.load();
    await expect(store.change({ theme: 'green' })).rejects.toThrow();
    expect(store.get()).toEqual(DEFAULT_PREFERENCES);
  });
});

describe('logs', () => {
  it('number their lines and give those after one', () => {
    const logs = new LogStore(
      () => temporaryFolder(),
      () => 5,
    );
    for (const text of ['a', 'b', 'c']) logs.add('m', 'info', text);
    expect(logs.lines('m', 0).map(({ sequence, text }) => [sequence, text])).toEqual([
      [1, 'b'],
      [2, 'c'],
    ]);
    expect(logs.lines('other')).toEqual([]);
  });

  it('are bounded in number and length, and free of escape sequences', () => {
    const logs = new LogStore(() => temporaryFolder());
    for (let index = 0; index < 5000; index++) logs.add('m', 'info', `line ${index}`);
    logs.add('m', 'error', `\u001b[31mred\u0000${'x'.repeat(10_000)}`);
    const lines = logs.lines('m');
    expect(lines.length).toBe(2000);
    expect(lines.at(-1)?.text).toMatch(/^·\[31mred·x+$/);
    expect(lines.at(-1)?.text.length).toBe(2000);
  });

  it('are written to the machine’s folder, which turns over and may be gone', async () => {
    const folder = temporaryFolder();
    const logs = new LogStore(
      (id) => join(folder, id),
      () => 0,
    );
    mkdirSync(join(folder, 'm'));
    writeFileSync(join(folder, 'm', 'machine.log'), 'x'.repeat(1024 * 1024 + 1));
    logs.add('m', 'warning', 'hello');
    logs.add('gone', 'info', 'nowhere');
    await logs.flush();
    expect(readFileSync(join(folder, 'm', 'machine.log'), 'utf8')).toBe(
      '1970-01-01T00:00:00.000Z warning hello\n',
    );
    expect(existsSync(join(folder, 'm', 'machine.log.1'))).toBe(true);
    logs.add('m', 'info', 'more');
    await logs.flush();
    expect(readFileSync(join(folder, 'm', 'machine.log'), 'utf8')).toContain('info more');
  });
});

describe('a folder’s listing', () => {
  it('has folders first, and neither hidden, broken nor special entries', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'b.img'), 'abc');
    writeFileSync(join(folder, '.hidden'), '');
    mkdirSync(join(folder, 'z'));
    symlinkSync('/nowhere', join(folder, 'broken'));
    symlinkSync('/dev/null', join(folder, 'device'));
    const listing = await listFolder(folder, '/data');
    expect(
      listing.entries.map(({ name, kind, sizeBytes }) => [name, kind, kind === 'file' ? sizeBytes : 0]),
    ).toEqual([
      ['z', 'folder', 0],
      ['b.img', 'file', 3],
    ]);
    expect(listing).toMatchObject({ path: folder, truncated: false });
    expect((await listFolder('/', '/data')).parent).toBeNull();
  });

  it('fails with a code', async () => {
    const file = join(temporaryFolder(), 'f');
    writeFileSync(file, '');
    await expect(listFolder(file, '/')).rejects.toMatchObject({ code: 'files.notAFolder' });
    await expect(listFolder(`${file}-none`, '/')).rejects.toMatchObject({ code: 'files.notFound' });
  });

  it('gets a new folder, but none elsewhere', async () => {
    const folder = temporaryFolder();
    expect(await makeFolder(folder, 'new')).toBe(join(folder, 'new'));
    expect((await listFolder(folder, '/data')).entries.map(({ name }) => name)).toEqual(['new']);
    await expect(makeFolder(folder, 'new')).rejects.toMatchObject({ code: 'files.exists' });
    for (const name of ['..', '.', '../beside', '/tmp/x', 'a/b', 'a\0b', ''])
      await expect(makeFolder(folder, name), name).rejects.toMatchObject({ code: 'files.wrongKind' });
    expect((await listFolder(folder, '/data')).entries).toHaveLength(1);
  });
});

describe('the data folder', () => {
  it.each([
    ['linux', {}, '/home/u/.local/share/boxwright'],
    ['linux', { XDG_DATA_HOME: '/x' }, '/x/boxwright'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/u/.local/share/boxwright'],
    ['darwin', {}, '/home/u/Library/Application Support/Boxwright'],
    ['linux', { BOXWRIGHT_HOME: '/b' }, '/b'],
  ] as const)('on %s with %j is %s', (platform, env, path) => {
    expect(dataFolder({ platform, env, home: '/home/u' })).toBe(path);
  });
});
