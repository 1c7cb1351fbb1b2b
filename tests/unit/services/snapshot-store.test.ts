// Snapshots of a machine that is off, over real images: what is taken is there again after a restore, deleting changes
// nothing else, and whatever a death leaves behind is one of the two legal trees.

import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../shared/machine/config.ts';
import { Killed, makeMachine, type NewMachineDisk, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DISK = { format: 'qcow2', bytes: 4 << 20 } as const;
const ID = 'subject';

async function machine(disks: readonly NewMachineDisk[] = [DISK]) {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, disks);
  return { folder, home: join(folder, 'machines', ID), opened: await openData(folder) };
}

const write = (opened: Opened, text: string, offset = 0, drive = 'disk0') =>
  withDisk(opened, ID, drive, (disk) => disk.write(offset, Buffer.from(text.padEnd(8))));
const read = (opened: Opened, offset = 0, drive = 'disk0') =>
  withDisk(opened, ID, drive, async (disk) => Buffer.from(await disk.read(offset, 8)).toString().replaceAll('\0', '').trim());
const layersIn = (home: string) => readdirSync(join(home, 'snapshots')).filter((name) => name.endsWith('.qcow2'));
const restore = (opened: Opened, snapshot: string, keepPresent = true) =>
  opened.store.restore(ID, { snapshot, disksOnly: false, keepPresent });

describe.each([
  ['qcow2', [DISK]],
  ['raw', [{ format: 'raw', bytes: 4 << 20 }]],
  ['vdi', [{ format: 'vdi', bytes: 4 << 20 }]],
] as const)('snapshots over a %s disk', (_name, disks) => {
  it('bring back what the disk held', async () => {
    const { opened } = await machine(disks);
    await write(opened, 'one');
    const first = await opened.store.take(ID, { name: 'First' });
    await write(opened, 'two');
    const second = await opened.store.take(ID, { name: 'Second' });
    await write(opened, 'three');
    await restore(opened, first.id);
    expect(await read(opened)).toBe('one');
    const { snapshots, current } = await opened.store.view(ID);
    expect(snapshots.map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
      ['First', 'manual', null],
      ['Second', 'manual', first.id],
      ['Before restoring “First”', 'before-restore', second.id],
    ]);
    expect(current).toMatchObject({ parent: first.id, changed: false });
    await restore(opened, snapshots[2]?.id ?? '');
    expect(await read(opened)).toBe('three');
  });
});

describe('a disk outside the machine’s folder', () => {
  it('gets its content back when the last snapshot is deleted', async () => {
    const outside = join(temporaryFolder(), 'elsewhere.raw');
    const { opened, home } = await machine([{ format: 'raw', bytes: 1 << 20, outside }]);
    await write(opened, 'before');
    const { id } = await opened.store.take(ID, { name: 'Only' });
    await write(opened, 'after');
    expect(readFileSync(outside, 'latin1').slice(0, 6)).toBe('before');
    await opened.store.delete(ID, id);
    expect(readFileSync(outside, 'latin1').slice(0, 5)).toBe('after');
    expect(opened.registry.config(ID).drives[0]).toMatchObject({ path: outside, format: 'raw' });
    expect(layersIn(home)).toEqual([]);
  });
});

describe('restoring', () => {
  it('keeps nothing when nothing changed, and throws away what is not to be kept', async () => {
    const { opened, home } = await machine();
    await write(opened, 'one');
    const { id } = await opened.store.take(ID, { name: 'A' });
    await restore(opened, id);
    expect((await opened.store.view(ID)).snapshots).toHaveLength(1);
    await write(opened, 'two');
    expect((await opened.store.view(ID)).current.changed).toBe(true);
    await restore(opened, id, false);
    expect((await opened.store.view(ID)).snapshots).toHaveLength(1);
    expect(layersIn(home)).toHaveLength(1);
    expect(await read(opened)).toBe('one');
  });

  it('brings settings back, or only disks', async () => {
    const { opened } = await machine();
    const { id } = await opened.store.take(ID, { name: 'A' });
    const bigger = { ...settingsOf(opened.registry.config(ID)), memoryMiB: 256, name: 'Renamed', description: 'Two\nlines' };
    await opened.registry.update(ID, bigger);
    expect((await opened.store.diff(ID, id, null)).settings).toEqual([{ field: 'memoryMiB', before: 512, after: 256 }]);
    await opened.store.restore(ID, { snapshot: id, disksOnly: true, keepPresent: true });
    expect(opened.registry.config(ID)).toMatchObject({ memoryMiB: 256, name: 'Renamed' });
    await restore(opened, id);
    expect(opened.registry.config(ID)).toMatchObject({ memoryMiB: 512, name: 'Renamed', description: 'Two\nlines' });
  });

  it('brings back the CMOS memory, unless only disks are wanted; what is left behind has its own', async () => {
    const { opened } = await machine();
    const { nvram, store } = opened;
    const memory = (byte: number) => byte.toString(16).padStart(2, '0').repeat(114);
    const old = await store.take(ID, { name: 'Older than its first change' });
    nvram.put(ID, memory(1));
    const first = await store.take(ID, { name: 'First' });
    nvram.put(ID, memory(2));
    await write(opened, 'two');
    await store.restore(ID, { snapshot: first.id, disksOnly: true, keepPresent: false });
    expect(await nvram.read(ID)).toBe(memory(2));
    await write(opened, 'three');
    await restore(opened, first.id);
    expect(await nvram.read(ID)).toBe(memory(1));
    const left = (await store.view(ID)).snapshots.find(({ kind }) => kind === 'before-restore');
    await restore(opened, left?.id ?? '');
    expect(await nvram.read(ID)).toBe(memory(2));
    await restore(opened, old.id, false);
    expect(await nvram.read(ID)).toBe(memory(2));
  });

  it('forgets what was left behind long ago', async () => {
    const { folder, opened } = await machine();
    const { id } = await opened.store.take(ID, { name: 'A' });
    await write(opened, 'two');
    await restore(opened, id);
    expect((await opened.store.view(ID)).snapshots).toHaveLength(2);
    const later = await openData(folder, undefined, () => Date.now() + 15 * 86_400_000);
    await later.store.take(ID, { name: 'B' });
    expect((await later.store.view(ID)).snapshots.map(({ name }) => name)).toEqual(['A', 'B']);
  });
});

describe('deleting', () => {
  it('merges into whichever neighbour costs less and frees the room', async () => {
    const { opened, home } = await machine([DISK, DISK]);
    await write(opened, 'base');
    const ids: string[] = [];
    for (const text of ['one', 'two', 'three']) {
      await write(opened, text, 65536);
      ids.push((await opened.store.take(ID, { name: text })).id);
    }
    await withDisk(opened, ID, 'disk0', (disk) => disk.zero(0, 65536));
    const [, middle = ''] = ids;
    const plan = await opened.store.plan(ID, middle);
    expect(plan.merges).toHaveLength(2);
    expect(plan.freesBytes).toBeGreaterThan(0);
    await opened.store.delete(ID, middle);
    expect(layersIn(home)).toHaveLength(4);
    expect([await read(opened, 0), await read(opened, 65536)]).toEqual(['', 'three']);
    await opened.store.delete(ID, ids[2] ?? '');
    await opened.store.delete(ID, ids[0] ?? '');
    expect([await read(opened, 0), await read(opened, 65536)]).toEqual(['', 'three']);
    const view = await opened.store.view(ID);
    expect(view).toMatchObject({ snapshots: [], unfreedBytes: 0, warning: null });
    expect(new Set(readdirSync(join(home, 'snapshots')))).toEqual(new Set(['tree.json', 'tree.previous.json', ...layersIn(home)]));
    expect(layersIn(home).length).toBeLessThanOrEqual(2);
  });

  it('keeps a layer that two others lie on until one of them goes', async () => {
    const { opened, home } = await machine();
    await write(opened, 'root');
    const root = await opened.store.take(ID, { name: 'Root' });
    await write(opened, 'left');
    const left = await opened.store.take(ID, { name: 'Left' });
    await restore(opened, root.id);
    await write(opened, 'right');
    const right = await opened.store.take(ID, { name: 'Right' });
    await opened.store.delete(ID, root.id);
    const view = await opened.store.view(ID);
    expect(view.snapshots.map(({ name, parent }) => [name, parent])).toEqual([['Left', null], ['Right', null]]);
    expect(view.unfreedBytes).toBeGreaterThan(0);
    await restore(opened, left.id);
    expect(await read(opened)).toBe('left');
    await restore(opened, right.id);
    expect(await read(opened)).toBe('right');
    await opened.store.delete(ID, left.id);
    expect(await read(opened)).toBe('right');
    expect((await opened.store.view(ID)).unfreedBytes).toBe(0);
    expect(layersIn(home).length).toBeLessThanOrEqual(2);
  });
});

describe('what is wrong with files', () => {
  it('is named, and the rest of the tree can be used', async () => {
    const { opened, home } = await machine();
    await write(opened, 'one');
    const first = await opened.store.take(ID, { name: 'First' });
    await write(opened, 'two');
    const second = await opened.store.take(ID, { name: 'Second' });
    const tree = JSON.parse(readFileSync(join(home, 'snapshots/tree.json'), 'utf8'));
    const lost = join(home, tree.layers.find((one: { id: string }) => one.id === tree.snapshots[1].disks[0].layer).path);
    renameSync(lost, `${lost}.away`);
    const view = await opened.store.view(ID);
    expect(view.snapshots.map(({ problem }) => problem === null)).toEqual([true, false]);
    expect(view.snapshots[1]?.problem).toContain(lost);
    await expect(restore(opened, second.id)).rejects.toMatchObject({ code: 'snapshot.damaged' });
    await restore(opened, first.id, false);
    expect(await read(opened)).toBe('one');
  });

  it('an image that is damaged is named by the take that meets it', async () => {
    const { opened, home } = await machine();
    writeFileSync(join(home, 'disk0.qcow2'), 'QFI\xfb and then nothing');
    await expect(opened.store.take(ID, { name: 'A' })).rejects.toThrow(/disk0\.qcow2/);
    expect((await opened.store.view(ID)).snapshots).toEqual([]);
    expect(layersIn(home)).toEqual([]);
  });

  it('a damaged list is never written over', async () => {
    const { opened, home } = await machine();
    await opened.store.take(ID, { name: 'A' });
    const file = join(home, 'snapshots/tree.json');
    writeFileSync(file, '{"schema": 1, "snap');
    await expect(opened.store.take(ID, { name: 'B' })).rejects.toMatchObject({ code: 'snapshot.damaged' });
    await expect(opened.store.view(ID)).rejects.toThrow(file);
    expect(readFileSync(file, 'utf8')).toBe('{"schema": 1, "snap');
  });

  it('a disk set to a layer that snapshots lie on is refused before it starts', async () => {
    const { opened } = await machine();
    const settings = settingsOf(opened.registry.config(ID));
    await opened.store.take(ID, { name: 'A' });
    await opened.registry.update(ID, settings);
    await expect(opened.store.ready(ID)).rejects.toThrow(/disk0\.qcow2.*snapshots lie on/);
  });
});

describe('a death at any step', () => {
  const operations: Record<string, (opened: Opened, ids: { first: string; second: string }) => Promise<unknown>> = {
    take: ({ store }) => store.take(ID, { name: 'Third' }),
    restore: ({ store }, { first }) => store.restore(ID, { snapshot: first, disksOnly: false, keepPresent: true }),
    'restore without keeping': ({ store }, { first }) => store.restore(ID, { snapshot: first, disksOnly: false, keepPresent: false }),
    'delete a leaf’s parent': ({ store }, { second }) => store.delete(ID, second),
    'delete the root': ({ store }, { first }) => store.delete(ID, first),
    edit: ({ store }, { first }) => store.edit(ID, first, { name: 'Renamed' }),
  };

  it.each(Object.keys(operations))('of “%s” leaves the tree before or after it', async (name) => {
    const operation = operations[name];
    if (!operation) throw new Error(name);
    const { folder, opened } = await machine([DISK, { format: 'raw', bytes: 1 << 20 }]);
    await write(opened, 'one');
    await write(opened, 'uno', 0, 'disk1');
    const first = (await opened.store.take(ID, { name: 'First' })).id;
    await write(opened, 'two');
    const second = (await opened.store.take(ID, { name: 'Second' })).id;
    await write(opened, 'now');
    await write(opened, 'here', 200_000, 'disk1');
    const legal = [await meaning(opened)];
    let deaths = 0;
    for (let at = Number.POSITIVE_INFINITY, died = true; died; at = Number.isFinite(at) ? at + 1 : 0) {
      // A machine's folder may be copied and moved as a whole.
      const copy = join(temporaryFolder(), 'moved');
      cpSync(folder, copy, { recursive: true });
      died = await operation(await openData(copy, at), { first, second }).then(
        () => !Number.isFinite(at),
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          deaths += 1;
          return true;
        },
      );
      // The next process.
      const next = await openData(copy);
      await next.store.ready(ID);
      const found = await meaning(next);
      if (!Number.isFinite(at)) legal.push(found);
      expect(legal, `${name}, dead before step ${at}`).toContain(found);
      const home = join(copy, 'machines', ID);
      expect(existsSync(join(home, 'snapshots/journal.json'))).toBe(false);
      const { layers } = JSON.parse(readFileSync(join(home, 'snapshots/tree.json'), 'utf8'));
      const named = layers.map(({ path }: { path: string }) => path.replace(/^snapshots\//, ''));
      expect(layersIn(home).filter((file) => !named.includes(file))).toEqual([]);
      rmSync(copy, { recursive: true });
    }
    expect(deaths).toBeGreaterThan(3);
  }, 120_000);

  /** The tree by names, and what each snapshot's disks hold. */
  async function meaning(opened: Opened): Promise<string> {
    const { snapshots, current } = await opened.store.view(ID);
    const nameOf = new Map(snapshots.map(({ id, name }) => [id, name]));
    const held = [`now=${await read(opened)}/${await read(opened, 200_000, 'disk1')} on ${nameOf.get(current.parent ?? '')}`];
    for (const { name, parent, problem } of snapshots) held.push(`${name} on ${nameOf.get(parent ?? '')} ${problem ?? 'whole'}`);
    return held.join('; ');
  }
});
