// `clone`: a machine made from another one, or from a snapshot of it.

import { findByWord } from './find-snapshot.ts';
import type { MachineVerb } from './verb.ts';

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
