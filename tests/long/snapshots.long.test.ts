// Snapshots in the long run: random trees of fifty, every one restored and compared with a model; and a process that is
// killed, really, in the middle of taking, restoring, deleting, merging and cloning, again and again.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { MediaTools } from '../../src-main/host/media-tools.ts';
import { liveRandomly } from '../support/random-snapshots.ts';
import { makeMachine, openData, withDisk } from '../support/snapshot-machine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { randomFrom } from '../support/random-workload.ts';

const ID = 'subject';
const KILLS = 200;
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
    const bytes = 8 << 20;
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
    // The first of each is left alone, to see how long it takes.
    for (let round = 0; round < KILLS + ACTIONS.length; round++) {
      const copy = join(folder, '..', `round${round}`);
      cpSync(folder, copy, { recursive: true });
      const action = ACTIONS[round % ACTIONS.length] ?? 'take';
      const target = names[random(3)] ?? 'S1';
      const child = await changing(copy, action, target);
      const ended = once(child, 'exit');
      const begin = performance.now();
      child.send('go');
      // Waiting is what is tested: the moment of the kill is left to chance, within what the change last took.
      const isUntouched = !durations.has(action);
      if (!isUntouched) {
        await pause(random(Math.ceil((durations.get(action) ?? 0) * 1.2)));
        child.kill('SIGKILL');
      }
      await ended;
      if (isUntouched) durations.set(action, performance.now() - begin);
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

/** A process that waits for the word. */
async function changing(folder: string, action: string, target: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../support/change-snapshots.ts', import.meta.url));
  const child = fork(program, [folder, action, target], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execPath: nodeBinary(), execArgv: [] });
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
