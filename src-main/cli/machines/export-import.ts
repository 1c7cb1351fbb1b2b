// `export` and `import`: a machine as a file that travels, with its snapshots or for other programs.

import type { ApplianceNote, ApplianceSummary } from '../../../shared/appliance/appliance-view.ts';
import { applianceKindOf } from '../../../shared/appliance/appliance-view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { UsageError } from '../usage-error.ts';
import { findByWord } from './find-snapshot.ts';
import { absolute } from './paths.ts';
import type { MachineVerb } from './verb.ts';
import { whileShowing } from './watch-job.ts';

export const exportVerb: MachineVerb = {
  name: 'export',
  help: 'make one file of a machine: FILE.boxwright with its snapshots, FILE.ova or FILE.ovf for other programs',
  words: ['<machine>', '<file>'],
  options: [
    ['--snapshot <snapshot>', 'OVF: as it was then; a bundle has all snapshots'],
    ['--with-media', 'bundle: the CDs and floppies in its drives too'],
  ],
  details: [
    'A bundle is a tar archive: machine.json, the files it names, and checksums.sha256 for sha256sum -c.',
    'OVF 1.0 has streamOptimized VMDK disks and a manifest of SHA-256 checksums.',
  ],
  calls: ['machines.export', 'snapshots.list', 'jobs.cancel'],
  // Disks are read by processes of the service.
  service: true,
  async run(context) {
    const { client, machine, words, options, print } = context;
    const { id } = await machine();
    const path = absolute(words[1]) ?? '';
    const kind = applianceKindOf(path);
    if (kind === undefined) throw new UsageError(`export ${words[1]}: the file’s name decides what it becomes; end it with .boxwright, .ova or .ovf`);
    const wanted = options['snapshot'];
    if (typeof wanted === 'string' && kind === 'bundle') throw new UsageError('export --snapshot: a bundle has all snapshots');
    const snapshot = typeof wanted === 'string' ? findByWord(await client.call('snapshots.list', { id }), wanted).id : null;
    const made = await whileShowing(context, 'export', path, () =>
      client.call('machines.export', { id, path, kind, snapshot, withMedia: options['withMedia'] === true }),
    );
    print(made, [`${made.path} was made (${formatBytes(made.bytes)})`, ...noteLines(made.notes)]);
  },
};

export const importVerb: MachineVerb = {
  name: 'import',
  help: 'make a machine of a bundle (.boxwright) or an OVF package (.ovf of version 0.9, 1 or 2, .ova)',
  words: ['<file>'],
  options: [
    ['--dry-run', 'only say what it would bring, and what it would leave out'],
    ['--name <name>', 'what it is called here'],
    ['--group <group>', 'where it stands in the list'],
    ['--folder <folder>', 'the folder it is put into; without, that of the preferences'],
    ['--system <name>', 'which of several machines in the package'],
    ['--keep-identity', 'bundle: keep the UUID that the guest sees'],
    ['--no-verify', 'also when checksums do not agree'],
  ],
  calls: ['machines.inspectImport', 'machines.import', 'jobs.cancel'],
  service: true,
  async run(context) {
    const { client, words, options, print } = context;
    const path = absolute(words[0]) ?? '';
    const text = (key: string) => (typeof options[key] === 'string' ? options[key] : undefined);
    const system = text('system');
    if (options['dryRun'] === true) {
      const summary = await client.call('machines.inspectImport', { path, system });
      return print(summary, summaryLines(summary));
    }
    const imported = await whileShowing(context, 'import', path, () =>
      client.call('machines.import', {
        path,
        system,
        name: text('name') ?? '',
        group: text('group') ?? '',
        folder: absolute(text('folder')),
        keepIdentity: options['keepIdentity'] === true,
        verify: options['verify'] !== false,
      }),
    );
    print(imported, [`${imported.machine.id} was made`, ...noteLines(imported.notes)]);
  },
};

function summaryLines({ format, name, description, guest, memoryMiB, disks, snapshots, systems, checksums, notes }: ApplianceSummary): string[] {
  return [
    `${format}: “${name}” (${guest}), ${memoryMiB} MiB of memory`,
    ...(description === '' ? [] : description.split('\n').map((line) => `  ${line}`)),
    ...disks.map((disk) => `  ${disk.drive}  ${[disk.name, disk.virtualBytes === null ? '' : formatBytes(disk.virtualBytes), disk.packedBytes === null ? '' : `${formatBytes(disk.packedBytes)} packed`].filter((part) => part !== '').join(', ')}`),
    ...(snapshots > 0 ? [`  snapshots: ${snapshots}`] : []),
    ...(systems.length > 1 ? [`  one of ${systems.length} machines: ${systems.map(({ id }) => id).join(', ')}; choose with --system`] : []),
    `  checksums: ${checksums}`,
    ...noteLines(notes),
  ];
}

function noteLines(notes: readonly ApplianceNote[]): string[] {
  return notes.map(({ level, text }) => `${level === 'warning' ? '! ' : '  '}${text}`);
}
