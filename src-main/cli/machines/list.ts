// `list` and `show`: the machines there are, and one of them in full.

import type { MachineView } from '../../../shared/machine/view.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { nameOf } from './find-machine.ts';
import type { MachineVerb } from './verb.ts';

export const list: MachineVerb = {
  name: 'list',
  help: 'the machines and what they are doing',
  words: [],
  calls: ['machines.list'],
  service: false,
  async run({ client, print }) {
    const machines = await client.call('machines.list');
    const width = Math.max(0, ...machines.map((machine) => nameOf(machine).length));
    print(
      machines,
      machines.map((machine) => `${nameOf(machine).padEnd(width)}  ${stateOf(machine).padEnd(8)}  ${machine.id}${labelsOf(machine)}`),
    );
  },
};

export const show: MachineVerb = {
  name: 'show',
  help: 'the settings and the state of a machine',
  words: ['<machine>'],
  calls: ['machines.get'],
  service: false,
  async run({ entry, print }) {
    const machine = await entry();
    print(machine, describe(machine));
  },
};

function stateOf(machine: MachineView): string {
  return machine.kind === 'machine' ? machine.state : 'damaged';
}

/** "  [Servers] web, test" */
function labelsOf(machine: MachineView): string {
  if (machine.kind === 'damaged') return '';
  const { group, tags } = machine.config;
  return `${group === '' ? '' : `  [${group}]`}${tags.length === 0 ? '' : `  ${tags.join(', ')}`}`;
}

const LABEL_WIDTH = 10;

function describe(machine: MachineView): string[] {
  if (machine.kind === 'damaged') return [`${machine.id}: damaged`, machine.message];
  const { config } = machine;
  const { kernel, initrd, commandLine } = config.boot;
  const rows: [string, string | null][] = [
    ['name', config.name],
    ['id', config.id],
    ['uuid', config.uuid ?? null],
    ['state', machine.state],
    ['group', config.group || null],
    ['tags', config.tags.join(', ') || null],
    ['notes', config.description.replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH + 1)}`) || null],
    ['processor', `${config.cpu.model}, engine ${config.cpu.engine}`],
    ['memory', formatBytes(config.memoryMiB * MIB)],
    ['kernel', kernel],
    ['initrd', initrd],
    ['append', kernel === null ? null : commandLine],
    ...config.drives.map(({ id, bus, path }): [string, string] => [id, `${path ?? 'empty'} (${bus})`]),
    ['serial', config.serial.map(({ kind }) => kind).join(', ')],
    ['waiting', machine.pending && `${Object.keys(machine.pending).join(', ')}: changed when it is off`],
    ['last end', machine.lastExit && `${machine.lastExit.message} (${new Date(machine.lastExit.timeMs).toISOString()})`],
  ];
  return rows.flatMap(([label, value]) => (value === null ? [] : [`${label.padEnd(LABEL_WIDTH)} ${value}`]));
}
