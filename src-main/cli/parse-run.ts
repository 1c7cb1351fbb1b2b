// Turns the arguments of `boxwright run` into settings. QEMU's manner: options may begin with one dash or two,
// values follow as the next argument; unlike QEMU nothing is abbreviated and nothing is ignored.

import { resolveDrives } from './drive-settings.ts';
import { type OptionRow, RUN_OPTIONS } from './run-options.table.ts';
import { defaultSettings, type RunSettings } from './run-settings.ts';
import { UsageError } from './usage-error.ts';

/** Throws `UsageError`. */
export function parseRun(args: readonly string[]): RunSettings {
  const settings = defaultSettings();
  const seen = new Set<OptionRow>();
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    const row = findRow(argument);
    if (seen.has(row) && row.repeatable !== true) throw new UsageError(`${argument}: given twice`);
    seen.add(row);
    let value = '';
    if (row.value !== undefined) {
      at += 1;
      const next = args[at];
      if (next === undefined) throw new UsageError(`${argument}: needs a value (${row.value})`);
      value = next;
    }
    row.apply(settings, value);
  }
  if (settings.noDefaults && ![...seen].some(({ name }) => name === 'vga')) settings.vga = 'none';
  if (!settings.help) checkTogether(settings);
  return settings;
}

function findRow(argument: string): OptionRow {
  if (!argument.startsWith('-')) {
    throw new UsageError(`${argument}: unexpected argument; write -hda ${argument} if it is a disk image`);
  }
  const name = argument.replace(/^--?/, '');
  const row = RUN_OPTIONS.find((candidate) => candidate.name === (argument === '-h' ? 'help' : name));
  if (row === undefined) throw new UsageError(`${argument}: unknown or unsupported option`);
  return row;
}

function checkTogether(settings: RunSettings): void {
  resolveDrives(settings.drives, settings.driveDevices, settings.snapshot, settings.ahci);
  if (settings.kernel === undefined && settings.initrd !== undefined) throw new UsageError('-initrd: needs -kernel');
  if (settings.kernel === undefined && settings.append !== '') throw new UsageError('-append: needs -kernel');
  const readers = settings.serial.filter((target) => target.kind === 'stdio').length;
  if (readers > 1) throw new UsageError('-serial stdio: given twice; only one port can have the terminal');
  if (settings.atSeconds !== undefined && settings.screenshot === undefined && settings.saveState === undefined) {
    throw new UsageError('--at: needs --screenshot or --save-state');
  }
  if (settings.saveState !== undefined && settings.atSeconds === undefined) throw new UsageError('--save-state: needs --at');
  if (settings.waitSeconds !== undefined && settings.waitForText === undefined) {
    throw new UsageError('--within: needs --wait-for-text');
  }
  if (settings.waitForText !== undefined && settings.atSeconds !== undefined) {
    throw new UsageError('--at: not together with --wait-for-text, which takes its screenshot when the text is seen');
  }
  if (settings.waitForText !== undefined && settings.vga === 'none') {
    throw new UsageError('--wait-for-text: needs a screen; leave -vga none out');
  }
  if (settings.nographic && settings.serial.length === 0) settings.serial.push({ kind: 'stdio' });
}

export function runHelp(): string {
  const spelling = (row: OptionRow): string => {
    const dashes = ['screenshot', 'at', 'wait-for-text', 'within', 'stats', 'help'].includes(row.name) ? '--' : '-';
    return `${dashes}${row.name}${row.value === undefined ? '' : ` ${row.value}`}`;
  };
  const width = Math.max(...RUN_OPTIONS.map((row) => spelling(row).length));
  const lines = RUN_OPTIONS.map((row) => `  ${spelling(row).padEnd(width)}  ${row.help}`);
  return [
    'usage: boxwright run [OPTION]...',
    '',
    'Starts a machine from its disks or from a kernel, without a window. Options are spelled as QEMU spells them.',
    '',
    ...lines,
    '',
    'Status: 0 when the guest powers off, 1 on an error, 2 on a wrong command line, 3 when the text of\n--wait-for-text was not seen, 2V+1 from isa-debug-exit.',
    '',
  ].join('\n');
}
