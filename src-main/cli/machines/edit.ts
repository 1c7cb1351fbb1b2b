// The verbs that make, change and delete machines, and the schema of what they change.

import { resolve } from 'node:path';
import { z } from 'zod';
import {
  DISK_ENDINGS, type DiskToMake, type DriveConfig, defaultSettings, type MachineSettings, machineConfig, machineSettings, NEW_DISK_FORMATS, type NewDiskFormat,
  settingsOf,
} from '../../../shared/machine/config.ts';
import { GUEST_PROFILES, type GuestProfile, guestProfile, suitedTo } from '../../../shared/machine/guest-profiles.ts';
import { withPending } from '../../../shared/machine/pending-settings.ts';
import { MIB, parseMemoryMiB } from '../../../shared/units/bytes.ts';
import { parseJson } from '../../../shared/units/parse-json.ts';
import { complain } from '../plain-text.ts';
import { UsageError } from '../usage-error.ts';
import { absolute } from './paths.ts';
import type { MachineVerb, VerbContext } from './verb.ts';

export const create: MachineVerb = {
  name: 'create',
  help: 'make a machine',
  words: ['<name>', '[key=value...]'],
  options: [
    ['-m, --memory <size>', '256, 512M, 1G'],
    ['--cpu <model>', 'processor model'],
    ['--engine <engine>', 'jit or interpreter'],
    ['--kernel <file>', 'Linux or Multiboot kernel to start'],
    ['--initrd <file>', 'initial RAM disk'],
    ['--append <text>', 'command line of the kernel'],
    ['--disk <image...>', 'disk images that are there'],
    ['--allow-references', 'let the disk images name others outside their own folders'],
    ['--new-disk <size>', 'make a disk for it: 8G'],
    ['--new-disk-format <format>', `${NEW_DISK_FORMATS.join(', ')}; without: qcow2`],
    ['--overlay <image>', 'make a disk for it that lies on an image, which stays as it is'],
    ['--os <id>', `guest system: ${GUEST_PROFILES.map(({ id }) => id).join(', ')}`],
    ['--cdrom <image>', 'CD image; the machine has a CD drive in any case'],
    ['--floppy <image>', 'floppy image'],
    ['--folder <folder>', 'the folder it is put into; without, that of the preferences'],
  ],
  calls: ['machines.create', 'machines.validate', 'files.probe'],
  service: false,
  async run(context) {
    const [name = '', ...pairs] = context.words;
    const profile = await guestSystem(context);
    const start = profile === undefined ? defaultSettings(name) : suitedTo(defaultSettings(name), profile);
    const settings = changed(withOptions(start, context.options), pairs);
    await warn(context, settings);
    const newDisks = newDiskOf(settings, context.options);
    const folder = context.options['folder'];
    const home = typeof folder === 'string' ? { folder: resolve(folder) } : {};
    const machine = await context.client.call('machines.create', { settings, newDisks, ...home });
    context.print(machine, `${machine.id} was made`);
  },
};

export const demo: MachineVerb = {
  name: 'demo',
  help: 'make the built-in demo machine, which needs no disk; `start` runs it',
  words: ['[name]'],
  calls: ['machines.createDemo'],
  service: false,
  async run({ client, words, print }) {
    const machine = await client.call('machines.createDemo', words[0] === undefined ? {} : { name: words[0] });
    print(machine, `${machine.id} was made`);
  },
};

export const set: MachineVerb = {
  name: 'set',
  help: 'change settings: boot.commandLine="quiet", memoryMiB=512; of a running machine most wait until it is off',
  words: ['<machine>', '<key=value...>'],
  calls: ['machines.update', 'machines.validate'],
  service: false,
  async run(context) {
    const machine = await context.machine();
    const settings = changed(withPending(settingsOf(machine.config), machine.pending), context.words.slice(1));
    await warn(context, settings, machine.id);
    const after = await context.client.call('machines.update', { id: machine.id, settings, newDisks: [] });
    const waiting = after.kind === 'machine' && after.pending !== null ? Object.keys(after.pending).join(', ') : '';
    context.print(after, `${after.id} was changed${waiting === '' ? '' : `; takes effect when it is off: ${waiting}`}`);
  },
};

export const label: MachineVerb = {
  name: 'label',
  help: 'the name, the system, the group and the tags of a machine, running or not',
  words: ['<machine>'],
  options: [
    ['--name <name>', 'another name'],
    ['--os <id>', 'its guest system, for its icon and what is suggested'],
    ['--group <name>', 'the group it stands in; "" for none'],
    ['--tags <words>', 'all its tags, with commas between them; "" for none'],
  ],
  calls: ['machines.label'],
  service: false,
  async run({ client, machine, options, print }) {
    const { id } = await machine();
    const text = (option: string) => (typeof options[option] === 'string' ? options[option] : undefined);
    const [name, guest, group, words] = [text('name'), text('os'), text('group'), text('tags')];
    if ([name, guest, group, words].every((value) => value === undefined)) throw new UsageError('label: give --name, --os, --group or --tags');
    if (guest !== undefined && guestProfile(guest) === undefined) throw new UsageError(`--os ${guest}: not known; \`boxwright create --help\` lists them`);
    const tags = words !== undefined ? words.split(',').map((word) => word.trim()).filter(Boolean) : undefined;
    const after = await client.call('machines.label', { id, name, guest, group, tags });
    print(after, `${id} was changed`);
  },
};

export const remove: MachineVerb = {
  name: 'delete',
  help: 'put a machine and its folder into the trash, for a week',
  words: ['<machine>'],
  options: [['-y, --yes', 'really']],
  calls: ['machines.delete'],
  service: false,
  async run({ client, entry, options, print }) {
    const { id } = await entry();
    if (!options['yes']) throw new UsageError(`delete ${id}: add --yes to delete this machine and its folder`);
    const { trashed } = await client.call('machines.delete', { id });
    print({ id, trashed }, `${id} was deleted; for a week \`boxwright undelete ${trashed}\` brings it back`);
  },
};

export const undelete: MachineVerb = {
  name: 'undelete',
  help: 'bring a deleted machine back, by the name that delete gave',
  words: ['<deleted>'],
  calls: ['machines.restore'],
  service: false,
  async run({ client, words, print }) {
    const machine = await client.call('machines.restore', { trashed: words[0] ?? '' });
    print(machine, `${machine.id} is back`);
  },
};

export const repair: MachineVerb = {
  name: 'repair',
  help: 'put back the last good version of the settings of a damaged machine',
  words: ['<machine>'],
  calls: ['machines.repair'],
  service: false,
  async run({ client, entry, print }) {
    const { id } = await entry();
    print(await client.call('machines.repair', { id }), `${id} has its last good settings again; the damaged file is kept beside them`);
  },
};

export const getSchema: MachineVerb = {
  name: 'get-schema',
  help: 'the JSON schema of machine.json',
  words: [],
  calls: [],
  service: false,
  async run({ print }) {
    const schema = z.toJSONSchema(machineConfig, { io: 'input' });
    print(schema, JSON.stringify(schema, null, 2));
  },
};

/** What --os says, or else what the CD seems to hold. */
async function guestSystem({ client, options }: VerbContext): Promise<GuestProfile | undefined> {
  const [os, cdrom] = [options['os'], options['cdrom']];
  if (typeof os === 'string') {
    const known = guestProfile(os);
    if (known === undefined) throw new UsageError(`--os ${os}: not known; --help lists them`);
    return known;
  }
  if (typeof cdrom !== 'string') return undefined;
  // What is wrong with the file is said when the machine starts: it may come later.
  const report = await client.call('files.probe', { path: resolve(cdrom), purpose: 'cdrom' }).catch(() => undefined);
  const guest = report?.guest;
  const seen = guestProfile(guest?.profile);
  if (seen !== undefined) complain(`the CD “${guest?.text}” seems to hold ${seen.name}; --os overrides that`);
  return seen;
}

function withOptions(settings: MachineSettings, options: VerbContext['options']): MachineSettings {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  const memory = text('memory');
  const memoryMiB = memory === undefined ? settings.memoryMiB : parseMemoryMiB(memory);
  if (memoryMiB === undefined) throw new UsageError(`--memory ${memory}: not a size in whole MiB`);
  const [newDisk, overlay] = [text('newDisk'), text('overlay')];
  if (newDisk !== undefined && overlay !== undefined) throw new UsageError('create: give --new-disk or --overlay, not both');
  const format = newDiskFormat(options);
  return parsed({
    ...settings,
    memoryMiB,
    cpu: { ...settings.cpu, model: text('cpu') ?? settings.cpu.model, engine: text('engine') ?? settings.cpu.engine },
    boot: {
      ...settings.boot,
      kernel: absolute(text('kernel')) ?? settings.boot.kernel,
      initrd: absolute(text('initrd')) ?? settings.boot.initrd,
      commandLine: text('append') ?? settings.boot.commandLine,
    },
    drives: [
      ...disks(options['disk'], options['allowReferences'] === true),
      ...(newDisk === undefined && overlay === undefined ? [] : [newDrive(format)]),
      cdrom(text('cdrom')),
      ...floppy(text('floppy')),
    ],
  });
}

/** The last place of the two channels, after the disks that are there and the CD drive. */
const newDrive = (format: NewDiskFormat): DriveConfig => ({
  id: NEW_DISK, kind: 'disk', bus: 'ide', slot: 3, path: `disk.${DISK_ENDINGS[format]}`, format, readOnly: false,
});
const NEW_DISK = 'disk';

/** Of the disk that is made; an overlay has the one that layers have. */
function newDiskFormat({ newDisk, newDiskFormat: wanted }: VerbContext['options']): NewDiskFormat {
  if (wanted === undefined) return 'qcow2';
  if (newDisk === undefined) throw new UsageError('create: --new-disk-format goes with --new-disk');
  const known = NEW_DISK_FORMATS.find((format) => format === wanted);
  if (known === undefined) throw new UsageError(`--new-disk-format ${wanted}: expected ${NEW_DISK_FORMATS.join(', ')}`);
  return known;
}

function newDiskOf(settings: MachineSettings, options: VerbContext['options']): DiskToMake[] {
  const { newDisk: size, overlay } = options;
  if (typeof overlay === 'string') return [{ drive: NEW_DISK, backing: resolve(overlay) }];
  if (typeof size !== 'string') return [];
  const mib = parseMemoryMiB(size);
  if (mib === undefined) throw new UsageError(`--new-disk ${size}: not a size, as 8G is`);
  const format = newDiskFormat(options);
  return settings.drives.filter(({ id }) => id === NEW_DISK).map(({ id }) => ({ drive: id, format, bytes: mib * MIB }));
}

function disks(images: VerbContext['options'][string], allowReferences: boolean): DriveConfig[] {
  // The first place of the secondary channel is the CD drive's.
  return (Array.isArray(images) ? images : []).map((image: string, index) => ({
    id: `disk${index}`,
    kind: 'disk',
    bus: 'ide',
    slot: index < 2 ? index : index + 1,
    path: resolve(image),
    format: null,
    readOnly: false,
    ...(allowReferences ? { allowReferences } : {}),
  }));
}

function cdrom(image: string | undefined): DriveConfig {
  return { id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path: absolute(image) ?? null, format: null, readOnly: true };
}

function floppy(image: string | undefined): DriveConfig[] {
  if (image === undefined) return [];
  return [{ id: 'floppy0', kind: 'floppy', bus: 'floppy', slot: 0, path: resolve(image), format: null, readOnly: false }];
}

/** Each pair names a setting that exists; its value is JSON or else text. */
function changed(settings: MachineSettings, pairs: readonly string[]): MachineSettings {
  const copy: unknown = structuredClone(settings);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError(`${pair}: expected KEY=VALUE, as in memoryMiB=512`);
    assign(copy, pair.slice(0, equals), pair.slice(equals + 1));
  }
  return parsed(copy);
}

function assign(root: unknown, path: string, text: string): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let place: unknown = root;
  for (const key of keys) place = isObject(place) && Object.hasOwn(place, key) ? place[key] : undefined;
  if (!isObject(place) || !Object.hasOwn(place, last))
    throw new UsageError(`${path}: there is no such setting; \`boxwright get-schema\` lists them`);
  place[last] = parseJson(text) ?? text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parsed(settings: unknown): MachineSettings {
  const result = machineSettings.safeParse(settings);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UsageError(`${issue?.path.join('.')}: ${issue?.message}`);
}

async function warn({ client }: VerbContext, settings: MachineSettings, id?: string): Promise<void> {
  const issues = await client.call('machines.validate', { settings, id });
  for (const { severity, message } of issues)
    if (severity === 'warning') complain(`warning: ${message}`);
}
