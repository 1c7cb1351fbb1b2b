// What is wrong with a machine's settings, beyond their form. The wizard, the settings page, the command line and
// the services share these checks, their codes and their wording. Not here: whether files are what they should be;
// a machine process looks at those.

import { formatBytes, MIB } from '../units/bytes.ts';
import { type Phrase, say, textOf, wordOf } from '../units/phrase.ts';
import { BUS_KINDS, BUS_SLOTS, type DriveConfig, MAX_MEMORY_MIB, MAX_NAME_LENGTH, type MachineSettings, MIN_MEMORY_MIB } from './config.ts';

export const ISSUE_CODES = [
  'name.empty',
  'name.blanks',
  'name.control',
  'name.tooLong',
  'name.taken',
  'memory.tooSmall',
  'memory.tooLarge',
  'memory.aboveHost',
  'memory.mostOfHost',
  'memory.smallForLinux',
  'boot.nothing',
  'initrd.withoutKernel',
  'commandLine.control',
  'serial.twoConsoles',
  'serial.sameFile',
  'drives.sameId',
  'drives.slotTaken',
  'drives.wrongBus',
  'drives.sameImage',
  'drives.diskWithoutImage',
] as const;
export type IssueCode = (typeof ISSUE_CODES)[number];

export interface ConfigIssue {
  readonly code: IssueCode;
  /** An error keeps the machine from being saved; a warning does not. */
  readonly severity: 'error' | 'warning';
  /** The field, as a path: "boot.kernel". */
  readonly field: string;
  readonly message: string;
  /** The message with its values apart, for windows of other languages. */
  readonly phrase: Phrase;
}

export interface ValidationFacts {
  /** All memory of this host, if known. */
  readonly hostMemoryMiB?: number | undefined;
  /** Names of the other machines. */
  readonly takenNames?: readonly string[] | undefined;
}

/** Below this a current Linux kernel and its initramfs do not unpack. */
export const LINUX_MEMORY_MIB = 64;

export function validateSettings(settings: MachineSettings, facts: ValidationFacts = {}): ConfigIssue[] {
  return [
    ...nameIssues(settings.name, facts.takenNames ?? []),
    ...memoryIssues(settings.memoryMiB, facts.hostMemoryMiB),
    ...bootIssues(settings),
    ...serialIssues(settings.serial),
    ...driveIssues(settings.drives),
  ];
}

export function hasErrors(issues: readonly ConfigIssue[]): boolean {
  return issues.some((issue) => issue.severity === 'error');
}

function nameIssues(name: string, taken: readonly string[]): ConfigIssue[] {
  if (name.trim() === '') return [fault('name.empty', 'name', 'Give the machine a name.')];
  const issues: ConfigIssue[] = [];
  if (name.length > MAX_NAME_LENGTH)
    issues.push(fault('name.tooLong', 'name', say`The name must not be longer than ${MAX_NAME_LENGTH} characters.`));
  if (name !== name.trim())
    issues.push(fault('name.blanks', 'name', 'The name must not begin or end with a blank.'));
  if (holds(name, CONTROL) || holds(name, DIRECTION_CONTROL))
    issues.push(
      fault('name.control', 'name', 'The name must not contain line breaks or control characters.'),
    );
  const folded = name.trim().toLowerCase();
  if (taken.some((other) => other.trim().toLowerCase() === folded))
    issues.push(fault('name.taken', 'name', say`There is already a machine named “${name.trim()}”.`));
  return issues;
}

function memoryIssues(memoryMiB: number, hostMemoryMiB: number | undefined): ConfigIssue[] {
  const field = 'memoryMiB';
  const size = (mib: number) => formatBytes(mib * MIB);
  if (memoryMiB < MIN_MEMORY_MIB)
    return [fault('memory.tooSmall', field, say`A machine needs at least ${size(MIN_MEMORY_MIB)} of memory.`)];
  if (memoryMiB > MAX_MEMORY_MIB)
    return [fault('memory.tooLarge', field, say`A machine can have at most ${size(MAX_MEMORY_MIB)} of memory.`)];
  if (hostMemoryMiB !== undefined && memoryMiB > hostMemoryMiB)
    return [
      fault(
        'memory.aboveHost',
        field,
        say`This computer has ${size(hostMemoryMiB)} of memory; give the machine less.`,
      ),
    ];
  if (hostMemoryMiB !== undefined && memoryMiB > hostMemoryMiB * 0.75)
    return [
      warning(
        'memory.mostOfHost',
        field,
        'That is most of this computer’s memory; other programs may become slow.',
      ),
    ];
  if (memoryMiB < LINUX_MEMORY_MIB)
    return [
      warning(
        'memory.smallForLinux',
        field,
        say`Linux usually needs ${size(LINUX_MEMORY_MIB)} of memory or more.`,
      ),
    ];
  return [];
}

function bootIssues({ boot, drives }: MachineSettings): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (boot.kernel === null && drives.every(({ path }) => path === null))
    issues.push(
      warning('boot.nothing', 'drives', 'There is nothing to start: choose a disk, a CD image or a kernel.'),
    );
  if (boot.kernel === null && boot.initrd !== null)
    issues.push(fault('initrd.withoutKernel', 'boot.initrd', 'An initial RAM disk needs a kernel.'));
  if (holds(boot.commandLine, CONTROL))
    issues.push(fault('commandLine.control', 'boot.commandLine', 'The command line must be a single line.'));
  return issues;
}

function serialIssues(ports: MachineSettings['serial']): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (ports.filter((port) => port.kind === 'console').length > 1)
    issues.push(fault('serial.twoConsoles', 'serial', 'Only one serial port can be shown in the window.'));
  const files = ports.flatMap((port) => (port.kind === 'file' ? [port.path] : []));
  if (new Set(files).size < files.length)
    issues.push(fault('serial.sameFile', 'serial', 'Two serial ports must not write to the same file.'));
  return issues;
}

function driveIssues(drives: readonly DriveConfig[]): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  drives.forEach((drive, index) => {
    const { id, kind, bus, slot, path } = drive;
    const field = `drives.${index}`;
    const before = drives.slice(0, index);
    if (before.some((other) => other.id === id))
      issues.push(fault('drives.sameId', `${field}.id`, say`Two drives are named “${id}”.`));
    if (!BUS_KINDS[bus].includes(kind) || slot >= BUS_SLOTS[bus])
      issues.push(fault('drives.wrongBus', `${field}.bus`, say`The drive “${id}” cannot be connected there.`));
    if (before.some((other) => other.bus === bus && other.slot === slot))
      issues.push(fault('drives.slotTaken', `${field}.slot`, say`The place of the drive “${id}” is taken.`));
    if (kind === 'disk' && path === null)
      issues.push(
        fault('drives.diskWithoutImage', `${field}.path`, say`The disk “${id}” has no image; choose one or remove the disk.`),
      );
    // One reader and one writer of an image would see it change under them; readers alone do not.
    if (path !== null && before.some((other) => other.path === path && !(isReader(other) && isReader(drive))))
      issues.push(fault('drives.sameImage', `${field}.path`, 'Two drives must not use the same image.'));
  });
  return issues;
}

function isReader({ readOnly, kind }: DriveConfig): boolean {
  return readOnly || kind === 'cdrom';
}

/** C0 and C1 controls and the line separators. */
export const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
/** Marks that turn the direction of the text behind them, beyond the name. */
export const DIRECTION_CONTROL = /[\u202a-\u202e\u2066-\u2069]/g;

function holds(text: string, characters: RegExp): boolean {
  return text.search(characters) >= 0;
}

function fault(code: IssueCode, field: string, said: string | Phrase): ConfigIssue {
  return issue(code, 'error', field, said);
}

function warning(code: IssueCode, field: string, said: string | Phrase): ConfigIssue {
  return issue(code, 'warning', field, said);
}

function issue(code: IssueCode, severity: ConfigIssue['severity'], field: string, said: string | Phrase): ConfigIssue {
  const phrase = typeof said === 'string' ? wordOf(said) : said;
  return { code, severity, field, message: textOf(phrase), phrase };
}
