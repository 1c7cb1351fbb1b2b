// The command line that runs a machine with the same settings in a terminal, for people to copy.

import type { MachineSettings } from './config.ts';

/** Words for the shell: quoted by POSIX rules, on one line. */
export function runCommand(settings: MachineSettings): string {
  return ['npx', 'boxwright', 'run', ...runArguments(settings)].map(quoted).join(' ');
}

export function runArguments({ memoryMiB, cpu, boot, serial }: MachineSettings): string[] {
  return [
    ...['-m', String(memoryMiB), '-cpu', cpu.model, '-accel', cpu.engine === 'jit' ? 'jit' : 'interp'],
    ...(boot.kernel === null ? [] : ['-kernel', boot.kernel]),
    ...(boot.initrd === null ? [] : ['-initrd', boot.initrd]),
    ...(boot.commandLine === '' ? [] : ['-append', boot.commandLine]),
    ...(isTerminalOnly(serial) ? ['-nographic'] : serial.flatMap((port) => ['-serial', serialTarget(port)])),
  ];
}

/** The case for which there is a well-known short form. */
function isTerminalOnly(serial: MachineSettings['serial']): boolean {
  return serial.length === 1 && serial[0]?.kind === 'console';
}

function serialTarget(port: MachineSettings['serial'][number]): string {
  if (port.kind === 'file') return `file:${port.path}`;
  return port.kind === 'console' ? 'stdio' : 'null';
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
