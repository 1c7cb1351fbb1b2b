// A text for a bug report: the application, this computer, the machine's settings and the end of its log. Folders are
// left out of paths, because they name people.

import { type MachineConfig, settingsOf } from '../../../shared/machine/config.ts';
import type { LogLine, ReadyMachine } from '../../../shared/machine/view.ts';
import type { AppInfo } from '../../../shared/rpc/app-contract.ts';

const LINES = 200;

export function bugReport(info: AppInfo, machine: ReadyMachine, lines: readonly LogLine[], browser: string): string {
  const { host } = info;
  const exit = machine.lastExit;
  return [
    `${info.name} ${info.version} on ${host.platform}, ${host.processors} processors, ${host.memoryMiB} MiB`,
    browser,
    '',
    `Machine: ${machine.state}${exit ? `; last ended: ${exit.reason}, ${withoutFolders(exit.message)}` : ''}`,
    JSON.stringify(anonymous(machine.config), null, 2),
    '',
    `The last ${Math.min(LINES, lines.length)} lines of its log:`,
    ...lines.slice(-LINES).map(lineText).map(withoutFolders),
    '',
  ].join('\n');
}

export function lineText({ timeMs, level, text }: LogLine): string {
  return `${new Date(timeMs).toISOString()} ${level} ${text}`;
}

function anonymous(config: MachineConfig): unknown {
  return JSON.parse(JSON.stringify(settingsOf(config)), (key, value: unknown) => {
    if (key === 'name' || key === 'description') return undefined;
    return typeof value === 'string' ? withoutFolders(value) : value;
  });
}

/** "/home/somebody/isos/a.iso" → "…/a.iso", also amid other words. */
export function withoutFolders(text: string): string {
  return text.replace(/(?:[A-Za-z]:)?(?:[\\/][^\\/\s“”"'<>|:]+)+(?=[\\/])/g, (path) => (path.length > 1 ? '…' : path));
}
