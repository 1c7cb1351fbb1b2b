// Snapshots by the clock over the real store: when they are taken, which go, and that a new service knows it all again.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SaveStateInput } from '../../../shared/machine/saved-state.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { formatInterval, parseInterval } from '../../../shared/snapshot/snapshot-schedule.ts';
import { AutoSnapshots } from '../../../src-main/services/auto-snapshots.ts';
import { makeMachine, openData } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const MINUTE = 60_000;
const BEGIN = Date.UTC(2026, 0, 1);

/** A service that finds the machine running since the beginning. */
async function service(folder: string, clock: { now: number }, fails: { now: boolean } = { now: false }) {
  const saveState = async (_id: string, { path }: SaveStateInput) => {
    if (fails.now) throw new FailureError('state.writeFailed', 'The disk is full.');
    writeFileSync(path, 'state', { flag: 'wx' });
    return { bytes: 5, pausedMs: 1, pausedCpuMs: 1, totalMs: 2, pages: 1, ownPages: 1, usesParent: false };
  };
  const { store } = await openData(folder, undefined, () => clock.now, { saveState, picture: async () => null });
  const said: string[] = [];
  const auto = new AutoSnapshots({
    store,
    dropScheduled: (id) => store.dropScheduled(id),
    running: () => [{ id: ID, startedAtMs: BEGIN }],
    onTaken: () => said.push('taken'),
    onFailure: (_id, message) => said.push(message),
    now: () => clock.now,
  });
  onTestFinished(() => auto.end());
  const names = async () => (await store.view(ID)).snapshots.map(({ name }) => name);
  const at = async (minutes: number) => {
    clock.now = BEGIN + minutes * MINUTE;
    await auto.look();
    return said.splice(0);
  };
  return { store, at, names };
}

async function machine() {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'qcow2', bytes: 1 << 20 }]);
  return folder;
}

describe('snapshots by the clock', () => {
  it('are taken every so often while the machine runs, and the oldest goes', async () => {
    const folder = await machine();
    const clock = { now: BEGIN };
    const { store, at, names } = await service(folder, clock);
    expect(await at(60)).toEqual([]);
    await store.setSchedule(ID, { everyMinutes: 30, keep: 2 });
    clock.now = BEGIN + 10 * MINUTE;
    await store.take(ID, { name: 'Mine' });
    expect([await at(29), await at(30), await at(59), await at(61), await at(90)]).toEqual([[], ['taken'], [], ['taken'], []]);
    expect(await names()).toEqual(['Mine', 'Scheduled 2026-01-01 00:30', 'Scheduled 2026-01-01 01:01']);
    const again = await service(folder, clock);
    expect([await again.at(90), await again.at(91)]).toEqual([[], ['taken']]);
    expect(await again.names()).toEqual(['Mine', 'Scheduled 2026-01-01 01:01', 'Scheduled 2026-01-01 01:31']);
    expect((await again.store.view(ID)).schedule).toEqual({ everyMinutes: 30, keep: 2 });
    await again.store.setSchedule(ID, { everyMinutes: 30, keep: 1 });
    expect(await again.names()).toEqual(['Mine', 'Scheduled 2026-01-01 01:31']);
    await again.store.setSchedule(ID, null);
    expect(await again.at(900)).toEqual([]);
  });

  it('that fail are told once each time, and tried again at the next', async () => {
    const fails = { now: true };
    const { store, at, names } = await service(await machine(), { now: BEGIN }, fails);
    await store.setSchedule(ID, { everyMinutes: 10, keep: 3 });
    expect([await at(10), await at(11)]).toEqual([['The scheduled snapshot was not taken: The disk is full.'], []]);
    fails.now = false;
    expect([await at(20), (await names()).length]).toEqual([['taken'], 1]);
  });

  it('have intervals as people write them', () => {
    expect(['30m', '2h', '1d', ' 90M '].map(parseInterval)).toEqual([30, 120, 1440, 90]);
    expect(['', '0m', '31d', '5', '1w', '-1h', '1.5h'].map(parseInterval)).toEqual(Array(7).fill(undefined));
    expect([30, 120, 2880, 90].map(formatInterval)).toEqual(['30m', '2h', '2d', '90m']);
  });
});
