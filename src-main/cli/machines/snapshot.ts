// `snapshot take|list|show|restore|delete|edit|diff`: the snapshots of a machine.

import { formatInterval, parseInterval, type SnapshotSchedule, snapshotSchedule } from '../../../shared/snapshot/snapshot-schedule.ts';
import { nextName } from '../../../shared/snapshot/snapshot-tree.ts';
import type { SnapshotTreeView, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { UsageError } from '../usage-error.ts';
import { findByWord } from './find-snapshot.ts';
import type { MachineVerb, VerbContext } from './verb.ts';

interface Action {
  readonly words: string;
  readonly help: string;
  run(context: VerbContext, id: string, rest: readonly string[]): Promise<void>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  take: { words: '<machine> [name]', help: 'keep the machine as it is now', run: take },
  list: { words: '<machine>', help: 'the snapshots; with --tree, who comes from whom', run: list },
  show: { words: '<machine> <snapshot>', help: 'one of them in full', run: show },
  restore: { words: '<machine> <snapshot>', help: 'make the machine what it was then; what it is now is kept', run: restore },
  delete: { words: '<machine> <snapshot>', help: 'forget it; what others need of it is merged into them', run: remove },
  edit: { words: '<machine> <snapshot>', help: 'change --name, --description, --tags', run: edit },
  keep: { words: '<machine> <days>', help: 'how long what a restore left behind is kept: days, or “always”', run: keep },
  schedule: { words: '<machine>', help: 'take one --every 30m, 2h or 1d while the machine runs, and --keep so many; --off ends it', run: schedule },
  diff: { words: '<machine> <snapshot> [snapshot]', help: 'what differs from another one, or from now', run: diff },
};

export const snapshot: MachineVerb = {
  name: 'snapshot',
  help: `snapshots of a machine: ${Object.keys(ACTIONS).join(', ')}`,
  words: [`<${Object.keys(ACTIONS).join('|')}>`, '<machine>', '[words...]'],
  options: [
    ['--tree', 'list: show the tree'],
    ['--name <name>', 'take, edit: its name'],
    ['--description <text>', 'take, edit: what it is'],
    ['--tags <tags>', 'take, edit: words separated by commas'],
    ['--every <interval>', 'schedule: minutes, hours or days: 30m, 2h, 1d'],
    ['--keep <count>', 'schedule: how many of them are kept (10)'],
    ['--off', 'schedule: none any more; those that were taken stay'],
    ['--disks-only', 'restore: leave the settings as they are'],
    ['--discard', 'restore: do not keep what the machine is now'],
    ['--start', 'restore: start the machine afterwards'],
    ['--dry-run', 'delete: only say what it would free and cost'],
    ['-y, --yes', 'delete: really'],
  ],
  calls: [
    'snapshots.take', 'snapshots.list', 'snapshots.restore', 'snapshots.delete', 'snapshots.deletePlan', 'snapshots.edit',
    'snapshots.diff', 'snapshots.setRetention', 'snapshots.setSchedule', 'machines.start',
  ],
  // Disks are changed by processes of the service.
  service: true,
  details: Object.entries(ACTIONS).map(([name, { words, help }]) => `  snapshot ${`${name} ${words}`.padEnd(42)} ${help}`),
  async run(context) {
    const [name = '', machine = '', ...rest] = context.words;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) throw new UsageError(`snapshot ${name}: expected ${Object.keys(ACTIONS).join(', ')}`);
    const limit = action.words.split(' ').length - 1;
    if (rest.length > limit) throw new UsageError(`snapshot ${name}: expected ${action.words}`);
    await action.run(context, (await context.machine(machine)).id, rest);
  },
};

async function take({ client, options, print }: VerbContext, id: string, [word]: readonly string[]): Promise<void> {
  const before = await client.call('snapshots.list', { id });
  const name = word ?? text(options, 'name') ?? nextName(before);
  const description = text(options, 'description') ?? '';
  const after = await client.call('snapshots.take', { id, name, description, tags: tagsOf(options) ?? [] });
  const taken = after.snapshots.find((one) => one.id === after.current.parent);
  print(taken ?? null, `“${name}” was taken`);
}

async function list({ client, options, print }: VerbContext, id: string): Promise<void> {
  const tree = await client.call('snapshots.list', { id });
  const lines = options['tree'] ? treeLines(tree) : tree.snapshots.map((one) => rowOf(one, one.id === tree.current.parent));
  print(tree, [...lines, ...(tree.warning === null ? [] : [tree.warning])]);
}

async function show({ client, print }: VerbContext, id: string, [word = '']: readonly string[]): Promise<void> {
  const tree = await client.call('snapshots.list', { id });
  const one = findByWord(tree, word);
  const parent = tree.snapshots.find(({ id: other }) => other === one.parent);
  const rows: [string, string | null][] = [
    ['name', one.name],
    ['id', one.id],
    ['taken', new Date(one.timeMs).toISOString()],
    ['kind', one.kind],
    ['parent', parent?.name ?? null],
    ['size', formatBytes(one.bytes)],
    ['state', one.state === null ? 'off' : 'running'],
    ['memory', `${one.config.memoryMiB} MiB`],
    ['disks', one.disks.map(({ drive }) => drive).join(', ') || 'none'],
    ['tags', one.tags.length === 0 ? null : one.tags.join(', ')],
    ['description', one.description === '' ? null : one.description],
    ['problem', one.problem],
  ];
  print(one, rows.flatMap(([label, value]) => (value === null ? [] : [`${label.padEnd(12)} ${value}`])));
}

async function restore({ client, options, print }: VerbContext, id: string, [word = '']: readonly string[]): Promise<void> {
  const one = findByWord(await client.call('snapshots.list', { id }), word);
  const [disksOnly, start] = [options['disksOnly'] === true, options['start'] === true];
  const after = await client.call('snapshots.restore', { id, snapshot: one.id, disksOnly, keepPresent: options['discard'] !== true, beforeStart: start });
  if (start) await client.call('machines.start', { id });
  const left = after.snapshots.find(({ kind, timeMs }) => kind === 'before-restore' && timeMs >= one.timeMs && !isOld(after, timeMs));
  print(after, [`${id} is what it was at “${one.name}”`, ...(left === undefined ? [] : [`what it was before is kept as “${left.name}”`])]);
}

/** Only the newest may come from this restore. */
function isOld({ snapshots }: SnapshotTreeView, timeMs: number): boolean {
  return snapshots.some((other) => other.timeMs > timeMs);
}

async function remove({ client, options, print }: VerbContext, id: string, [word = '']: readonly string[]): Promise<void> {
  const one = findByWord(await client.call('snapshots.list', { id }), word);
  const plan = await client.call('snapshots.deletePlan', { id, snapshot: one.id });
  const { freesBytes, needsBytes, availableBytes } = plan;
  const cost = `frees up to ${formatBytes(freesBytes)}, needs up to ${formatBytes(needsBytes)} meanwhile, ${formatBytes(availableBytes)} are free`;
  if (options['dryRun']) return print(plan, cost);
  if (!options['yes']) throw new UsageError(`snapshot delete “${one.name}”: ${cost}; add --yes to delete it`);
  const after = await client.call('snapshots.delete', { id, snapshot: one.id });
  print(after, [`“${one.name}” was deleted`, ...(after.warning === null ? [] : [after.warning])]);
}

async function edit({ client, options, print }: VerbContext, id: string, [word = '']: readonly string[]): Promise<void> {
  const one = findByWord(await client.call('snapshots.list', { id }), word);
  const fields = { name: text(options, 'name'), description: text(options, 'description'), tags: tagsOf(options) };
  if (Object.values(fields).every((value) => value === undefined))
    throw new UsageError('snapshot edit: give --name, --description or --tags');
  const after = await client.call('snapshots.edit', { id, snapshot: one.id, ...fields });
  print(findByWord(after, one.id), `“${fields.name ?? one.name}” was changed`);
}

async function keep({ client, print }: VerbContext, id: string, [word = '']: readonly string[]): Promise<void> {
  const days = word === 'always' ? null : Number(word);
  if (days !== null && (word === '' || !Number.isInteger(days) || days < 0)) throw new UsageError(`snapshot keep ${word}: expected a number of days, or always`);
  const after = await client.call('snapshots.setRetention', { id, days });
  print(after, `what a restore leaves behind is kept ${days === null ? 'always' : `for ${days} days`}`);
}

/** Without an option it says what is set. */
async function schedule({ client, options, print }: VerbContext, id: string): Promise<void> {
  const wanted = scheduleOf(options);
  const tree = wanted === undefined ? await client.call('snapshots.list', { id }) : await client.call('snapshots.setSchedule', { id, schedule: wanted });
  const now = tree.schedule;
  print(now, now === null ? 'no snapshots are taken by the clock' : `one every ${formatInterval(now.everyMinutes)} while ${id} runs; ${now.keep} are kept`);
}

/** undefined: nothing was asked for. */
function scheduleOf(options: VerbContext['options']): SnapshotSchedule | null | undefined {
  const [every, keep] = [text(options, 'every'), text(options, 'keep')];
  if (options['off'] === true) return null;
  if (every === undefined && keep === undefined) return undefined;
  const everyMinutes = every === undefined ? undefined : parseInterval(every);
  if (everyMinutes === undefined) throw new UsageError(`snapshot schedule --every ${every ?? ''}: expected 1m to 30d, as in 30m, 2h or 1d`);
  const parsed = snapshotSchedule.safeParse({ everyMinutes, keep: Number(keep ?? 10) });
  if (!parsed.success) throw new UsageError(`snapshot schedule --keep ${keep}: expected a number from 1 to 500`);
  return parsed.data;
}

async function diff({ client, print }: VerbContext, id: string, [from = '', to]: readonly string[]): Promise<void> {
  const tree = await client.call('snapshots.list', { id });
  const found = await client.call('snapshots.diff', { id, from: findByWord(tree, from).id, to: to === undefined ? null : findByWord(tree, to).id });
  print(found, [
    ...found.settings.map(({ field, before, after }) => `${field}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`),
    ...found.disks.map(({ drive, bytes }) => `${drive}: up to ${formatBytes(bytes)} differ`),
  ]);
}

function treeLines(tree: SnapshotTreeView): string[] {
  const { parent: here, changed } = tree.current;
  const lines: string[] = [];
  const walk = (parent: string | null, indent: string) => {
    const children = tree.snapshots.filter((one) => one.parent === parent);
    const rows = children.map((one) => ({ text: rowOf(one, false), id: one.id as string | null }));
    if (parent === here) rows.push({ text: changed ? '● you are here (changed)' : '● you are here', id: null });
    rows.forEach(({ text, id }, index) => {
      const last = index === rows.length - 1;
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${text}`);
      if (id !== null) walk(id, `${indent}${last ? '   ' : '│  '}`);
    });
  };
  walk(null, '');
  return lines;
}

function rowOf({ name, timeMs, bytes, state, problem, kind }: SnapshotView, here: boolean): string {
  const facts = [...(kind === 'scheduled' ? ['by the clock'] : []), new Date(timeMs).toISOString().slice(0, 19), formatBytes(bytes), ...(state === null ? [] : ['with memory'])];
  return `${name}  (${facts.join(', ')})${here ? '  ● you are here' : ''}${problem === null ? '' : '  ! damaged'}`;
}

function text(options: VerbContext['options'], name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

function tagsOf(options: VerbContext['options']): string[] | undefined {
  return text(options, 'tags')
    ?.split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
