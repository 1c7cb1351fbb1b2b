// English: the media library and the jobs on disk images.

import type { JobKind, JobRequest, JobState } from '../../shared/machine/jobs.ts';
import type { MediumView } from '../../shared/machine/media.ts';

const jobTitles: Record<JobKind, (file: string) => string> = {
  create: (file) => `Create ${file}`,
  convert: (file) => `Convert ${file}`,
  resize: (file) => `Resize ${file}`,
  compact: (file) => `Compact ${file}`,
  check: (file) => `Check ${file}`,
  export: (file) => `Export to ${file}`,
  import: (file) => `Import ${file}`,
  clone: (name) => `Clone as ${name}`,
  take: (name) => `Take snapshot ${name}`,
  restore: (name) => `Restore snapshot ${name}`,
  delete: (name) => `Delete snapshot ${name}`,
  independent: (name) => `Make ${name} independent`,
  keep: (name) => `Keep the changes of ${name}`,
  verify: (name) => `Verify ${name}`,
};

const jobStates: Record<JobState, string> = {
  waiting: 'Waiting',
  running: 'Running',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

const states: Record<MediumView['state'], string> = { ok: 'Ready', missing: 'Missing', unreadable: 'Unreadable' };

export const enMedia = {
  title: 'Media library',
  hint: 'The disks, CDs and floppies that machines use, and the images behind them.',
  empty: 'No machine uses an image yet',
  emptyText: 'Images appear here as soon as a machine has one in a drive.',
  loading: 'Looking at the images…',
  refresh: 'Look again',
  createDisk: 'Create a disk image',
  search: 'Search media',
  nothingFound: (text: string) => `Nothing has “${text}” in its path or its machines.`,
  states,
  columns: { image: 'Image', format: 'Format', size: 'Size', taken: 'Takes', users: 'Used by', tools: 'Tools' },
  behind: 'Only behind other images',
  parent: (path: string) => `Stands on ${path}`,
  snapshots: (count: number) => (count === 1 ? '1 snapshot inside' : `${count} snapshots inside`),
  inUse: 'A running machine has it open.',
  locate: 'Locate…',
  located: (count: number) => (count === 1 ? '1 machine now uses the file you chose.' : `${count} machines now use the file you chose.`),
  toolsFor: (file: string) => `Tools for ${file}`,
  tools: { convert: 'Convert…', resize: 'Resize…', compact: 'Compact…', check: 'Check…' },
  jobTitles,
  jobStates,
  jobDone: (title: string) => `${title}: done.`,
  jobFailed: (title: string, why: string) => `${title}: ${why}`,
  jobs: 'Jobs',
  jobsButton: (active: number) => (active === 0 ? 'Jobs' : active === 1 ? 'Jobs, 1 running' : `Jobs, ${active} running`),
  noJobs: 'No jobs. Long work on disk images, snapshots, exports and imports is shown here.',
  clearJobs: 'Clear finished',
  cancelJob: (title: string) => `Cancel: ${title}`,
  dismissJob: (title: string) => `Dismiss: ${title}`,
  progressOf: (title: string) => `Progress of ${title}`,
  log: 'Log',
  result: {
    checked: (corruptions: number, leaks: number) =>
      corruptions + leaks === 0 ? 'No faults were found.' : `Faults: ${corruptions} corruptions, ${leaks} leaks.`,
    fixed: (count: number) => `${count} were repaired.`,
    size: (before: string, after: string) => `${before} before, ${after} now.`,
    made: (size: string) => `The file takes ${size}.`,
  },
  form: {
    target: 'New file',
    path: 'File',
    size: 'Size in GiB',
    sizeNow: (size: string) => `It has ${size} now.`,
    format: 'Format',
    compressed: 'Compress (smaller, slower to read)',
    shrink: 'Make it smaller; what lies behind the new end is lost',
    repair: 'Repair',
    repairs: { none: 'Only look', leaks: 'Give lost space back', all: 'Repair all that can be' },
    compactText: 'The image is written anew without what is empty. This needs as much free space as its data takes, and the machine must be off.',
    resizeText: 'Partitions and file systems inside do not grow by themselves; the guest’s own tools do that.',
    checkText: 'The structure of the image is examined, not the files in it.',
    start: { create: 'Create', convert: 'Convert', resize: 'Resize', compact: 'Compact', check: 'Check' } satisfies Record<JobRequest['kind'], string>,
    absolute: 'Give the whole path, from the root.',
    badSize: 'Give a size above 0.',
  },
};
