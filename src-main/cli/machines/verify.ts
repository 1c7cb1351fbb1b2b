// `verify`: reads every checksum of a machine's states and disks, and says what is wrong with which file.

import type { VerifiedFile } from '../../../shared/snapshot/snapshot-view.ts';
import { EXIT, type MachineVerb } from './verb.ts';

export const verify: MachineVerb = {
  name: 'verify',
  help: 'read every checksum of a machine: its disks, and the memory that its snapshots keep',
  words: ['<machine>'],
  calls: ['snapshots.verify'],
  // Files are read by processes of the service.
  service: true,
  async run({ client, machine, print }) {
    const { id } = await machine();
    const report = await client.call('snapshots.verify', { id });
    const damaged = report.files.filter(({ outcome }) => outcome === 'damaged');
    const last = damaged.length === 0 ? `${id}: nothing is damaged` : `${id}: ${damaged.length} of ${report.files.length} files are damaged`;
    print(report, [...report.files.map(lineOf), last]);
    return damaged.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

function lineOf({ outcome, kind, path, users, message }: VerifiedFile): string {
  const needed = users.length === 0 ? '' : `  (${users.map((name) => `“${name}”`).join(', ')})`;
  return `${outcome.padEnd(9)}  ${kind.padEnd(5)}  ${path}${needed}${message === null ? '' : `\n           ${message}`}`;
}
