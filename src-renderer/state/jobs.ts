// Long work on disk images, as the application tells of it: it goes on without this window and is still there after a
// reload.

import { create } from 'zustand';
import { isOver, type JobRequest, type JobView } from '../../shared/machine/jobs.ts';
import { said, t } from '../i18n/strings.ts';
import type { AppConnection } from './app-connection.ts';
import { client } from './client.ts';
import { notify, notifyFailure } from './notices.ts';

export const useJobs = create<{ readonly jobs: readonly JobView[] }>(() => ({ jobs: [] }));

export function followJobs(opened: AppConnection): void {
  opened.on('jobChanged', (job) => {
    const before = useJobs.getState().jobs.find(({ id }) => id === job.id);
    put(job);
    if (before && !isOver(before) && isOver(job)) announce(job);
  });
  opened.on('jobRemoved', ({ id }) => useJobs.setState(({ jobs }) => ({ jobs: jobs.filter((job) => job.id !== id) })));
}

export async function loadJobs(opened: AppConnection): Promise<void> {
  useJobs.setState({ jobs: await opened.call('jobs.list') });
}

/** Throws a FailureError: the dialog stays open and shows it. */
export async function startJob(request: JobRequest): Promise<void> {
  put(await client().call('jobs.start', request));
}

export async function cancelJob(id: string): Promise<void> {
  await client().call('jobs.cancel', { id }).catch(notifyFailure);
}

/** Without an id: all that are over. */
export async function clearJobs(id?: string): Promise<void> {
  await client().call('jobs.clear', { id }).catch(notifyFailure);
}

function put(job: JobView): void {
  useJobs.setState(({ jobs }) => {
    const at = jobs.findIndex(({ id }) => id === job.id);
    return { jobs: at < 0 ? [...jobs, job] : jobs.with(at, job) };
  });
}

function announce({ state, request, failure }: JobView): void {
  // Who asked for work on a machine hears of it where it was asked for.
  if ('machine' in request && request.kind !== 'verify') return;
  const title = t.media.jobTitles[request.kind](fileNameOf(request.path));
  if (state === 'done') notify({ level: 'info', message: t.media.jobDone(title) });
  if (state === 'failed') notify({ level: 'error', message: t.media.jobFailed(title, failure ? said(failure) : '') });
}

export function fileNameOf(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
