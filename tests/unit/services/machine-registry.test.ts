// The folder of machines: what is written, what survives damage, what is refused.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultSettings, type MachineSettings } from '../../../shared/machine/config.ts';
import { idFromName, MachineRegistry } from '../../../src-main/services/machine-registry.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const settings = (name: string): MachineSettings => ({
  ...defaultSettings(name),
  boot: { kernel: '/boot/vmlinuz', initrd: null, commandLine: 'quiet' },
});

async function opened(folder = temporaryFolder()) {
  const registry = new MachineRegistry(folder, 8192);
  await registry.load();
  return {
    registry,
    folder,
    file: (id: string, name = 'machine.json') => join(folder, 'machines', id, name),
  };
}

describe('the registry', () => {
  it('keeps machines for the next start', async () => {
    const { registry, folder } = await opened();
    const config = await registry.create(settings('Debian 12'));
    expect(config).toMatchObject({ schema: 1, id: 'debian-12', name: 'Debian 12' });
    const again = await opened(folder);
    expect(again.registry.list()).toEqual([{ kind: 'machine', id: 'debian-12', config }]);
  });

  it('keeps the version before a change beside the file, and no other leftovers', async () => {
    const { registry, file, folder } = await opened();
    const { id } = await registry.create(settings('A'));
    await registry.update(id, { ...settings('A'), memoryMiB: 128 });
    expect(JSON.parse(readFileSync(file(id), 'utf8'))).toMatchObject({ memoryMiB: 128 });
    expect(JSON.parse(readFileSync(file(id, 'machine.previous.json'), 'utf8'))).toMatchObject({
      memoryMiB: 512,
    });
    expect(readdirSync(join(folder, 'machines', id)).sort()).toEqual([
      'machine.json',
      'machine.previous.json',
    ]);
  });

  it('keeps keys it does not know', async () => {
    const { registry, file } = await opened();
    const { id } = await registry.create({ ...settings('A'), networks: [{ kind: 'nat' }] });
    const config = registry.config(id);
    await registry.update(id, { ...config, name: 'B' });
    expect(JSON.parse(readFileSync(file(id), 'utf8'))).toMatchObject({
      name: 'B',
      networks: [{ kind: 'nat' }],
    });
  });

  it('reads a file from before there were drives, labels and notes', async () => {
    const folder = temporaryFolder();
    const { drives, firmware, guest, tags, group, description, ...old } = settings('Old');
    mkdirSync(join(folder, 'machines', 'old'), { recursive: true });
    writeFileSync(join(folder, 'machines', 'old', 'machine.json'), JSON.stringify({ schema: 1, id: 'old', ...old }));
    const { registry } = await opened(folder);
    expect(registry.config('old')).toEqual({ schema: 1, id: 'old', ...old, drives, firmware, guest, tags, group, description });
  });

  it('gives machines of like names folders of their own', async () => {
    const { registry } = await opened();
    await registry.create(settings('Test!'));
    expect((await registry.create(settings('test'))).id).toBe('test-2');
    await expect(registry.create(settings('TEST'))).rejects.toMatchObject({
      code: 'machine.invalidConfig',
      detail: { issue: 'name.taken', field: 'name' },
    });
  });

  it('carries out changes that come at once, one after the other', async () => {
    const { registry } = await opened();
    const created = await Promise.allSettled(
      ['A', 'B', 'a', 'C'].map((name) => registry.create(settings(name))),
    );
    const [first, second, sameAsFirst, third] = created.map(({ status }) => status);
    expect([second, third]).toEqual(['fulfilled', 'fulfilled']);
    // Whose folder is made first has the name.
    expect([first, sameAsFirst].sort()).toEqual(['fulfilled', 'rejected']);
    expect(registry.list()).toHaveLength(3);
  });

  it('puts a deleted machine into the trash and takes it back as it was', async () => {
    const { registry, folder } = await opened();
    const { id } = await registry.create(settings('A'));
    writeFileSync(join(registry.folderOf(id), 'disk.img'), 'content');
    const before = registry.config(id);
    const trashed = await registry.delete(id);
    expect(registry.list()).toEqual([]);
    expect(readdirSync(join(folder, 'machines'))).toEqual([]);
    await expect(registry.delete(id)).rejects.toMatchObject({ code: 'machine.notFound' });
    expect(await registry.restore(trashed)).toBe(id);
    expect(registry.config(id)).toEqual(before);
    expect(readFileSync(join(registry.folderOf(id), 'disk.img'), 'utf8')).toBe('content');
    await expect(registry.restore(trashed)).rejects.toMatchObject({ code: 'store.writeFailed' });
  });

  it('never puts a machine back over another, nor from anywhere else', async () => {
    const { registry, folder } = await opened();
    const { id } = await registry.create(settings('A'));
    const trashed = await registry.delete(id);
    await registry.create(settings('A'));
    await expect(registry.restore(trashed)).rejects.toThrow(/There is a machine “a” again/);
    for (const name of ['../machines/a', '1763720000000-../a', '1763720000000-gone', ''])
      await expect(registry.restore(name)).rejects.toMatchObject({ code: 'machine.notFound' });
    expect(readdirSync(join(folder, 'machines'))).toEqual(['a']);
  });

  it('empties the trash after a week', async () => {
    const { registry, folder } = await opened();
    const day = 24 * 3600 * 1000;
    for (const name of [`${Date.now() - 8 * day}-old`, `${Date.now() - 6 * day}-young`, 'foreign'])
      mkdirSync(join(folder, 'trash', name), { recursive: true });
    await registry.load();
    expect(readdirSync(join(folder, 'trash')).map((name) => name.replace(/^\d+-/, '')).sort()).toEqual(['foreign', 'young']);
  });

  it.each([
    ['no JSON', '{ "schema": 1,', /not valid JSON/],
    ['a wrong value', JSON.stringify({ ...settings('x'), schema: 1, id: 'bad', memoryMiB: -1 }), /memoryMiB/],
    ['another machine’s id', JSON.stringify({ ...settings('x'), schema: 1, id: 'other' }), /belongs to/],
    ['a newer version', JSON.stringify({ schema: 2 }), /newer version/],
    ['far too much', ' '.repeat(2 * 1024 * 1024), /too large/],
  ])('lists a file with %s as damaged and leaves it alone', async (_what, text, message) => {
    const { folder, registry } = await opened();
    await registry.create(settings('Good'));
    mkdirSync(join(folder, 'machines', 'bad'));
    const file = join(folder, 'machines', 'bad', 'machine.json');
    writeFileSync(file, text);
    await registry.load();
    expect(registry.list().map(({ id, kind }) => [id, kind])).toEqual([
      ['bad', 'damaged'],
      ['good', 'machine'],
    ]);
    expect(registry.entry('bad')).toMatchObject({ message: expect.stringMatching(message) });
    expect(() => registry.config('bad')).toThrow(expect.objectContaining({ code: 'machine.damaged' }));
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('says that a folder without a file is damaged, and passes over what is no machine', async () => {
    const { folder, registry } = await opened();
    mkdirSync(join(folder, 'machines', 'empty'));
    mkdirSync(join(folder, 'machines', '.deleted-x'));
    writeFileSync(join(folder, 'machines', 'notes.txt'), '');
    await registry.load();
    expect(registry.list()).toMatchObject([
      { id: 'empty', kind: 'damaged', message: expect.stringContaining('does not exist') },
    ]);
  });

  it('reports a disk it cannot write to and keeps the old content', async () => {
    const { registry, file, folder } = await opened();
    const { id } = await registry.create(settings('A'));
    // A folder in the place of the previous version cannot be replaced by a file.
    mkdirSync(file(id, 'machine.previous.json'));
    await expect(registry.update(id, settings('B'))).rejects.toMatchObject({ code: 'store.writeFailed' });
    expect(registry.config(id).name).toBe('A');
    expect(JSON.parse(readFileSync(file(id), 'utf8')).name).toBe('A');
    expect(readdirSync(join(folder, 'machines', id)).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(existsSync(file(id))).toBe(true);
  });
});

describe('a folder’s name', () => {
  it.each([
    ['Débian 12 (test)', 'debian-12-test'],
    ['../../etc', 'etc'],
    ['日本語', 'machine'],
    ['-', 'machine'],
    ['x'.repeat(100), 'x'.repeat(48)],
  ])('of %j is %j', (name, id) => expect(idFromName(name)).toBe(id));
});

describe('hostile names', () => {
  it.each(['n'.repeat(10_000), 'line\nbreak', 'turned\u202eround', '\u0000', ''])('%j is refused and leaves nothing', async (name) => {
    const { registry, folder } = await opened();
    await expect(registry.create(settings(name))).rejects.toMatchObject({ code: 'machine.invalidConfig', detail: { field: 'name' } });
    expect(readdirSync(join(folder, 'machines'))).toEqual([]);
  });

  it.each(['../../../etc/passwd', '/absolute', 'C:\\Windows', '..', 'con', 'שלום עולם', '<img src=x onerror=alert(1)>'])('%j stays inside the folder of machines', async (name) => {
    const { registry, folder } = await opened();
    const { id } = await registry.create(settings(name));
    expect(readdirSync(join(folder, 'machines'))).toEqual([id]);
    expect(id).toMatch(/^[a-z0-9-]+$/);
    expect((await opened(folder)).registry.config(id).name).toBe(name);
  });
});

describe('a folder that the user chose for machines', () => {
  async function chosen() {
    const [folder, home] = [temporaryFolder(), temporaryFolder()];
    const reopened = async () => {
      const registry = new MachineRegistry(folder, 8192, () => home);
      expect(await registry.load()).toBeUndefined();
      return registry;
    };
    return { folder, home, registry: await reopened(), reopened };
  }

  it('holds new machines, and is known at the next start; what else lies there is not', async () => {
    const { folder, home, registry, reopened } = await chosen();
    const { id } = await registry.create(settings('Far'));
    const near = await registry.create(settings('Near'), undefined, join(folder, 'machines'));
    mkdirSync(join(home, 'holiday'));
    const again = await reopened();
    expect(again.list().map((entry) => [entry.kind, entry.id])).toEqual([['machine', 'far'], ['machine', near.id]]);
    expect([again.folderOf(id), again.folderOf(near.id)]).toEqual([join(home, 'far'), join(folder, 'machines', 'near')]);
    expect((await again.create(settings('far?'), undefined, join(folder, 'machines'))).id, 'ids are one’s own everywhere').toBe('far-2');
  });

  it('has a trash of its own, from where machines come back to where they were', async () => {
    const { home, registry, reopened } = await chosen();
    const { id } = await registry.create(settings('Far'));
    const trashed = await registry.delete(id);
    expect(existsSync(join(home, id))).toBe(false);
    const again = await reopened();
    expect(again.list()).toEqual([]);
    expect(await again.restore(trashed)).toBe(id);
    expect((await reopened()).folderOf(id)).toBe(join(home, 'far'));
  });

  it('that is not there shows its machines as out of reach; a machine that is gone from it is gone', async () => {
    const { home, registry, reopened } = await chosen();
    await registry.create(settings('Far'));
    await registry.create(settings('Gone'));
    rmSync(join(home, 'gone'), { recursive: true });
    expect((await reopened()).list().map(({ id }) => id)).toEqual(['far']);
    renameSync(home, `${home}-away`);
    expect((await reopened()).list()).toMatchObject([{ kind: 'damaged', id: 'far', message: expect.stringContaining(join(home, 'far')) }]);
    renameSync(`${home}-away`, home);
    expect((await reopened()).list()).toMatchObject([{ kind: 'machine', id: 'far' }]);
  });

  it('is refused when it cannot be used, and a damaged list is set aside', async () => {
    const { folder, registry } = await chosen();
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    for (const home of ['relative', '/there/is/none', file])
      await expect(registry.create(settings('A'), undefined, home)).rejects.toMatchObject({ code: 'files.notAFolder', message: expect.stringContaining(home) });
    writeFileSync(join(folder, 'machine-folders.json'), '{');
    expect(await new MachineRegistry(folder, 8192).load()).toMatch(/set aside as .*machine-folders\.json\.damaged/);
  });
});

describe('a damaged file', () => {
  it('offers the last good version and is kept when that is taken', async () => {
    const folder = temporaryFolder();
    const registry = new MachineRegistry(folder, 4096);
    await registry.load();
    const { id } = await registry.create(defaultSettings('Precious'));
    await registry.update(id, { ...defaultSettings('Precious'), memoryMiB: 640 });
    const file = join(registry.folderOf(id), 'machine.json');
    writeFileSync(file, '{ "schema": 1, "na');
    await registry.load();
    expect(registry.entry(id)).toMatchObject({ kind: 'damaged', previous: { name: 'Precious' }, newer: null });
    await registry.repair(id);
    expect(registry.config(id)).toMatchObject({ name: 'Precious', memoryMiB: 512 });
    expect(readFileSync(join(registry.folderOf(id), 'machine.damaged.json'), 'utf8')).toBe('{ "schema": 1, "na');
    await expect(registry.repair(id)).rejects.toMatchObject({ code: 'machine.wrongState' });
  });

  it('of a newer version is shown and never written', async () => {
    const folder = temporaryFolder();
    const registry = new MachineRegistry(folder, 4096);
    await registry.load();
    const config = await registry.create(defaultSettings('Future'));
    const file = join(registry.folderOf(config.id), 'machine.json');
    const newer = JSON.stringify({ ...config, schema: 99, holograms: true });
    writeFileSync(file, newer);
    await registry.load();
    expect(registry.entry(config.id)).toMatchObject({ kind: 'damaged', newer: { name: 'Future' }, previous: null });
    await expect(registry.update(config.id, defaultSettings('Other'))).rejects.toMatchObject({ code: 'machine.damaged' });
    await expect(registry.repair(config.id)).rejects.toMatchObject({ code: 'machine.wrongState' });
    expect(readFileSync(file, 'utf8')).toBe(newer);
  });
});
