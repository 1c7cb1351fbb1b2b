// The verbs that tell what a machine did and does.

import { formatBytes } from '../../../shared/units/bytes.ts';
import type { MachineVerb } from './verb.ts';

const FOLLOW_MS = 300;

export const log: MachineVerb = {
  name: 'log',
  help: 'the log of a machine since its service was started',
  words: ['<machine>'],
  options: [['-f, --follow', 'go on with what comes']],
  calls: ['machines.logs'],
  service: false,
  async run({ client, entry, options, print }) {
    const { id } = await entry();
    for (let after = -1; ; ) {
      const lines = await client.call('machines.logs', { id, after });
      after = lines.at(-1)?.sequence ?? after;
      if (lines.length > 0 || !options['follow'])
        print(lines, lines.map(({ timeMs, level, text }) => `${new Date(timeMs).toISOString()} ${level.padEnd(7)} ${text}`));
      if (!options['follow']) return;
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
    }
  },
};

export const stats: MachineVerb = {
  name: 'stats',
  help: 'what the engine of a running machine does',
  words: ['<machine>'],
  calls: ['machines.stats'],
  service: false,
  async run({ client, machine, print }) {
    const { id } = await machine();
    const value = await client.call('machines.stats', { id });
    print(value, [
      `running      ${(value.runningMs / 1000).toFixed(1)} s`,
      `load         ${(value.load * 100).toFixed(0)} % of a core`,
      `speed        ${value.mips.toFixed(0)} MIPS`,
      `instructions ${value.instructions}`,
      `regions      ${value.regionsCompiled}`,
      `TLB misses   ${value.tlbMisses}`,
      `memory       ${formatBytes(value.processBytes)}`,
      ...value.drives.map(
        ({ id, readBytes, writtenBytes }) =>
          `${id.padEnd(12)} ${formatBytes(readBytes)} read, ${formatBytes(writtenBytes)} written`,
      ),
    ]);
  },
};
