// The bell: how many jobs are at work, and behind it each with its progress, what came of it, and its log.

import { Bell, CircleAlert, CircleCheck, CircleSlash, Clock, LoaderCircle, type LucideIcon, X } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover, ProgressBar } from 'react-aria-components';
import { isOver, type JobState, type JobView } from '../../../shared/machine/jobs.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { said, t } from '../../i18n/strings.ts';
import { cancelJob, clearJobs, fileNameOf, useJobs } from '../../state/jobs.ts';

const ICONS: Record<JobState, LucideIcon> = {
  waiting: Clock,
  running: LoaderCircle,
  done: CircleCheck,
  failed: CircleAlert,
  cancelled: CircleSlash,
};

export function JobsButton() {
  const active = useJobs(({ jobs }) => jobs.filter((job) => !isOver(job)).length);
  return (
    <DialogTrigger>
      <AriaButton className="button icon-only jobs-button" data-kind="quiet" aria-label={t.media.jobsButton(active)}>
        <Bell aria-hidden />
        {active > 0 && <span className="jobs-count">{active}</span>}
      </AriaButton>
      <Popover className="jobs-box" placement="bottom start">
        <Jobs />
      </Popover>
    </DialogTrigger>
  );
}

function Jobs() {
  const jobs = useJobs((state) => state.jobs);
  const dialog = useRef<HTMLElement>(null);
  // A button that vanishes when it is pressed takes the focus with it, and no key would reach the dialog.
  useLayoutEffect(() => {
    if (dialog.current?.contains(document.activeElement) === false) dialog.current.focus();
  });
  return (
    <Dialog className="jobs-dialog" ref={dialog}>
      <header className="jobs-header">
        <Heading slot="title">{t.media.jobs}</Heading>
        {jobs.some(isOver) && (
          <Button kind="quiet" onPress={() => void clearJobs()}>
            {t.media.clearJobs}
          </Button>
        )}
      </header>
      {jobs.length === 0 ? (
        <p className="quiet">{t.media.noJobs}</p>
      ) : (
        <ul className="jobs">
          {[...jobs].reverse().map((job) => (
            <Job key={job.id} job={job} />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function Job({ job }: { readonly job: JobView }) {
  const { id, request, state, progress, failure, log } = job;
  const title = t.media.jobTitles[request.kind](fileNameOf(request.path));
  const Icon = ICONS[state];
  return (
    <li className="job" data-state={state}>
      <Icon aria-hidden className={state === 'running' ? 'turning' : undefined} />
      <div className="job-text">
        <p className="job-title" title={request.path}>
          <bdi>{title}</bdi>
        </p>
        <p className="quiet">
          {t.media.jobStates[state]}
          {state === 'running' && progress !== null && ` · ${Math.floor(progress * 100)} %`}
        </p>
        {state === 'running' && (
          <ProgressBar className="progress" aria-label={t.media.progressOf(title)} {...(progress === null ? { isIndeterminate: true } : { value: progress * 100 })}>
            {({ percentage }) => <span className="progress-fill" style={{ inlineSize: `${percentage ?? 30}%` }} data-unknown={percentage === undefined || undefined} />}
          </ProgressBar>
        )}
        {failure && <p className="job-failure">{said(failure)}</p>}
        {state === 'done' && <Result job={job} />}
        <details className="job-log">
          <summary>{t.media.log}</summary>
          <ol>
            {log.map(({ timeMs, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added
              <li key={index}>
                <time>{new Date(timeMs).toLocaleTimeString()}</time> {text}
              </li>
            ))}
          </ol>
        </details>
      </div>
      {isOver(job) ? (
        <IconButton icon={X} label={t.media.dismissJob(title)} onPress={() => void clearJobs(id)} />
      ) : (
        <Button label={t.media.cancelJob(title)} onPress={() => void cancelJob(id)}>
          {t.app.cancel}
        </Button>
      )}
    </li>
  );
}

function Result({ job: { result } }: { readonly job: JobView }) {
  const { corruptions, leaks, fixed, bytesBefore, bytesAfter } = result ?? {};
  const parts: string[] = [];
  if (corruptions !== undefined) parts.push(t.media.result.checked(corruptions, leaks ?? 0));
  if (fixed) parts.push(t.media.result.fixed(fixed));
  if (bytesAfter !== undefined)
    parts.push(
      bytesBefore === undefined
        ? t.media.result.made(formatBytes(bytesAfter))
        : t.media.result.size(formatBytes(bytesBefore), formatBytes(bytesAfter)),
    );
  return parts.length > 0 && <p>{parts.join(' ')}</p>;
}
