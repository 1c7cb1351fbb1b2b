// Clones over real images: what they hold, that they and the original go their own ways, and what a death leaves.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneMachine } from '../../../src-main/services/machine-cloner.ts';
import { Killed, makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';

async function machine() {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'qcow2', bytes: 4 << 20 }, { format: 'raw', bytes: 1 << 20 }]);
  const opened = await openData(folder);
  await write(opened, ID, 'base');
  const { id } = await opened.store.take(ID, { name: 'First' });
  await write(opened, ID, 'later');
  return { folder, opened, first: id };
}

const write = (opened: Opened, id: string, text: string) =>
  withDisk(opened, id, 'disk0', (disk) => disk.write(0, Buffer.from(text.padEnd(8))));
const read = (opened: Opened, id: string) =>
  withDisk(opened, id, 'disk0', async (disk) => Buffer.from(await disk.read(0, 8)).toString().trim());
const clone = ({ registry, mortal, store }: Opened, options: { snapshot?: string; linked?: boolean; keepIdentity?: boolean }) =>
  cloneMachine(
    { machines: registry, io: mortal.io, store },
    { id: ID, snapshot: options.snapshot ?? null, name: 'Copy', linked: options.linked ?? false, keepIdentity: options.keepIdentity ?? false },
  );

describe('a full clone', () => {
  it('holds what the original holds, or a snapshot of it, and shares nothing', async () => {
    const { opened, first } = await machine();
    const now = await clone(opened, {});
    expect(now).toMatchObject({ id: 'copy', name: 'Copy', drives: [{ path: 'disk0.qcow2' }, { path: 'disk1.qcow2', format: 'qcow2' }] });
    expect(now.uuid).not.toBe(opened.registry.config(ID).uuid);
    await opened.registry.update(now.id, { ...now, name: 'Other' });
    const then = await clone(opened, { snapshot: first, keepIdentity: true });
    expect(then).toMatchObject({ uuid: opened.registry.config(ID).uuid, drives: [{ format: 'qcow2' }, { format: 'raw', path: 'disk1.raw' }] });
    expect([await read(opened, 'copy'), await read(opened, then.id)]).toEqual(['later', 'base']);
    await write(opened, 'copy', 'mine');
    expect([await read(opened, ID), await read(opened, then.id)]).toEqual(['later', 'base']);
  });
});

describe('a linked clone', () => {
  it('lies on a snapshot, which then keeps its disk', async () => {
    const { opened, first, folder } = await machine();
    const copy = await clone(opened, { linked: true });
    const { snapshots } = await opened.store.view(ID);
    expect(snapshots.map(({ name, kind }) => [name, kind])).toEqual([['First', 'manual'], ['Linked base of “Copy”', 'automatic']]);
    expect(await read(opened, copy.id)).toBe('later');
    await write(opened, copy.id, 'mine');
    await write(opened, ID, 'theirs');
    expect(await opened.store.clonesOf(ID)).toEqual(['copy']);
    expect(await opened.store.plan(ID, first)).toMatchObject({ clones: ['copy'], merges: [], freesBytes: 0 });
    for (const { id } of snapshots) await opened.store.delete(ID, id);
    expect([await read(opened, copy.id), await read(opened, ID)]).toEqual(['mine', 'theirs']);
    // The clone's own snapshots never touch what is not its own.
    const own = await opened.store.take(copy.id, { name: 'Own' });
    await write(opened, copy.id, 'mine 2');
    await opened.store.delete(copy.id, own.id);
    expect([await read(opened, copy.id), await read(opened, ID)]).toEqual(['mine 2', 'theirs']);
    // From the trash it may come back.
    const trashed = await opened.registry.delete(copy.id);
    expect(await opened.store.clonesOf(ID)).toEqual(['copy']);
    await opened.registry.restore(trashed);
    expect(await read(await openData(folder), copy.id)).toBe('mine 2');
  });
});

describe('a death while a machine is cloned', () => {
  it.each([false, true])('leaves a whole clone or none (linked: %s)', async (linked) => {
    let [deaths, made] = [0, false];
    for (let at = 0; !made; at++) {
      const { folder, first } = await machine();
      const died = await clone(await openData(folder, at), { snapshot: first, linked }).then(() => false, (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return true;
      });
      const next = await openData(folder);
      const machines = next.registry.list().map(({ id, kind }) => `${id} ${kind}`);
      expect(machines).toEqual(died ? ['subject machine'] : ['copy machine', 'subject machine']);
      expect(readdirSync(join(folder, 'machines')).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(await read(next, ID)).toBe('later');
      if (died) deaths += 1;
      else made = (await read(next, 'copy')) === 'base' && existsSync(join(folder, 'machines/copy/machine.json'));
    }
    expect(deaths).toBeGreaterThan(3);
  });
});
