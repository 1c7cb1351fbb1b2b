// `clone`: a machine made from another one, or from a snapshot of it.

import { findByWord } from './find-snapshot.ts';
import type { MachineVerb } from './verb.ts';
import { whileShowing } from './watch-job.ts';

export const independent: MachineVerb = {
  name: 'independent',
  help: 'give a linked clone disks of its own; the original is then no longer needed',
  words: ['<machine>'],
  calls: ['machines.makeIndependent'],
  service: true,
  async run(context) {
    const { id, config } = await context.machine();
    const after = await whileShowing(context, 'independent', config.name, () => context.client.call('machines.makeIndependent', { id }));
    context.print(after, `${id} has disks of its own`);
  },
};

export const template: MachineVerb = {
  name: 'template',
  help: 'make a machine a template: it is cloned, and not started itself',
  words: ['<machine>'],
  options: [['--off', 'make it a machine again']],
  calls: ['machines.setTemplate'],
  service: false,
  async run({ client, machine, options, print }) {
    const { id } = await machine();
    const wanted = options['off'] !== true;
    print(await client.call('machines.setTemplate', { id, template: wanted }), wanted ? `${id} is a template; \`boxwright clone ${id} NAME\` makes machines of it` : `${id} is no template any more`);
  },
};

export const clone: MachineVerb = {
  name: 'clone',
  help: 'make a machine that is a copy of another, with an identity of its own',
  words: ['<machine>', '<name>'],
  options: [
    ['--snapshot <snapshot>', 'as it was then'],
    ['--linked', 'share the disks of the original and keep only what changes; the original must stay'],
    ['--keep-identity', 'keep the UUID that the guest sees'],
  ],
  calls: ['machines.clone', 'snapshots.list'],
  // Disks are changed by processes of the service.
  service: true,
  async run({ client, machine, words, options, print }) {
    const { id } = await machine();
    const wanted = options['snapshot'];
    const snapshot = typeof wanted === 'string' ? findByWord(await client.call('snapshots.list', { id }), wanted).id : null;
    const [linked, keepIdentity] = [options['linked'] === true, options['keepIdentity'] === true];
    const made = await client.call('machines.clone', { id, snapshot, name: words[1] ?? '', linked, keepIdentity });
    print(made, `${made.id} was made`);
  },
};
