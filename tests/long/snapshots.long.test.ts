// Snapshots in the long run: random trees of fifty, every one restored and compared with a model; and a process that is
// killed, really, in the middle of taking, restoring, deleting, merging and cloning, of saving and of disposable runs, again
// and again, with the machine off or writing.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { keptStates } from '../../shared/snapshot/snapshot-tree.ts';
import { openImage } from '../../src-main/engine/block/index.ts';
import { createImageHost } from '../../src-main/host/image-host.ts';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { MediaTools } from '../../src-main/host/media-tools.ts';
import { GUEST } from '../support/guest-writes.ts';
import { liveRandomly } from '../support/random-snapshots.ts';
import { RemoteDisks } from '../support/remote-disks.ts';
import { RunningDisks } from '../support/running-disks.ts';
import { makeMachine, type Opened, openData, withDisk } from '../support/snapshot-machine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { randomFrom } from '../support/random-workload.ts';

const ID = 'subject';
const KILLS = 200;
const BYTES = 8 << 20;
const MERGE_KILLS = 40;
const ACTIONS = ['take', 'restore', 'delete', 'clone', 'link'] as const;

describe('random trees of fifty snapshots', () => {
  it.each([11, 12, 13, 14])('hold what was put into them: seed %i', async (seed) => {
    const life = { seed, steps: 400, snapshots: 50, diskBytes: 1 << 20, format: seed % 2 ? ('qcow2' as const) : ('raw' as const) };
    const { taken } = await liveRandomly(join(temporaryFolder(), 'data'), life);
    expect(taken).toBe(50);
  }, 900_000);
});

describe('a process that is killed while it changes snapshots', () => {
  it(`leaves a legal tree, whole images and every flushed byte, ${KILLS} times`, async () => {
    const folder = join(temporaryFolder(), 'data');
    const bytes = BYTES;
    await makeMachine(folder, [{ format: 'qcow2', bytes }]);
    const opened = await openData(folder);
    for (const [index, byte] of [1, 2, 3].entries()) {
      await withDisk(opened, ID, 'disk0', (disk) => disk.write(index << 20, new Uint8Array(3 << 20).fill(byte)));
      await opened.store.take(ID, { name: `S${byte}` });
    }
    await withDisk(opened, ID, 'disk0', (disk) => disk.write(4 << 20, new Uint8Array(2 << 20).fill(9)));
    const present = await withDisk(opened, ID, 'disk0', (disk) => disk.read(0, bytes));
    const random = randomFrom(77);
    const names = ['S1', 'S2', 'S3'];
    const outcomes = new Map<string, number>();
    const durations = new Map<string, number>();
    for (let round = 0; round < KILLS + ACTIONS.length; round++) {
      const copy = join(folder, '..', `round${round}`);
      cpSync(folder, copy, { recursive: true });
      const action = ACTIONS[round % ACTIONS.length] ?? 'take';
      const target = names[random(3)] ?? 'S1';
      await killed(await changing(copy, action, target), action, durations, random);
      const next = await openData(copy);
      await next.store.ready(ID);
      const { snapshots } = await next.store.view(ID);
      const found = snapshots.map(({ name }) => name).join();
      const done = {
        take: 'S1,S2,S3,New', restore: `S1,S2,S3,Before restoring “${target}”`, delete: names.filter((name) => name !== target).join(),
        clone: 'S1,S2,S3', link: 'S1,S2,S3,Linked base of “Copy”',
      }[action];
      expect(['S1,S2,S3', done], `round ${round}, ${action} ${target}`).toContain(found);
      const clone = next.registry.list().find(({ id }) => id === 'copy');
      const isDone = action === 'clone' ? clone !== undefined : found === done;
      const outcome = `${action} ${isDone ? 'after' : 'before'}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const isRestored = action === 'restore' && isDone;
      if (clone) {
        expect(Buffer.compare(await withDisk(next, 'copy', 'disk0', (disk) => disk.read(0, bytes)), present), `round ${round}, clone`).toBe(0);
        await checkImages(join(copy, 'machines', 'copy'));
      }
      expect(readdirSync(join(copy, 'machines')).filter((name) => name.startsWith('.'))).toEqual([]);
      const kept = snapshots.find(({ kind }) => kind === 'before-restore');
      if (isRestored && kept) await next.store.restore(ID, { snapshot: kept.id, disksOnly: false, keepPresent: false });
      expect(Buffer.compare(await withDisk(next, ID, 'disk0', (disk) => disk.read(0, bytes)), present), `round ${round}`).toBe(0);
      await checkImages(join(copy, 'machines', ID));
      rmSync(copy, { recursive: true });
    }
    console.info(`kills, by what was found afterwards: ${[...outcomes].map(([what, count]) => `${what} ${count}`).join(', ')}`);
    for (const when of ['before', 'after']) expect([...outcomes.keys()].filter((what) => what.endsWith(when))).not.toEqual([]);
  }, 1_800_000);
});

/** What a machine that runs, is saved, or ran disposably goes through, and what it is like before. */
const RUNNING = [
  { action: 'take', from: 'running' },
  { action: 'delete', from: 'running' },
  { action: 'save', from: 'running' },
  { action: 'forget', from: 'saved' },
  { action: 'begin', from: 'off' },
  { action: 'keep', from: 'disposable' },
  { action: 'throw', from: 'disposable' },
] as const;

describe('a process that is killed with the machine that it runs', () => {
  it(`leaves a legal tree, whole images and states, and every flushed write of the guest, ${KILLS} times`, async () => {
    const folder = temporaryFolder();
    const bases = await preparedBases(folder);
    const present = await withDisk(await openData(bases.off), ID, 'disk0', (disk) => disk.read(0, BYTES));
    const kept = present.slice();
    kept.fill(8, 5 << 20, 6 << 20);
    const random = randomFrom(78);
    const names = ['S1', 'S2', 'S3'];
    const durations = new Map<string, number>();
    const outcomes = new Map<string, number>();
    for (let round = 0; round < KILLS + RUNNING.length; round++) {
      const { action, from } = RUNNING[round % RUNNING.length] ?? RUNNING[0];
      const what = `round ${round}, ${action}`;
      const copy = join(folder, `round${round}`);
      cpSync(bases[from], copy, { recursive: true });
      const flushed = join(copy, 'flushed');
      const target = names[random(3)] ?? 'S1';
      await killed(await changing(copy, action, target, from === 'running' ? flushed : ''), action, durations, random);
      const next = await openData(copy);
      await next.store.ready(ID);
      const { runs } = next;
      await runs.load([ID]);
      const done = { take: 'S1,S2,S3,New', delete: names.filter((name) => name !== target).join() }[action as string];
      const found = (await next.store.view(ID)).snapshots.map(({ name }) => name).join();
      expect(['S1,S2,S3', done], what).toContain(found);
      const isOpen = runs.state(ID) !== null;
      const isDone = { take: found === done, delete: found === done, save: await next.store.hasSaved(ID), forget: !(await next.store.hasSaved(ID)), begin: isOpen, keep: !isOpen, throw: !isOpen }[action];
      const outcome = `${action} ${isDone ? 'after' : 'before'}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const disk = () => withDisk(next, ID, 'disk0', (one) => one.read(0, BYTES));
      const before = action === 'keep' && isDone ? kept : present;
      const held = await disk();
      expect(Buffer.compare(held.subarray(0, GUEST.offset), before.subarray(0, GUEST.offset)), what).toBe(0);
      expectWrites(held, existsSync(flushed) ? statSync(flushed).size : 0, what);
      // What a disposable run wrote can still be kept, whatever happened to the wish.
      if (action === 'keep' && isOpen) await runs.keep(ID);
      else if (isOpen) await runs.discard(ID);
      if (action === 'keep') expect(Buffer.compare((await disk()).subarray(0, GUEST.offset), kept.subarray(0, GUEST.offset)), what).toBe(0);
      await next.store.ready(ID);
      await checkStates(next, copy);
      await checkImages(join(copy, 'machines', ID));
      rmSync(copy, { recursive: true });
    }
    console.info(`kills of running machines: ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
    for (const when of ['before', 'after']) expect([...outcomes.keys()].filter((outcome) => outcome.endsWith(when))).not.toEqual([]);
  }, 1_800_000);
});

describe('a machine’s process that is killed alone while its layers are merged', () => {
  it(`leaves a legal tree, whole images and every flushed write of the guest, and room that is freed later, ${MERGE_KILLS} times`, async () => {
    const folder = temporaryFolder();
    const { running } = await preparedBases(folder);
    const present = await withDisk(await openData(running), ID, 'disk0', (disk) => disk.read(0, BYTES));
    const random = randomFrom(79);
    const durations = new Map<string, number>();
    const outcomes = new Map<string, number>();
    for (let round = 0; round < MERGE_KILLS + 3; round++) {
      const target = ['S1', 'S2', 'S3'][round % 3] ?? '';
      const what = `round ${round}, ${target}`;
      const copy = join(folder, `round${round}`);
      cpSync(running, copy, { recursive: true });
      const flushed = join(copy, 'flushed');
      writeFileSync(flushed, '');
      const disks = await RemoteDisks.start(copy, ID, flushed);
      const service = await openData(copy, undefined, undefined, disks);
      const gone = (await service.store.tree(ID)).snapshots.find(({ name }) => name === target)?.id ?? '';
      const outcome = await killedAlone(disks, service.store.delete(ID, gone), target, durations, random);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // The service lives on in every other round; else another one finds what there is.
      const next = round % 2 === 0 ? service : await openData(copy);
      await next.store.ready(ID);
      const view = await next.store.view(ID);
      expect(['S1,S2,S3', ['S1', 'S2', 'S3'].filter((name) => name !== target).join()], what).toContain(view.snapshots.map(({ name }) => name).join());
      const compare = async (when: string) => {
        const held = await withDisk(next, ID, 'disk0', (disk) => disk.read(0, BYTES));
        expect(Buffer.compare(held.subarray(0, GUEST.offset), present.subarray(0, GUEST.offset)), `${what}, ${when}`).toBe(0);
        expectWrites(held, statSync(flushed).size, `${what}, ${when}`);
      };
      await compare('as it was left');
      await checkImages(join(copy, 'machines', ID));
      await next.store.tidy(ID);
      expect(await next.store.view(ID), what).toMatchObject({ warning: null, unfreedBytes: 0 });
      await compare('when its room was freed');
      await checkImages(join(copy, 'machines', ID));
      expect(readdirSync(join(copy, 'machines', ID, 'snapshots')).filter((name) => name.startsWith('.') || name === 'journal.json'), what).toEqual([]);
      rmSync(copy, { recursive: true });
    }
    console.info(`kills of a machine’s process in a merge: ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
    expect(outcomes.get('cut short')).toBeGreaterThan(MERGE_KILLS / 4);
  }, 900_000);
});

/** One machine four times: as it runs and is off, with a saved state, and after a disposable run. Its states lean on each other. */
async function preparedBases(folder: string) {
  const [off, saved, disposable] = [join(folder, 'off'), join(folder, 'saved'), join(folder, 'disposable')];
  await makeMachine(off, [{ format: 'qcow2', bytes: BYTES }]);
  const disks = await RunningDisks.start(await openData(off), ID);
  const { store } = await openData(off, undefined, undefined, disks);
  for (const byte of [1, 2, 3]) {
    await disks.write('disk0', (byte - 1) << 20, new Uint8Array(3 << 20).fill(byte));
    await store.take(ID, { name: `S${byte}` });
  }
  await disks.write('disk0', 4 << 20, new Uint8Array(2 << 20).fill(9));
  await disks.flush('disk0');
  cpSync(off, disposable, { recursive: true });
  cpSync(off, saved, { recursive: true });
  await disks.end();
  await (await openData(saved, undefined, undefined, disks)).store.save(ID);
  const opened = await openData(disposable);
  const { drives } = await opened.runs.begin(ID);
  const path = join(disposable, 'machines', ID, drives[0]?.path ?? '');
  const image = await openImage(createImageHost({ folders: await opened.store.imageFolders(ID) }), { path, format: 'qcow2', write: true });
  await image.write(5 << 20, new Uint8Array(1 << 20).fill(8));
  await image.close();
  return { off, running: off, saved, disposable };
}

/** The guest wrote sector after sector, round and round: each holds the last flushed number, or a later one. */
function expectWrites(held: Uint8Array, flushed: number, what: string): void {
  const view = new DataView(held.buffer, held.byteOffset, held.length);
  for (let sector = 0; sector < GUEST.sectors; sector++) {
    const at = GUEST.offset + sector * 512;
    const last = flushed <= sector ? 0 : sector + 1 + Math.floor((flushed - 1 - sector) / GUEST.sectors) * GUEST.sectors;
    expect(view.getUint32(at, true), `${what}, sector ${sector}`).toBeGreaterThanOrEqual(last);
  }
}

/** Those that the tree needs are there, and no others. */
async function checkStates({ store }: Opened, folder: string): Promise<void> {
  const needed = [...keptStates(await store.tree(ID))].sort();
  const there = readdirSync(join(folder, 'machines', ID, 'snapshots')).filter((name) => name.endsWith('.state'));
  expect(there.map((name) => `snapshots/${name}`).sort()).toEqual(needed);
}

/** The moment of the kill is left to chance, within what the change last took; the first of each is left alone, to see. */
async function killed(child: ChildProcess, action: string, durations: Map<string, number>, random: (below: number) => number): Promise<void> {
  const ended = once(child, 'exit');
  const begin = performance.now();
  child.send('go');
  const last = durations.get(action);
  if (last !== undefined) {
    await pause(random(Math.ceil(last * 1.2)));
    child.kill('SIGKILL');
  }
  await ended;
  if (last === undefined) durations.set(action, performance.now() - begin);
}

/** As `killed`, with the change made by this process. */
async function killedAlone(disks: RemoteDisks, change: Promise<void>, target: string, durations: Map<string, number>, random: (below: number) => number): Promise<string> {
  const begin = performance.now();
  let isMade = false;
  const made = change.then(() => { isMade = !disks.isOver; }, (error: unknown) => {
    if (!disks.isOver) throw error;
  });
  const last = durations.get(target);
  if (last === undefined) {
    await made;
    durations.set(target, performance.now() - begin);
  } else await pause(random(Math.ceil(last * 1.2)));
  await disks.kill();
  await made;
  return isMade ? 'merged before' : 'cut short';
}

/** A process that waits for the word. */
async function changing(folder: string, action: string, target: string, flushed = ''): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../support/change-snapshots.ts', import.meta.url));
  const child = fork(program, [folder, action, target, flushed], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execPath: nodeBinary(), execArgv: [] });
  await once(child, 'message');
  return child;
}

async function checkImages(home: string): Promise<void> {
  if (!existsSync(join(home, 'snapshots'))) return;
  const { layers } = JSON.parse(readFileSync(join(home, 'snapshots/tree.json'), 'utf8'));
  const named = new Set<string>(layers.map(({ path }: { path: string }) => path));
  for (const name of readdirSync(join(home, 'snapshots')).filter((file) => file.endsWith('.qcow2'))) expect(named).toContain(`snapshots/${name}`);
  const tools = new MediaTools(() => undefined);
  for (const path of named) {
    expect(existsSync(join(home, path))).toBe(true);
    const { corruptions } = await tools.checkImage({ job: path, path: join(home, path), repair: 'none' });
    expect(corruptions, path).toBe(0);
  }
}
