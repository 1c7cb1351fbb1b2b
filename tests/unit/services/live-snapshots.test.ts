// Snapshots of a machine that runs, over the real layers: its process, played here, writes to the old layer, is told of
// the new one, and may fail or die anywhere on the way.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SaveStateInput } from '../../../shared/machine/saved-state.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { Killed, makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const SAVED = { bytes: 5, pausedMs: 1, totalMs: 2, pages: 1, ownPages: 1 };

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
    // Deleting one must not cost the other its memory.
    expect(asked.map(({ parent }) => parent)).toEqual([null, null]);
    expect(asked[0]?.layers).toEqual([{ drive: 'disk0', path: expect.stringMatching(/snapshots/), format: 'qcow2' }]);
    expect(await opened.store.thumbnail(ID, first.id)).toBe('iVBORw==');
    const off = await openData(folder);
    await off.store.restore(ID, { snapshot: first.id, disksOnly: false, keepPresent: true });
    expect(await read(off)).toBe('before');
    expect((await off.store.view(ID)).current.saved).toBe(true);
    const saved = await off.store.takeSaved(ID);
    expect(saved?.path).toBe(asked[0]?.path);
    expect(await off.store.takeSaved(ID)).toBeUndefined();
    await saved?.putBack();
    expect((await off.store.takeSaved(ID))?.path).toBe(saved?.path);
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
});
