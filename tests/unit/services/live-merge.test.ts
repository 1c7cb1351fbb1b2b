// Deleting snapshots of a machine that runs: layers are merged under its feet while it writes, in either direction and
// wherever they lie, no write is lost, and whatever a death leaves behind is one of the two legal trees.

import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src-main/engine/block/index.ts';
import { createImageHost } from '../../../src-main/host/image-host.ts';
import { MediaTools } from '../../../src-main/host/media-tools.ts';
import { Killed, makeMachine, type NewMachineDisk, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { RunningDisks } from '../../support/running-disks.ts';
import { randomFrom } from '../../support/random-workload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const DRIVE = 'disk0';
const BYTES = 4 << 20;
const CLUSTER = 65_536;

async function machine(disk: NewMachineDisk = { format: 'qcow2', bytes: BYTES }) {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [disk]);
  return folder;
}

/** A service over a machine that runs. */
async function running(folder: string, deathAt?: number) {
  const disks = await RunningDisks.start(await openData(folder), ID);
  return { disks, opened: await openData(folder, deathAt, undefined, disks) };
}

/** A disk beside its model; every write is of whole sectors, somewhere. */
class Guest {
  readonly model: Uint8Array;
  readonly #disks: RunningDisks;
  readonly #random: (below: number) => number;

  constructor(disks: RunningDisks, seed: number, model: Uint8Array = new Uint8Array(BYTES)) {
    this.model = model;
    this.#disks = disks;
    this.#random = randomFrom(seed);
  }

  async write(): Promise<void> {
    const offset = this.#random(BYTES / 512 - 256) * 512;
    const length = (1 + this.#random(255)) * 512;
    const value = this.#random(256);
    const kind = this.#random(8);
    if (kind === 0) await this.#disks.zero(DRIVE, offset, length);
    else if (kind === 1) await this.#disks.flush(DRIVE);
    else await this.#disks.write(DRIVE, offset, new Uint8Array(length).fill(value));
    if (kind !== 1) this.model.fill(kind === 0 ? 0 : value, offset, offset + length);
  }

  async compare(what: string): Promise<void> {
    expect(firstDifference(await this.#disks.read(DRIVE, 0, BYTES), this.model), what).toBe(-1);
  }
}

const firstDifference = (found: Uint8Array, wanted: Uint8Array) =>
  Buffer.compare(found, wanted) === 0 ? -1 : found.findIndex((byte, at) => byte !== wanted[at]);
const layersIn = (folder: string) => readdirSync(join(folder, 'machines', ID, 'snapshots')).filter((name) => name.endsWith('.qcow2'));
const contentOf = (opened: Opened) => withDisk(opened, ID, DRIVE, (disk) => disk.read(0, BYTES));

async function checkImages(folder: string): Promise<void> {
  const home = join(folder, 'machines', ID);
  const tools = new MediaTools(() => undefined);
  for (const name of layersIn(folder)) {
    const path = join(home, 'snapshots', name);
    expect((await tools.checkImage({ job: name, path, repair: 'none' })).corruptions, name).toBe(0);
  }
}

describe.each(['qcow2', 'raw', 'vdi'] as const)('a running machine over a %s disk', (format) => {
  it('gets rid of deleted snapshots one by one while it writes', async () => {
    const folder = await machine({ format, bytes: BYTES });
    const { disks, opened } = await running(folder);
    const guest = new Guest(disks, 5);
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      for (let writes = 0; writes < 10 - n; writes++) await guest.write();
      ids.push((await opened.store.take(ID, { name: `S${n}` })).id);
    }
    let writes = 0;
    disks.onStep = async () => {
      writes++;
      await guest.write();
    };
    // The one in the middle, the first, the last, and what is left.
    for (const index of [2, 0, 4, 1, 3]) {
      await opened.store.delete(ID, ids[index] ?? '');
      expect((await opened.store.view(ID)).warning).toBeNull();
      await guest.compare(`after S${index}`);
    }
    expect(writes).toBeGreaterThan(10);
    expect(await opened.store.view(ID)).toMatchObject({ snapshots: [], unfreedBytes: 0 });
    await disks.end();
    const off = await openData(folder);
    await off.store.ready(ID);
    expect(firstDifference(await contentOf(off), guest.model)).toBe(-1);
    expect(layersIn(folder).length).toBeLessThanOrEqual(1);
    await checkImages(folder);
    expect(disks.failures).toEqual([]);
  });
});

describe('a running machine whose disk is the user’s own file', () => {
  it('has it back under its name when the last snapshot goes, and goes on writing to it', async () => {
    const outside = join(temporaryFolder(), 'elsewhere.raw');
    const folder = await machine({ format: 'raw', bytes: BYTES, outside });
    const { disks, opened } = await running(folder);
    await disks.write(DRIVE, 0, Buffer.from('before'.padEnd(512)));
    const { id } = await opened.store.take(ID, { name: 'Only' });
    await disks.write(DRIVE, 0, Buffer.from('during'.padEnd(512)));
    await opened.store.delete(ID, id);
    await disks.write(DRIVE, 512, Buffer.from('after'.padEnd(512)));
    await disks.flush(DRIVE);
    expect(readFileSync(outside, 'latin1').slice(0, 6)).toBe('during');
    expect(readFileSync(outside, 'latin1').slice(512, 517)).toBe('after');
    expect(opened.registry.config(ID).drives[0]).toMatchObject({ path: outside, format: 'raw' });
    expect(layersIn(folder)).toEqual([]);
    await disks.end();
  });

  it('keeps what is changed in the settings meanwhile', async () => {
    const outside = join(temporaryFolder(), 'elsewhere.raw');
    const folder = await machine({ format: 'raw', bytes: BYTES, outside });
    const { disks, opened } = await running(folder);
    await disks.write(DRIVE, 0, new Uint8Array(CLUSTER).fill(7));
    const { id } = await opened.store.take(ID, { name: 'Only' });
    disks.onStep = async () => {
      await opened.registry.update(ID, (now) => ({ ...now, name: 'Renamed meanwhile' }));
    };
    await opened.store.delete(ID, id);
    expect(opened.registry.config(ID)).toMatchObject({ name: 'Renamed meanwhile', drives: [{ path: outside }] });
    await disks.end();
  });

  it('writes what the guest discards as the zeroes that it reads', async () => {
    const outside = join(temporaryFolder(), 'elsewhere.raw');
    const folder = await machine({ format: 'raw', bytes: BYTES, outside });
    const { disks, opened } = await running(folder);
    await disks.write(DRIVE, 0, new Uint8Array(4 * CLUSTER).fill(7));
    const { id } = await opened.store.take(ID, { name: 'Only' });
    let discarded = false;
    disks.onStep = async () => {
      if (!discarded) await disks.discard(DRIVE, CLUSTER, CLUSTER);
      discarded = true;
    };
    await opened.store.delete(ID, id);
    const found = await disks.read(DRIVE, 0, 4 * CLUSTER);
    expect([0, CLUSTER, 2 * CLUSTER].map((at) => found[at])).toEqual([7, 0, 7]);
    await disks.end();
  });
});

describe('a merge under a running machine', () => {
  /** Two snapshots; deleting the first moves the base into its child or back. */
  async function twoSnapshots() {
    const folder = await machine();
    const { disks, opened } = await running(folder);
    const guest = new Guest(disks, 9);
    for (let writes = 0; writes < 12; writes++) await guest.write();
    const first = (await opened.store.take(ID, { name: 'First' })).id;
    for (let writes = 0; writes < 4; writes++) await guest.write();
    await opened.store.take(ID, { name: 'Second' });
    await guest.write();
    return { folder, disks, opened, guest, first };
  }

  it('that is cancelled leaves the disk as it was, and is made good at the next time', async () => {
    const { folder, disks, opened, guest, first } = await twoSnapshots();
    disks.onStep = async () => disks.cancelMerge();
    await opened.store.delete(ID, first);
    expect((await opened.store.view(ID)).warning).toMatch(/could not be freed/);
    const before = layersIn(folder).length;
    disks.onStep = async () => undefined;
    await guest.write();
    await opened.store.tidy(ID);
    expect((await opened.store.view(ID)).warning).toBeNull();
    expect(layersIn(folder).length).toBe(before - 1);
    await guest.compare('after the second attempt');
    await disks.end();
  });

  it('names the file that another process has open, and leaves the disk as it was', async () => {
    const { disks, opened, guest, first } = await twoSnapshots();
    const base = join(opened.registry.folderOf(ID), 'disk0.qcow2');
    const reader = await openImage(createImageHost(), { path: base, write: false });
    await opened.store.delete(ID, first);
    const { warning } = await opened.store.view(ID);
    expect(warning).toMatch(/in use/);
    await guest.write();
    await guest.compare('while another reads the base');
    await reader.close();
    await opened.store.tidy(ID);
    expect((await opened.store.view(ID)).warning).toBeNull();
    await guest.compare('after the second attempt');
    await disks.end();
  });

  it('whose end cannot be written down lets the disk go on as it was', async () => {
    const { folder, disks, opened, guest, first } = await twoSnapshots();
    const home = join(folder, 'machines', ID);
    const replace = opened.mortal.io.replace;
    const { snapshots } = await opened.store.tree(ID);
    expect(snapshots).toHaveLength(2);
    let commits = 0;
    Object.assign(opened.mortal.io, {
      replace: (path: string, content: string, previous?: string) =>
        path.endsWith('journal.json') && ++commits === 2 ? Promise.reject(new Error('full')) : replace(path, content, previous),
    });
    await expect(opened.store.delete(ID, first)).rejects.toThrow('full');
    expect(existsSync(join(home, 'snapshots/journal.json'))).toBe(false);
    await guest.write();
    await guest.compare('after the failure');
    await opened.store.tidy(ID);
    await guest.write();
    await guest.compare('after the second attempt');
    await disks.end();
    expect(firstDifference(await contentOf(await openData(folder)), guest.model)).toBe(-1);
  });

  it.each(['First', 'Third'])('that dies anywhere leaves every write and a legal tree: “%s” deleted', async (target) => {
    const names = ['First', 'Second', 'Third'];
    const prepared = await machine();
    const { disks, opened } = await running(prepared);
    const author = new Guest(disks, 21);
    for (const name of names) {
      for (let writes = 0; writes < 4; writes++) await author.write();
      await opened.store.take(ID, { name });
    }
    await author.write();
    await disks.end();
    const gone = (await opened.store.view(ID)).snapshots.find(({ name }) => name === target)?.id ?? '';
    let deaths = 0;
    for (let isWhole = false; !isWhole; deaths++) {
      const folder = join(temporaryFolder(), 'data');
      cpSync(prepared, folder, { recursive: true });
      const life = await running(folder, deaths);
      const guest = new Guest(life.disks, 22, author.model.slice());
      life.disks.onStep = () => guest.write();
      isWhole = await life.opened.store.delete(ID, gone).then(() => true, (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return false;
      });
      await guest.write();
      await life.disks.flush(DRIVE);
      // What the files hold when everything ends at once.
      const copy = join(temporaryFolder(), 'dead');
      cpSync(folder, copy, { recursive: true });
      await life.disks.end();
      const next = await openData(copy);
      await next.store.ready(ID);
      expect(firstDifference(await contentOf(next), guest.model), `dead before ${deaths}`).toBe(-1);
      const left = (await next.store.view(ID)).snapshots.map(({ name }) => name);
      expect([names.filter((name) => name !== target), names]).toContainEqual(left);
      expect(existsSync(join(copy, 'machines', ID, 'snapshots/journal.json'))).toBe(false);
      await checkImages(copy);
    }
    expect(deaths).toBeGreaterThan(10);
  }, 60_000);
});
