// The verbs that change CDs and floppies.

import { resolve } from 'node:path';
import { IMAGE_FORMATS } from '../../../shared/machine/config.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { UsageError } from '../usage-error.ts';
import type { MachineVerb, VerbContext } from './verb.ts';

const DRIVE = ['--drive <id>', 'which drive; needed where there are several'] as const;

export const insert: MachineVerb = {
  name: 'insert',
  help: 'put a CD or floppy image into a drive, running or not',
  words: ['<machine>', '<image>'],
  options: [DRIVE, ['--format <format>', 'format of the image; found out without']],
  calls: ['machines.insert'],
  service: false,
  async run({ client, machine, words, options, print }) {
    const found = await machine();
    const drive = driveOf(found, options['drive']);
    const format = IMAGE_FORMATS.find((name) => name === options['format']) ?? null;
    if (options['format'] !== undefined && format === null)
      throw new UsageError(`--format ${options['format']}: one of ${IMAGE_FORMATS.join(', ')}`);
    const path = resolve(words[1] ?? '');
    print(await client.call('machines.insert', { id: found.id, drive, path, format }), `${path} is in ${drive}`);
  },
};

export const eject: MachineVerb = {
  name: 'eject',
  help: 'take the medium out of a drive',
  words: ['<machine>'],
  options: [DRIVE],
  calls: ['machines.eject'],
  service: false,
  async run({ client, machine, options, print }) {
    const found = await machine();
    const drive = driveOf(found, options['drive']);
    print(await client.call('machines.eject', { id: found.id, drive }), `${drive} is empty`);
  },
};

function driveOf({ id, config }: ReadyMachine, wanted: VerbContext['options'][string]): string {
  const drives = config.drives.filter(({ kind }) => kind !== 'disk').map((drive) => drive.id);
  const [only, other] = drives;
  if (typeof wanted === 'string') return wanted;
  if (only === undefined) throw new FailureError('machine.unsupported', `The machine ${id} has no CD or floppy drive.`);
  if (other !== undefined) throw new UsageError(`--drive is needed: ${drives.join(', ')}`);
  return only;
}
