// `media` and `jobs`: the disks that machines use, and long work on images in the service. The same work without a service
// is `boxwright img`.

import { isOver, jobRequest, type JobView } from '../../../shared/machine/jobs.ts';
import type { MediumView } from '../../../shared/machine/media.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { parseJson } from '../../../shared/units/parse-json.ts';
import { UsageError } from '../usage-error.ts';
import { absolute } from './paths.ts';
import { EXIT, type MachineVerb, type VerbContext } from './verb.ts';

export const media: MachineVerb = {
  name: 'media',
  help: 'the disks, CDs and floppies of all machines: list, locate (says where a missing one is now)',
  words: ['<list|locate>', '[missing]', '[file]'],
  calls: ['media.list', 'media.locate'],
  service: true,
  async run(context) {
    const [what, missing, file] = context.words;
    if (what === 'list') return list(context);
    if (what !== 'locate') throw new UsageError(`media ${what}: there is list and locate`);
    const [path, replacement] = [absolute(missing), absolute(file)];
    if (path === undefined || replacement === undefined) throw new UsageError('media locate: name the missing file and where it is now');
    const changed = await context.client.call('media.locate', { path, replacement });
    context.print(changed, changed.length === 0 ? `no machine uses ${path}` : changed.map(({ id }) => `${id} was changed`));
    return changed.length === 0 ? EXIT.failed : EXIT.ok;
  },
};

async function list({ client, print }: VerbContext): Promise<number> {
  const found = await client.call('media.list');
  print(found, found.map(lineOf));
  return EXIT.ok;
}

function lineOf({ path, kind, state, format, virtualBytes, diskBytes, users }: MediumView): string {
  const size = virtualBytes === null ? state : `${format}, ${formatBytes(virtualBytes)}, takes ${formatBytes(diskBytes ?? 0)}`;
  const used = users.length === 0 ? 'behind others' : users.map(({ machineId, drive }) => `${machineId}:${drive}`).join(' ');
  return `${kind.padEnd(6)}  ${path}  (${size})  ${used}`;
}

export const jobs: MachineVerb = {
  name: 'jobs',
  help: 'work on disk images in the service: list, start (as JSON), cancel, clear',
  words: ['<list|start|cancel|clear>', '[job]'],
  calls: ['jobs.list', 'jobs.start', 'jobs.cancel', 'jobs.clear'],
  service: true,
  async run({ client, words, print }) {
    const [what, given] = words;
    if (what === 'list') {
      const all = await client.call('jobs.list');
      return print(all, all.map(jobLine));
    }
    if (what === 'clear') return client.call('jobs.clear', { id: given });
    if (given === undefined) throw new UsageError(`jobs ${what}: name the job`);
    if (what === 'cancel') return client.call('jobs.cancel', { id: given });
    if (what !== 'start') throw new UsageError(`jobs ${what}: there is list, start, cancel and clear`);
    const started = await client.call('jobs.start', parsed(given));
    print(started, started.id);
  },
};

function jobLine(job: JobView): string {
  const share = job.progress === null || isOver(job) ? '' : `  ${Math.round(job.progress * 100)} %`;
  return `${job.id}  ${job.state.padEnd(9)}  ${job.request.kind} ${job.request.path}${share}`;
}

function parsed(text: string) {
  const value = jobRequest.safeParse(parseJson(text));
  if (value.success) return value.data;
  throw new UsageError('jobs start: expected JSON as in {"kind":"check","path":"/disk.qcow2"}');
}
