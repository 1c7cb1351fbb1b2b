// A long call at a terminal: its progress on one line, and Ctrl-C cancels it and waits until nothing is left of it.

import { isOver, type JobKind, type JobView } from '../../../shared/machine/jobs.ts';
import type { VerbContext } from './verb.ts';

export async function whileShowing<T>({ client, json }: VerbContext, kind: JobKind, path: string, work: () => Promise<T>): Promise<T> {
  let job: JobView | undefined;
  let [isCancelled, shown] = [false, ''];
  const canShow = process.stderr.isTTY && !json;
  const cancel = () => {
    isCancelled = true;
    if (job) void client.call('jobs.cancel', { id: job.id });
  };
  const stop = client.on('jobChanged', (changed) => {
    if (changed.id !== job?.id && (job !== undefined || isOver(changed) || changed.request.kind !== kind || changed.request.path !== path)) return;
    if (job === undefined && isCancelled) void client.call('jobs.cancel', { id: changed.id });
    job = changed;
    const line = changed.progress === null ? '' : `${kind}: ${Math.floor(changed.progress * 100)} %`;
    if (canShow && line !== shown) process.stderr.write(`\r${line}\x1b[K`);
    shown = line;
  });
  process.on('SIGINT', cancel);
  try {
    return await work();
  } finally {
    process.removeListener('SIGINT', cancel);
    stop();
    if (canShow && shown !== '') process.stderr.write('\r\x1b[K');
  }
}
