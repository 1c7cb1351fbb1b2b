// Disposable runs over real images: what stays, what goes, and what a service that died finds.

import { cpSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src-main/engine/block/index.ts';
import { createImageHost } from '../../../src-main/host/image-host.ts';
import { Killed, makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const write = (opened: Opened, text: string) => withDisk(opened, ID, 'disk0', (disk) => disk.write(0, Buffer.from(text.padEnd(8))));
const read = (opened: Opened) => withDisk(opened, ID, 'disk0', async (disk) => Buffer.from(await disk.read(0, 8)).toString().trim());

async function service(folder: string, deathAt?: number) {
  const opened = await openData(folder, deathAt);
  await opened.runs.load([ID]);
  return { opened, runs: opened.runs };
}

async function machine(withSnapshot = true) {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'raw', bytes: 1 << 20 }]);
  const found = await service(folder);
  await write(found.opened, 'base');
  if (withSnapshot) await found.opened.store.take(ID, { name: 'First' });
  await write(found.opened, 'present');
  return { folder, ...found };
}

/** What a guest would do between start and end. */
async function run({ opened, runs }: Awaited<ReturnType<typeof service>>, text: string) {
  const { drives } = await runs.begin(ID);
  const path = resolve(opened.registry.folderOf(ID), drives[0]?.path ?? '');
  const image = await openImage(createImageHost({ folders: await opened.store.imageFolders(ID) }), { path, format: drives[0]?.format ?? undefined, write: true });
  const seen = new Uint8Array(8);
  await image.read(0, seen);
  await image.write(0, Buffer.from(text.padEnd(8)));
  await image.flush();
  await image.close();
  return Buffer.from(seen).toString().trim();
}

const layersOf = (folder: string) => readdirSync(join(folder, 'machines', ID, 'snapshots')).filter((name) => name.endsWith('.qcow2')).length;

describe('a disposable run', () => {
  it('sees the present state, and leaves nothing where it is discarded', async () => {
    const found = await machine();
    const { folder, opened, runs } = found;
    const before = layersOf(folder);
    expect(await run(found, 'thrown')).toBe('present');
    expect([runs.state(ID), await read(opened)]).toEqual(['running', 'present']);
    await expect(runs.discard(ID)).rejects.toMatchObject({ code: 'machine.wrongState' });
    await expect(opened.store.take(ID, { name: 'No' })).rejects.toMatchObject({ message: expect.stringContaining('decide that first') });
    runs.ended(ID);
    await runs.discard(ID);
    expect([runs.state(ID), await read(opened), layersOf(folder)]).toEqual([null, 'present', before]);
    await opened.store.take(ID, { name: 'Yes' });
  });

  it.each([true, false])('becomes the present state where it is kept (with a snapshot before: %s)', async (withSnapshot) => {
    const found = await machine(withSnapshot);
    const { opened, runs, folder } = found;
    await run(found, 'kept');
    runs.ended(ID);
    const { snapshots } = await opened.store.view(ID);
    await expect(snapshots.length === 0 ? Promise.reject(new Error('decide that first')) : opened.store.restore(ID, { snapshot: snapshots[0]?.id ?? '', disksOnly: false, keepPresent: true })).rejects.toThrow('decide that first');
    await runs.keep(ID);
    expect(await read(opened)).toBe('kept');
    const view = await opened.store.view(ID);
    expect([view.warning, view.unfreedBytes, layersOf(folder)]).toEqual([null, 0, 1]);
    await expect(runs.keep(ID)).rejects.toMatchObject({ code: 'machine.wrongState' });
    if (snapshots[0]) {
      await opened.store.restore(ID, { snapshot: snapshots[0].id, disksOnly: false, keepPresent: false });
      expect(await read(opened)).toBe('base');
    }
  });

  it('whose service died can still be kept, and is discarded by the next run', async () => {
    const found = await machine();
    await run(found, 'kept');
    const next = await service(found.folder);
    expect(next.runs.state(ID)).toBe('ended');
    await next.opened.store.ready(ID);
    await next.runs.keep(ID);
    expect(await read(next.opened)).toBe('kept');
    await run(next, 'thrown');
    const last = await service(found.folder);
    expect(await run(last, 'also')).toBe('kept');
    expect(layersOf(found.folder)).toBe(2);
  });

  it('has CMOS memory of its own, which is kept or discarded with the rest, also by the next service', async () => {
    const cmos = (byte: string) => byte.repeat(114);
    const found = await machine();
    found.opened.nvram.put(ID, cmos('01'));
    for (const [what, wanted] of [['discard', '01'], ['keep', '03']] as const) {
      await run(found, what);
      found.opened.runNvram.put(ID, cmos('02'));
      found.opened.runNvram.put(ID, cmos('03'));
      found.runs.ended(ID);
      expect(await found.opened.nvram.read(ID)).toBe(cmos('01'));
      // As a service that closes does; what it had not written by then the next one could not know.
      await found.opened.runNvram.flush();
      const { opened, runs } = what === 'keep' ? await service(found.folder) : found;
      await runs[what](ID);
      expect(await opened.nvram.read(ID), what).toBe(cmos(wanted));
      expect(await opened.runNvram.read(ID)).toBeUndefined();
    }
    const last = await service(found.folder);
    await run(last, 'unchanged');
    last.runs.ended(ID);
    await last.runs.keep(ID);
    expect(await last.opened.nvram.read(ID)).toBe(cmos('03'));
  });

  it.each(['keep', 'discard'] as const)('is whole after a death at every step of its end: %s', async (what) => {
    const outcomes = new Set<string>();
    const model = await machine();
    await run(model, 'kept');
    for (let at = 0, made = false; !made; at++) {
      const folder = join(temporaryFolder(), 'data');
      cpSync(model.folder, folder, { recursive: true });
      const { runs } = await service(folder, at);
      made = await runs[what](ID).then(() => true, (error: unknown) => {
        if (error instanceof Killed) return false;
        throw error;
      });
      const next = await service(folder);
      await next.opened.store.ready(ID);
      await next.opened.store.tidy(ID);
      const text = await read(next.opened);
      outcomes.add(`${text} ${next.runs.state(ID)}`);
    }
    expect(outcomes).toEqual(new Set(what === 'keep' ? ['present ended', 'kept null'] : ['present ended', 'present null']));
  });
});
