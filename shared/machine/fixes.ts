// What would put right an issue with settings: at most one change for each, offered and never made by itself.

import { formatBytes, MIB } from '../units/bytes.ts';
import { type Phrase, say, wordOf } from '../units/phrase.ts';
import { type DriveConfig, MAX_MEMORY_MIB, MAX_NAME_LENGTH, type MachineSettings, MIN_MEMORY_MIB } from './config.ts';
import { freeName } from './free-name.ts';
import { freeDriveId, newDrive } from './new-drive.ts';
import { CONTROL, type ConfigIssue, DIRECTION_CONTROL, type IssueCode, LINUX_MEMORY_MIB, type ValidationFacts } from './validate.ts';

export interface Fix {
  readonly label: Phrase;
  readonly change: Partial<MachineSettings>;
}

type Fixer = (settings: MachineSettings, facts: ValidationFacts, drive: DriveConfig | undefined) => Fix | undefined;

const STEP_MIB = 32;

const FIXERS: Readonly<Partial<Record<IssueCode, Fixer>>> = {
  'name.blanks': ({ name }) => ({ label: wordOf('Remove the blanks'), change: { name: name.trim() } }),
  'name.control': ({ name }) => ({ label: wordOf('Remove them'), change: { name: name.replace(CONTROL, ' ').replace(DIRECTION_CONTROL, '').trim() } }),
  'name.tooLong': ({ name }) => ({ label: wordOf('Shorten it'), change: { name: name.slice(0, MAX_NAME_LENGTH).trim() } }),
  'name.taken': ({ name }, { takenNames = [] }) => {
    const free = freeName(name, takenNames);
    return { label: say`Name it “${free}”`, change: { name: free } };
  },
  'memory.tooSmall': () => withMemory(MIN_MEMORY_MIB),
  'memory.tooLarge': (_, { hostMemoryMiB }) => withMemory(Math.min(MAX_MEMORY_MIB, halfOf(hostMemoryMiB))),
  'memory.aboveHost': (_, { hostMemoryMiB }) => withMemory(halfOf(hostMemoryMiB)),
  'memory.mostOfHost': (_, { hostMemoryMiB }) => withMemory(halfOf(hostMemoryMiB)),
  'memory.smallForLinux': () => withMemory(LINUX_MEMORY_MIB),
  'initrd.withoutKernel': ({ boot }) => ({ label: wordOf('Leave it out'), change: { boot: { ...boot, initrd: null } } }),
  'commandLine.control': ({ boot }) => ({
    label: wordOf('Put it on one line'),
    change: { boot: { ...boot, commandLine: boot.commandLine.replace(CONTROL, ' ').trim() } },
  }),
  'serial.twoConsoles': ({ serial }) => {
    const first = serial.findIndex(({ kind }) => kind === 'console');
    const ports = serial.map((port, index) => (port.kind === 'console' && index !== first ? { kind: 'none' as const } : port));
    return { label: wordOf('Show the first only'), change: { serial: ports } };
  },
  'drives.sameId': ({ drives }, _, drive) => drive && {
    label: wordOf('Give it a name of its own'),
    change: { drives: replaced(drives, drive, { ...drive, id: freeDriveId(drives, drive.kind) }) },
  },
  'drives.slotTaken': moved,
  'drives.wrongBus': moved,
  'drives.diskWithoutImage': ({ drives }, _, drive) => drive && {
    label: wordOf('Remove the disk'),
    change: { drives: drives.filter((one) => one !== drive) },
  },
};

export function fixOf({ code, field }: ConfigIssue, settings: MachineSettings, facts: ValidationFacts): Fix | undefined {
  const index = /^drives\.(\d+)/.exec(field)?.[1];
  return FIXERS[code]?.(settings, facts, index === undefined ? undefined : settings.drives[Number(index)]);
}

function withMemory(memoryMiB: number): Fix {
  return { label: say`Use ${formatBytes(memoryMiB * MIB)}`, change: { memoryMiB } };
}

function halfOf(hostMemoryMiB = Number.POSITIVE_INFINITY): number {
  return Math.min(MAX_MEMORY_MIB, Math.max(MIN_MEMORY_MIB, Math.floor(hostMemoryMiB / 2 / STEP_MIB) * STEP_MIB));
}

/** To the first free place of a bus that takes it. */
function moved({ drives }: MachineSettings, _: ValidationFacts, drive: DriveConfig | undefined): Fix | undefined {
  const place = drive && newDrive(drives.filter((one) => one !== drive), drive.kind, drive.path, drive.format);
  return place && { label: wordOf('Move it to a free place'), change: { drives: replaced(drives, drive, { ...drive, bus: place.bus, slot: place.slot }) } };
}

function replaced(drives: readonly DriveConfig[], one: DriveConfig, other: DriveConfig): DriveConfig[] {
  return drives.map((drive) => (drive === one ? other : drive));
}
