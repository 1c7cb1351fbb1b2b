// Jobs over the real image tools: progress, results, failures, cancelling, and how many run at a time.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isOver, type JobView } from '../../../shared/machine/jobs.ts';
import { Jobs } from '../../../src-main/services/jobs.ts';
import { mediaProcess } from '../../support/media-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MIB = 1024 * 1024;

function service() {
  const folder = temporaryFolder();
  const seen: JobView[] = [];
  const waiters: { done: (job: JobView) => boolean; resolve: (job: JobView) => void }[] = [];
  const jobs = new Jobs({
    launch: mediaProcess,
    onRemove: () => undefined,
    onChange: (job) => {
      seen.push(job);
      for (const waiter of waiters) if (waiter.done(job)) waiter.resolve(job);
    },
  });
  const until = (done: (job: JobView) => boolean) => new Promise<JobView>((resolve) => waiters.push({ done, resolve }));
  const ended = (id: string) => until((job) => job.id === id && isOver(job));
  return { jobs, seen, until, ended, at: (name: string) => join(folder, name) };
}

describe('a job', () => {
  it('makes, converts, enlarges, compacts and checks images, and says how large they are', async () => {
    const { jobs, seen, ended, at } = service();
    const run = (request: Parameters<typeof jobs.start>[0]) => ended(jobs.start(request).id);
    expect(await run({ kind: 'create', path: at('new.qcow2'), format: 'qcow2', bytes: 8 * MIB })).toMatchObject({ state: 'done' });
    writeFileSync(at('full.raw'), new Uint8Array(8 * MIB).fill(0x5a));
    const converted = await run({ kind: 'convert', path: at('full.raw'), target: at('full.qcow2'), format: 'qcow2', compressed: false });
    expect(converted).toMatchObject({ state: 'done', progress: 1, result: { bytesBefore: 8 * MIB } });
    expect(seen.some(({ id, progress }) => id === converted.id && progress !== null && progress > 0 && progress < 1)).toBe(true);
    expect(await run({ kind: 'resize', path: at('full.qcow2'), bytes: 16 * MIB, shrink: false })).toMatchObject({ state: 'done' });
    expect(await run({ kind: 'resize', path: at('full.qcow2'), bytes: 4 * MIB, shrink: false })).toMatchObject({
      state: 'failed',
      failure: { message: expect.stringContaining('would be lost') },
    });
    expect(await run({ kind: 'compact', path: at('full.qcow2') })).toMatchObject({ state: 'done' });
    expect(await run({ kind: 'check', path: at('full.qcow2'), repair: 'none' })).toMatchObject({
      state: 'done',
      result: { corruptions: 0, leaks: 0 },
      log: expect.arrayContaining([expect.objectContaining({ text: 'Done.' })]),
    });
    expect(await run({ kind: 'check', path: at('absent.qcow2'), repair: 'none' })).toMatchObject({ state: 'failed', failure: { code: 'files.notFound' } });
    jobs.clear();
    expect(jobs.list()).toEqual([]);
  });

  it('that is cancelled leaves nothing half-done', async () => {
    const { jobs, until, ended, at } = service();
    writeFileSync(at('full.raw'), new Uint8Array(64 * MIB).fill(0x5a));
    const { id } = jobs.start({ kind: 'convert', path: at('full.raw'), target: at('copy.qcow2'), format: 'qcow2', compressed: true });
    await until((job) => job.progress !== null && job.progress > 0);
    const end = ended(id);
    jobs.cancel(id);
    expect(await end).toMatchObject({ state: 'cancelled' });
    expect(existsSync(at('copy.qcow2'))).toBe(false);
  });

  it('waits while two others run, and can be cancelled before it begins', async () => {
    const { jobs, ended, at } = service();
    const started = ['a', 'b', 'c', 'd'].map((name) => jobs.start({ kind: 'create', path: at(name), format: 'qcow2', bytes: MIB }));
    expect(jobs.list().map(({ state }) => state)).toEqual(['running', 'running', 'waiting', 'waiting']);
    const ends = started.map(({ id }) => ended(id));
    jobs.cancel(started[3]?.id ?? '');
    expect((await Promise.all(ends)).map(({ state }) => state)).toEqual(['done', 'done', 'done', 'cancelled']);
    expect(existsSync(at('d'))).toBe(false);
  });
});
