// Snapshots of a machine that runs, over the real layers: its process, played here, writes to the old layer, is told of
// the new one, and may fail or die anywhere on the way.

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SaveStateInput } from '../../../shared/machine/saved-state.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { Killed, makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const SAVED = { bytes: 5, pausedMs: 1, pausedCpuMs: 1, totalMs: 2, pages: 1, ownPages: 1, usesParent: false };

const write = (opened: Opened, text: string) => withDisk(opened, ID, 'disk0', (disk) => disk.write(0, Buffer.from(text.padEnd(8))));
const read = (opened: Opened) =>
  withDisk(opened, ID, 'disk0', async (disk) => Buffer.from(await disk.read(0, 8)).toString().trim());

async function machine() {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'qcow2', bytes: 4 << 20 }]);
  await write(await openData(folder), 'before');
  return folder;
}

function running(folder: string, saveState: (input: SaveStateInput) => Promise<typeof SAVED>, deathAt?: number) {
  const live = { saveState: (_id: string, input: SaveStateInput) => saveState(input), picture: async () => 'iVBORw==' };
  return openData(folder, deathAt, undefined, live);
}

const saving = async ({ path }: SaveStateInput) => {
  writeFileSync(path, 'state', { flag: 'wx' });
  return SAVED;
};

describe('a snapshot of a running machine', () => {
  it('has its memory and its picture, and the state goes on from them after a restore', async () => {
    const folder = await machine();
    const asked: SaveStateInput[] = [];
    const opened = await running(folder, async (input) => {
      asked.push(input);
      return saving(input);
    });
    const first = await opened.store.take(ID, { name: 'First' });
    await write(opened, 'after');
    const second = await opened.store.take(ID, { name: 'Second' });
    expect(asked.map(({ parent }) => parent)).toEqual([null, asked[0]?.path]);
    expect(asked[0]?.layers).toEqual([{ drive: 'disk0', path: expect.stringMatching(/snapshots/), format: 'qcow2' }]);
    expect(await opened.store.thumbnail(ID, first.id)).toBe('iVBORw==');
    const off = await openData(folder);
    await off.store.restore(ID, { snapshot: first.id, disksOnly: false, keepPresent: true });
    expect(await read(off)).toBe('before');
    expect((await off.store.view(ID)).current.saved).toBe(true);
    const saved = await off.store.saved(ID);
    expect(saved?.path).toBe(asked[0]?.path);
    await saved?.forget();
    await saved?.remove();
    expect(await off.store.saved(ID)).toBeUndefined();
    expect(existsSync(asked[0]?.path ?? '')).toBe(true);
    await off.store.restore(ID, { snapshot: second.id, disksOnly: true, keepPresent: false });
    expect([await read(off), (await off.store.view(ID)).current.saved]).toEqual(['after', false]);
    await off.store.delete(ID, first.id);
    expect(existsSync(asked[0]?.path ?? '')).toBe(false);
  });

  it('that fails is taken back, and no write is lost, on whichever layer it was', async () => {
    const folder = await machine();
    const opened = await running(folder, async () => {
      throw new FailureError('store.writeFailed', 'The disk is full.');
    });
    await expect(opened.store.take(ID, { name: 'A' })).rejects.toThrow('The disk is full.');
    const off = await openData(folder);
    expect((await off.store.view(ID)).snapshots).toEqual([]);
    expect(await read(off)).toBe('before');
    await write(off, 'on');
    await off.store.delete(ID, (await off.store.take(ID, { name: 'B' })).id);
    expect(await read(off)).toBe('on');
    expect((await off.store.view(ID)).unfreedBytes).toBe(0);
  });

  it('that dies anywhere is there as a whole or not at all', async () => {
    let whole = false;
    for (let at = 0; !whole; at++) {
      const folder = await machine();
      const died = await (await running(folder, saving, at)).store.take(ID, { name: 'A' }).then(() => false, (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return true;
      });
      const next = await openData(folder);
      await next.store.ready(ID);
      const { snapshots } = await next.store.view(ID);
      expect(snapshots.map(({ state, pending }) => [state !== null, pending])).toEqual(snapshots.length === 0 ? [] : [[true, false]]);
      expect(await read(next)).toBe('before');
      whole = !died;
      if (whole) expect(snapshots).toHaveLength(1);
    }
  });

  it('holds only what differs; the state it leans on goes with the last one that needs it', async () => {
    const folder = await machine();
    const files: string[] = [];
    const opened = await running(folder, async ({ path, parent }) => {
      writeFileSync(path, 'state', { flag: 'wx' });
      files.push(path);
      return { ...SAVED, usesParent: parent !== null };
    });
    const [a, b, c] = [await opened.store.take(ID, { name: 'A' }), await opened.store.take(ID, { name: 'B' }), await opened.store.take(ID, { name: 'C' })];
    const there = () => files.map((path) => existsSync(path));
    await opened.store.delete(ID, a.id);
    await opened.store.delete(ID, b.id);
    expect(there()).toEqual([true, true, true]);
    const off = await openData(folder);
    await off.store.ready(ID);
    expect(there()).toEqual([true, true, true]);
    rmSync(files[0]!);
    await expect(off.store.restore(ID, { snapshot: c.id, disksOnly: false, keepPresent: false })).rejects.toThrow(/restore only the disks/);
    await off.store.restore(ID, { snapshot: c.id, disksOnly: true, keepPresent: false });
    await off.store.delete(ID, c.id);
    expect(there()).toEqual([false, false, false]);
  });

  it('is whole again and again: a chain of states does not grow without end', async () => {
    const folder = await machine();
    const parents: boolean[] = [];
    const opened = await running(folder, async ({ path, parent }) => {
      writeFileSync(path, 'state', { flag: 'wx' });
      parents.push(parent !== null);
      return { ...SAVED, usesParent: parent !== null };
    });
    for (let n = 0; n < 10; n++) await opened.store.take(ID, { name: `${n}` });
    expect(parents.indexOf(false, 1)).toBe(8);
  });
});

describe('a saved state', () => {
  it('is what the next start goes on from, and gone once that runs', async () => {
    const folder = await machine();
    const files: string[] = [];
    const opened = await running(folder, async (input) => {
      files.push(input.path);
      return saving(input);
    });
    await opened.store.save(ID);
    const off = await openData(folder);
    expect(await off.store.hasSaved(ID)).toBe(true);
    await off.store.ready(ID);
    const saved = await off.store.saved(ID);
    expect(saved?.path).toBe(files[0]);
    await saved?.forget();
    // It is still there while the guest is on its way; a start that comes to nothing leaves it to be collected.
    expect([await off.store.hasSaved(ID), existsSync(files[0]!)]).toEqual([false, true]);
    await saved?.remove();
    expect(existsSync(files[0]!)).toBe(false);
  });

  it('goes into a snapshot that is taken of it, and is there after that one is deleted; discarded it is gone', async () => {
    const folder = await machine();
    const files: string[] = [];
    const opened = await running(folder, async (input) => {
      files.push(input.path);
      return saving(input);
    });
    await opened.store.save(ID);
    const off = await openData(folder);
    const { id } = await off.store.take(ID, { name: 'Saved' });
    expect((await off.store.view(ID)).snapshots.map(({ state }) => state !== null)).toEqual([true]);
    expect(await off.store.hasSaved(ID)).toBe(true);
    await off.store.delete(ID, id);
    expect([await off.store.hasSaved(ID), existsSync(files[0]!)]).toEqual([true, true]);
    await off.store.discard(ID);
    expect([await off.store.hasSaved(ID), existsSync(files[0]!)]).toEqual([false, false]);
  });

  it('that dies anywhere is whole or not there, and leaves nothing behind', async () => {
    let whole = false;
    for (let at = 0; !whole; at++) {
      const folder = await machine();
      const died = await (await running(folder, saving, at)).store.save(ID).then(() => false, (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return true;
      });
      whole = !died;
      const off = await openData(folder);
      await off.store.ready(ID);
      const saved = await off.store.saved(ID);
      expect(saved === undefined || existsSync(saved.path)).toBe(true);
      const kept = join(folder, 'machines', ID, 'snapshots');
      const states = (existsSync(kept) ? readdirSync(kept) : []).filter((name) => name.endsWith('.state'));
      expect(states.length).toBe(saved === undefined ? 0 : 1);
    }
  });
});
