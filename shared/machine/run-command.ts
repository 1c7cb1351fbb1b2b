// The command line that runs a machine with the same settings in a terminal, for people to copy.

import type { DriveConfig, DriveKind, FirmwareConfig, MachineSettings } from './config.ts';

/** Words for the shell: quoted by POSIX rules, on one line. */
export function runCommand(settings: MachineSettings, folder?: string): string {
  return ['npx', 'boxwright', 'run', ...runArguments(inFolder(settings, folder))].map(quoted).join(' ');
}

/** Relative paths of a machine's settings begin at its folder; those of a command where it is given. */
function inFolder(settings: MachineSettings, folder: string | undefined): MachineSettings {
  if (folder === undefined) return settings;
  const inside = (path: string | null) => (path === null || /^([/\\]|[A-Za-z]:)/.test(path) ? path : `${folder}/${path}`);
  return { ...settings, drives: settings.drives.map((drive) => ({ ...drive, path: inside(drive.path) })) };
}

export function runArguments({ memoryMiB, cpu, boot, drives, firmware, serial }: MachineSettings): string[] {
  return [
    ...['-m', String(memoryMiB), '-cpu', cpu.model, '-accel', cpu.engine === 'jit' ? 'jit' : 'interp'],
    ...(boot.kernel === null ? [] : ['-kernel', boot.kernel]),
    ...(boot.initrd === null ? [] : ['-initrd', boot.initrd]),
    ...(boot.kernel === null || boot.commandLine === '' ? [] : ['-append', boot.commandLine]),
    ...driveArguments(drives),
    ...bootArguments(boot, firmware),
    ...(isTerminalOnly(serial) ? ['-nographic'] : serial.flatMap((port) => ['-serial', serialTarget(port)])),
  ];
}

/** Ports of one controller. */
const AHCI_PORTS = 6;

function ahciPort(slot: number): string {
  return `ahci${Math.floor(slot / AHCI_PORTS)}.${slot % AHCI_PORTS}`;
}

function driveArguments(drives: readonly DriveConfig[]): string[] {
  const ports = drives.flatMap(({ bus, slot }) => (bus === 'ahci' ? [slot] : []));
  const controllers = Math.max(0, ...ports.map((slot) => Math.floor(slot / AHCI_PORTS) + 1));
  const ahci = Array.from({ length: controllers }, (_, number) => ['-device', `ahci,id=ahci${number}`]);
  return [...ahci.flat(), ...drives.flatMap(driveOptions)];
}

function driveOptions({ id, kind, bus, slot, path, format, readOnly }: DriveConfig): string[] {
  const words = [
    // A comma inside a value is written twice.
    ...(path === null ? [] : [`file=${path.replaceAll(',', ',,')}`]),
    ...(bus === 'ahci' ? ['if=none', `id=${id}`] : [`if=${bus}`, `index=${slot}`]),
    ...(kind === 'cdrom' ? ['media=cdrom'] : []),
    ...(format === null ? [] : [`format=${format}`]),
    ...(readOnly && kind !== 'cdrom' ? ['readonly=on'] : []),
  ];
  const device = kind === 'cdrom' ? 'ide-cd' : 'ide-hd';
  return ['-drive', words.join(','), ...(bus === 'ahci' ? ['-device', `${device},drive=${id},bus=${ahciPort(slot)}`] : [])];
}

/** What `-boot order=` calls them. */
export const BOOT_LETTERS: Readonly<Record<DriveKind, string>> = { floppy: 'a', disk: 'c', cdrom: 'd' };

function bootArguments({ kernel }: MachineSettings['boot'], { bootOrder, menu, clock }: FirmwareConfig): string[] {
  const order = bootOrder.map((kind) => BOOT_LETTERS[kind]).join('');
  const words = [...(order === '' ? [] : [`order=${order}`]), ...(menu ? ['menu=on'] : [])];
  return [
    ...(kernel === null && words.length > 0 ? ['-boot', words.join(',')] : []),
    ...(clock === 'local' ? ['-rtc', 'base=localtime'] : []),
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
