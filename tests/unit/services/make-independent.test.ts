// A linked clone that becomes independent over real images: what it holds, that the original is not needed, and deaths.

import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneMachine } from '../../../src-main/services/machine-cloner.ts';
import { makeIndependent } from '../../../src-main/services/make-independent.ts';
import { Killed, makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const write = (opened: Opened, id: string, text: string) => withDisk(opened, id, 'disk0', (disk) => disk.write(0, Buffer.from(text.padEnd(8))));
const read = (opened: Opened, id: string) => withDisk(opened, id, 'disk0', async (disk) => Buffer.from(await disk.read(0, 8)).toString().trim());
const independent = ({ store, mortal }: Opened, id = 'copy') => makeIndependent({ store, io: mortal.io, isRunning: () => false }, id);

async function clones() {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'raw', bytes: 1 << 20 }]);
  const opened = await openData(folder);
  await write(opened, 'subject', 'base');
  await opened.store.take('subject', { name: 'First' });
  await write(opened, 'subject', 'later');
  await cloneMachine({ machines: opened.registry, io: opened.mortal.io, store: opened.store }, { id: 'subject', snapshot: null, name: 'Copy', linked: true, keepIdentity: false });
  await write(opened, 'copy', 'mine');
  const own = await opened.store.take('copy', { name: 'Own' });
  await write(opened, 'copy', 'mine 2');
  return { folder, opened, own };
}

describe('a linked clone that is made independent', () => {
  it('holds what it held, its snapshots too, and the original may go', async () => {
    const { folder, opened, own } = await clones();
    expect((await opened.store.view('copy')).isLinked).toBe(true);
    await independent(opened);
    expect([(await opened.store.view('copy')).isLinked, await opened.store.clonesOf('subject')]).toEqual([false, []]);
    await opened.registry.delete('subject');
    expect(await read(opened, 'copy')).toBe('mine 2');
    await opened.store.restore('copy', { snapshot: own.id, disksOnly: false, keepPresent: false });
    expect(await read(opened, 'copy')).toBe('mine');
    for (const { id } of (await opened.store.view('copy')).snapshots) await opened.store.delete('copy', id);
    expect([await read(opened, 'copy'), readdirSync(join(folder, 'machines/copy/snapshots')).filter((name) => name.endsWith('.qcow2')).length]).toEqual(['mine', 1]);
    await expect(independent(opened)).rejects.toMatchObject({ message: expect.stringContaining('no linked clone') });
  });

  it('is linked or independent after a death at every step, and whole', async () => {
    const found = new Set<boolean>();
    const { folder: model } = await clones();
    for (let at = 0, made = false; !made; at++) {
      const folder = join(temporaryFolder(), 'data');
      cpSync(model, folder, { recursive: true });
      made = await independent(await openData(folder, at)).then(() => true, (error: unknown) => {
        if (error instanceof Killed) return false;
        throw error;
      });
      const next = await openData(folder);
      await next.store.ready('copy');
      const { isLinked } = await next.store.view('copy');
      found.add(isLinked);
      expect(await read(next, 'copy'), `death ${at}`).toBe('mine 2');
      const { layers } = JSON.parse(readFileSync(join(folder, 'machines/copy/snapshots/tree.json'), 'utf8'));
      const named = layers.map(({ path }: { path: string }) => path);
      for (const name of readdirSync(join(folder, 'machines/copy/snapshots')).filter((file) => file.endsWith('.qcow2'))) expect(named).toContain(`snapshots/${name}`);
    }
    expect(found).toEqual(new Set([true, false]));
  });
});
