// What the command line of `run` asks for, and the small languages of its values.
// Reference for spellings: QEMU's invocation, as far as we support it.

import { isUuid } from '../../shared/units/uuid.ts';
import type { CpuModelName } from '../engine/x86/models/cpu-model.ts';
import type { CpuAccelerator } from '../engine/machine/options.ts';
import { type BootSettings, DEFAULT_BOOT } from './boot-settings.ts';
import { type DriveDevice, MAX_AHCI, DRIVE_DRIVERS, type DriveSetting, parseDriveDevice } from './drive-settings.ts';
import { onOff, parseKeyValues, wholeNumber } from './key-values.ts';
import { UsageError } from './usage-error.ts';

const MiB = 0x10_0000;
const GiB = 1024 * MiB;

export const MIN_MEMORY_BYTES = 4 * MiB;
/** A 32-bit WebAssembly memory, less the engine's own part and video memory. */
export const MAX_MEMORY_BYTES = 3.25 * GiB;
const MAX_CODE_CACHE_MIB = 2048;

export type CharacterTarget =
  | { readonly kind: 'stdio' }
  | { readonly kind: 'null' }
  | { readonly kind: 'file'; readonly path: string };

export interface DebugExit {
  readonly base: number;
  readonly length: number;
}

export interface RunSettings {
  memoryBytes: number;
  cpuModel: CpuModelName;
  accelerator: CpuAccelerator;
  codeCacheBytes?: number;
  hpet: boolean;
  uuid: string | undefined;
  kernel: string | undefined;
  initrd: string | undefined;
  append: string;
  drives: DriveSetting[];
  driveDevices: DriveDevice[];
  /** Throw away what is written to any disk. */
  snapshot: boolean;
  /** Images may name others outside their own folders. */
  allowReferences: boolean;
  boot: BootSettings;
  bios: string | undefined;
  vga: (typeof VGA_KINDS)[number];
  wallClockOffsetMs: number;
  /** COM1 first. */
  serial: CharacterTarget[];
  nographic: boolean;
  onReset: 'restart' | 'stop';
  debugConsole: CharacterTarget | undefined;
  debugExit: DebugExit | undefined;
  /** Ids of AHCI controllers, six ports each. */
  ahci: string[];
  /** A virtio entropy device. */
  entropy: boolean;
  /** pc-testdev, for test kernels. */
  testDevice: boolean;
  /** No display unless -vga asks for one. */
  noDefaults: boolean;
  screenshot: string | undefined;
  atSeconds: number | undefined;
  /** A new state file, written at that time; the machine then ends. */
  saveState: string | undefined;
  /** A state file that the machine goes on from. */
  restoreState: string | undefined;
  /** File in which compiled code is kept. */
  codeArchive: string | undefined;
  /** On the text screen. */
  waitForText: string | undefined;
  waitSeconds: number | undefined;
  stats: boolean;
  help: boolean;
}

export function parseUuidOption(text: string): string {
  if (!isUuid(text)) throw new UsageError(`-uuid ${text}: not a UUID, as 626f7877-7269-4768-8074-000000000001 is`);
  return text;
}

export const CPU_MODELS = ['pentium3', 'x86-64-v1', 'x86-64-v2'] as const satisfies readonly CpuModelName[];
export const ACCELERATORS = ['jit', 'interp'] as const satisfies readonly CpuAccelerator[];
export const VGA_KINDS = ['std', 'none'] as const;
export const MAX_SERIAL_PORTS = 4;

export function defaultSettings(): RunSettings {
  return {
    memoryBytes: 128 * MiB,
    cpuModel: 'x86-64-v1',
    accelerator: 'jit',
    hpet: false,
    uuid: undefined,
    kernel: undefined,
    initrd: undefined,
    append: '',
    drives: [],
    driveDevices: [],
    snapshot: false,
    allowReferences: false,
    boot: DEFAULT_BOOT,
    bios: undefined,
    vga: 'std',
    wallClockOffsetMs: 0,
    serial: [],
    nographic: false,
    onReset: 'restart',
    debugConsole: undefined,
    debugExit: undefined,
    ahci: [],
    entropy: false,
    testDevice: false,
    noDefaults: false,
    screenshot: undefined,
    atSeconds: undefined,
    saveState: undefined,
    restoreState: undefined,
    codeArchive: undefined,
    waitForText: undefined,
    waitSeconds: undefined,
    stats: false,
    help: false,
  };
}

/** "pc", "pc,hpet=on"; whether there is an HPET. */
/** Names that other command lines have for a model of ours. */
const CPU_ALIASES: Readonly<Record<string, CpuModelName>> = { max: 'x86-64-v2', qemu64: 'x86-64-v1', qemu32: 'pentium3' };

export const parseCpuModel = (value: string): CpuModelName => CPU_ALIASES[value] ?? parseChoice('-cpu', value, CPU_MODELS);

/** "interp", or the first that there is of a list like "kvm:tcg"; "tcg" is what others call a translator. */
function parseAccelerator(option: string, value: string): CpuAccelerator {
  const wanted = value.split(':').map((name) => (name === 'tcg' ? 'jit' : name));
  return ACCELERATORS.find((name) => name === wanted.find((one) => one === 'jit' || one === 'interp')) ?? parseChoice(option, value, ACCELERATORS);
}

/** As of QEMU's TCG: `tb-size` is the most memory that translated code may take, in MiB; 0 is the default. */
export function parseAccel(settings: RunSettings, value: string): void {
  const values = parseKeyValues('-accel', value, ['accel', 'tb-size'], 'accel');
  const kind = values.get('accel');
  if (kind === undefined) throw new UsageError(`-accel ${value}: names none of ${ACCELERATORS.join(', ')}`);
  settings.accelerator = parseAccelerator('-accel', kind);
  const size = wholeNumber('-accel', 'tb-size', values.get('tb-size') ?? '0', MAX_CODE_CACHE_MIB);
  if (size > 0) settings.codeCacheBytes = size * MiB;
}

export function parseMachine(settings: RunSettings, value: string): void {
  const values = parseKeyValues('-machine', value, ['type', 'hpet', 'accel'], 'type');
  const accelerator = values.get('accel');
  if (accelerator !== undefined) settings.accelerator = parseAccelerator('-machine accel', accelerator);
  parseChoice('-machine', values.get('type') ?? 'pc', ['pc']);
  settings.hpet = onOff(`-machine ${value}`, 'hpet', values.get('hpet'));
}

/** "256", "256M", "1G", "size=1G": MiB unless a unit says otherwise. */
export function parseMemory(value: string): number {
  const match = /^(?:size=)?(\d+(?:\.\d+)?)([kmgKMG]?)[bB]?$/.exec(value);
  if (match === null) throw new UsageError(`-m ${value}: not a size; write it as 256, 256M or 1G`);
  const unit = { k: 1024, m: MiB, g: GiB, '': MiB }[(match[2] ?? '').toLowerCase() as 'k' | 'm' | 'g' | ''];
  const bytes = Math.ceil((Number(match[1]) * unit) / 4096) * 4096;
  if (bytes < MIN_MEMORY_BYTES) throw new UsageError(`-m ${value}: too small; the least is ${MIN_MEMORY_BYTES / MiB}M`);
  if (bytes > MAX_MEMORY_BYTES) throw new UsageError(`-m ${value}: too large; the most is ${MAX_MEMORY_BYTES / MiB}M`);
  return bytes;
}

export function parseProcessors(value: string): void {
  const count = /^(?:cpus=)?(\d+)$/.exec(value)?.[1];
  if (count === undefined) throw new UsageError(`-smp ${value}: not a number of processors`);
  if (Number(count) !== 1) throw new UsageError(`-smp ${value}: only one processor is supported`);
}

export function parseChoice<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new UsageError(`${option} ${value}: not supported; there is ${choices.join(', ')}`);
  return choice;
}

export function parseCharacterTarget(option: string, value: string, kinds: readonly CharacterTarget['kind'][]): CharacterTarget {
  const file = /^file:(.+)$/s.exec(value)?.[1];
  if (file !== undefined && kinds.includes('file')) return { kind: 'file', path: file };
  if (value === 'stdio' && kinds.includes('stdio')) return { kind: 'stdio' };
  if ((value === 'null' || value === 'none') && kinds.includes('null')) return { kind: 'null' };
  const known = kinds.map((kind) => (kind === 'file' ? 'file:PATH' : kind));
  throw new UsageError(`${option} ${value}: not supported; there is ${known.join(', ')}`);
}

/** A device by QEMU's name. */
export function addDevice(settings: RunSettings, value: string): void {
  const [driver = ''] = value.split(',');
  const drive = parseDriveDevice(value);
  if (drive !== undefined) settings.driveDevices.push(drive);
  else if (driver === 'ahci') addAhci(settings, value);
  else if (driver === 'virtio-rng-pci') addEntropy(settings, value, driver);
  else if (value === 'pc-testdev') settings.testDevice = true;
  else if (driver !== 'isa-debug-exit') {
    const known = ['isa-debug-exit', 'pc-testdev', 'virtio-rng-pci', 'ahci', ...Object.keys(DRIVE_DRIVERS)];
    throw new UsageError(`-device ${value}: device "${driver}" is not supported; there is ${known.join(', ')}`);
  } else if (settings.debugExit !== undefined) throw new UsageError(`-device ${value}: given twice`);
  else settings.debugExit = parseDebugExit(value, driver);
}

function addAhci(settings: RunSettings, value: string): void {
  const rest = value.slice('ahci'.length + 1);
  const id = rest === '' ? undefined : parseKeyValues('-device ahci', rest, ['id', 'addr']).get('id');
  const name = id ?? `ahci${settings.ahci.length}`;
  if (settings.ahci.includes(name)) throw new UsageError(`-device ${value}: another controller has the id "${name}"`);
  if (settings.ahci.length === MAX_AHCI) throw new UsageError(`-device ${value}: there is room for ${MAX_AHCI} AHCI controllers`);
  settings.ahci.push(name);
}

function addEntropy(settings: RunSettings, value: string, driver: string): void {
  if (settings.entropy) throw new UsageError(`-device ${value}: given twice`);
  const rest = value.slice(driver.length + 1);
  if (rest !== '') parseKeyValues(`-device ${driver}`, rest, ['id']);
  settings.entropy = true;
}

/** QEMU's defaults: port 501h, two bytes. */
function parseDebugExit(value: string, driver: string): DebugExit {
  const rest = value.slice(driver.length + 1);
  const values = rest === '' ? undefined : parseKeyValues(`-device ${driver}`, rest, ['iobase', 'iosize']);
  const option = `-device ${value}`;
  const base = wholeNumber(option, 'iobase', values?.get('iobase') ?? '0x501', 0xffff);
  const length = wholeNumber(option, 'iosize', values?.get('iosize') ?? '2', 4);
  if (length === 0) throw new UsageError(`${option}: iosize=0 is not a number from 1 to 4`);
  return { base, length };
}

export function parseText(value: string): string {
  if (value.trim() === '') throw new UsageError('--wait-for-text: an empty text is on every screen');
  return value;
}

export function parseSeconds(value: string, option = '--at'): number {
  const seconds = Number(value);
  if (value.trim() === '' || !Number.isFinite(seconds) || seconds < 0) throw new UsageError(`${option} ${value}: not a number of seconds`);
  return seconds;
}
