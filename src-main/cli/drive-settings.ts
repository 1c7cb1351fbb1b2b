// The drives a command line asks for: -hda and its like, -drive, and -device for drives of their own. First each option
// for itself, then all together, since places and ids must not meet. Reference for spellings: QEMU's invocation.

import { type FormatName, IMAGE_FORMATS } from '../engine/block/index.ts';
import type { DriveAttachment } from '../engine/machine/options.ts';
import type { DriveSpec } from '../host/open-drives.ts';
import { type KeyValues, onOff, oneOf, parseKeyValues, wholeNumber } from './key-values.ts';
import { UsageError } from './usage-error.ts';

const INTERFACES = ['ide', 'virtio', 'floppy', 'none'] as const;
type Interface = (typeof INTERFACES)[number];
const CACHES = ['writeback', 'none', 'writethrough', 'directsync', 'unsafe'] as const;
const DRIVE_KEYS = [
  'file', 'if', 'format', 'media', 'readonly', 'snapshot', 'id', 'index', 'bus', 'unit', 'cache', 'serial', 'bootindex',
];
const UNITS = { ide: 2, floppy: 2, virtio: 1, none: 1 } as const;
const MAX_INDEX = { ide: 3, floppy: 1, virtio: 29, none: 65 } as const;

export const AHCI_PORTS = 6;
export const MAX_AHCI = 5;

/** One -drive, or its short form. */
export interface DriveSetting {
  /** As typed, for messages. */
  readonly option: string;
  readonly file: string | undefined;
  readonly interface: Interface;
  readonly format: FormatName | undefined;
  readonly media: 'disk' | 'cdrom';
  readonly readOnly: boolean;
  readonly snapshot: boolean;
  readonly id: string | undefined;
  /** Place on the interface; undefined: the next free one. */
  readonly index: number | undefined;
  readonly cache: DriveSpec['cache'];
  readonly serial: string | undefined;
  readonly bootIndex: number | undefined;
}

/** One -device that is a drive. */
export interface DriveDevice {
  readonly option: string;
  readonly driver: DriveDriver;
  readonly values: KeyValues;
}

/** Drivers by QEMU's names, with their properties. */
export const DRIVE_DRIVERS = {
  'ide-hd': ['drive', 'bus', 'unit', 'id', 'serial', 'model', 'bootindex'],
  'ide-cd': ['drive', 'bus', 'unit', 'id', 'serial', 'model', 'bootindex'],
  floppy: ['drive', 'unit', 'id', 'drive-type', 'bootindex'],
  'virtio-blk-pci': ['drive', 'id', 'serial', 'bootindex', 'num-queues', 'disable-legacy', 'disable-modern', 'addr'],
} as const;
export type DriveDriver = keyof typeof DRIVE_DRIVERS;

/** `-hda FILE` and the like: no properties in the file's name. */
export function plainDrive(option: string, file: string, place: Pick<DriveSetting, 'interface' | 'media'> & { index: number }): DriveSetting {
  return {
    option: `${option} ${file}`, file, format: undefined, readOnly: place.media === 'cdrom', snapshot: false, id: undefined,
    cache: 'writeback', serial: undefined, bootIndex: undefined, ...place,
  };
}

export function parseDrive(text: string): DriveSetting {
  const option = `-drive ${text}`;
  const values = parseKeyValues('-drive', text, DRIVE_KEYS, 'file');
  const get = (key: string): string | undefined => values.get(key);
  const kind = oneOf(option, 'if', get('if') ?? 'ide', INTERFACES);
  const media = oneOf(option, 'media', get('media') ?? 'disk', ['disk', 'cdrom']);
  if (media === 'cdrom' && (kind === 'virtio' || kind === 'floppy'))
    throw new UsageError(`${option}: a CD-ROM cannot be on if=${kind}; leave if= out`);
  const number = (key: string, limit: number): number | undefined => {
    const value = get(key);
    return value === undefined ? undefined : wholeNumber(option, key, value, limit);
  };
  const format = get('format');
  return {
    option,
    file: get('file'),
    interface: kind,
    format: format === undefined ? undefined : oneOf(option, 'format', format, IMAGE_FORMATS.map(({ name }) => name)),
    media,
    readOnly: onOff(option, 'readonly', get('readonly')) || media === 'cdrom',
    snapshot: onOff(option, 'snapshot', get('snapshot')),
    id: get('id'),
    index: driveIndex(option, kind, number),
    cache: cacheMode(oneOf(option, 'cache', get('cache') ?? 'writeback', CACHES)),
    serial: get('serial'),
    bootIndex: number('bootindex', 255),
  };
}

function driveIndex(option: string, kind: Interface, number: (key: string, limit: number) => number | undefined): number | undefined {
  const index = number('index', MAX_INDEX[kind]);
  const bus = number('bus', Math.ceil((MAX_INDEX[kind] + 1) / UNITS[kind]) - 1);
  const unit = number('unit', UNITS[kind] - 1);
  if (bus === undefined && unit === undefined) return index;
  if (index !== undefined) throw new UsageError(`${option}: index= and bus=, unit= say the same twice`);
  return (bus ?? 0) * UNITS[kind] + (unit ?? 0);
}

/** The host's page cache is always used; what remains of the modes is when data must be durable. */
function cacheMode(mode: (typeof CACHES)[number]): DriveSpec['cache'] {
  if (mode === 'none') return 'writeback';
  return mode === 'directsync' ? 'writethrough' : mode;
}

export function isDriveDriver(driver: string): driver is DriveDriver {
  return Object.hasOwn(DRIVE_DRIVERS, driver);
}

/** Undefined: another device. */
export function parseDriveDevice(text: string): DriveDevice | undefined {
  const [driver = ''] = text.split(',');
  if (!isDriveDriver(driver)) return undefined;
  const rest = text.slice(driver.length + 1);
  const option = `-device ${text}`;
  const values = rest === '' ? new Map<string, string>() : parseKeyValues(`-device ${driver}`, rest, DRIVE_DRIVERS[driver]);
  return { option, driver, values };
}

/** All together. Throws `UsageError` where two want the same place or id. */
export function resolveDrives(
  settings: readonly DriveSetting[], devices: readonly DriveDevice[], snapshot: boolean, controllers: readonly string[] = [],
): DriveSpec[] {
  const places = new Places(controllers);
  // Those with a place of their own first, so that the others find what is free.
  for (const one of settings) if (one.index !== undefined) places.take(one.option, one.interface, one.index);
  const specs = settings.map((one) => {
    const index = one.index ?? places.next(one.option, one.interface);
    return { setting: one, spec: driveSpec(one, index, snapshot) };
  });
  refuseSameId(specs);
  const connected = devices.map((device) => connect(device, specs, places));
  const own = specs.filter(({ setting }) => setting.interface !== 'none').map(({ spec }) => spec);
  return [...own, ...connected];
}

function driveSpec(one: DriveSetting, index: number, snapshot: boolean): DriveSpec {
  const kind = one.interface === 'floppy' ? 'floppy' : one.media;
  if (one.file === undefined && kind === 'disk' && one.interface !== 'none')
    throw new UsageError(`${one.option}: a hard disk needs file=`);
  return {
    id: one.id ?? defaultId(one, index),
    kind,
    attachment: attachmentOf(one.interface, index),
    path: one.file === '' ? undefined : one.file,
    format: one.format,
    readOnly: one.readOnly,
    snapshot: one.snapshot || snapshot,
    cache: one.cache,
    ...(one.serial === undefined ? {} : { serial: one.serial }),
    ...(one.bootIndex === undefined ? {} : { bootIndex: one.bootIndex }),
  };
}

function defaultId({ interface: kind, media }: DriveSetting, index: number): string {
  const short = media === 'cdrom' ? 'cd' : 'hd';
  return kind === 'ide' ? `ide${index >> 1}-${short}${index & 1}` : `${kind}${index}`;
}

function attachmentOf(kind: Interface, index: number): DriveAttachment {
  switch (kind) {
    case 'ide':
      return { bus: 'ide', channel: index >> 1 === 0 ? 0 : 1, unit: (index & 1) === 0 ? 0 : 1 };
    case 'floppy':
      return { bus: 'floppy', unit: index === 0 ? 0 : 1 };
    case 'virtio':
      return { bus: 'virtio', index };
    case 'none':
      return { bus: 'none' };
  }
}

interface Resolved {
  readonly setting: DriveSetting;
  readonly spec: DriveSpec;
}

function refuseSameId(specs: readonly Resolved[]): void {
  const seen = new Set<string>();
  for (const { setting, spec } of specs) {
    if (seen.has(spec.id)) throw new UsageError(`${setting.option}: another drive has the id "${spec.id}"`);
    seen.add(spec.id);
  }
}

/** A -device takes the medium of a -drive with if=none. */
function connect({ option, driver, values }: DriveDevice, specs: Resolved[], places: Places): DriveSpec {
  const name = values.get('drive');
  const at = specs.findIndex(({ setting, spec }) => setting.interface === 'none' && spec.id === name);
  const source = at < 0 ? undefined : specs[at]?.spec;
  if (name !== undefined && source === undefined)
    throw new UsageError(`${option}: there is no -drive with if=none and id=${name}, or it is in use already`);
  if (source === undefined && driver !== 'ide-cd' && driver !== 'floppy') throw new UsageError(`${option}: needs drive=ID`);
  if (at >= 0) specs.splice(at, 1);
  const attachment = placeOf(option, driver, values, places);
  const kind = driver === 'ide-cd' ? 'cdrom' : driver === 'floppy' ? 'floppy' : 'disk';
  const bootIndex = values.get('bootindex');
  const serial = values.get('serial');
  const model = values.get('model');
  return {
    ...(source ?? { path: undefined, format: undefined, readOnly: true, snapshot: false, cache: 'writeback' as const }),
    id: values.get('id') ?? source?.id ?? `${driver}-${JSON.stringify(attachment).replace(/\D+/g, '-')}`,
    kind,
    attachment,
    ...(bootIndex === undefined ? {} : { bootIndex: wholeNumber(option, 'bootindex', bootIndex, 255) }),
    ...(serial === undefined ? {} : { serial }),
    ...(model === undefined ? {} : { model }),
  };
}

function placeOf(option: string, driver: DriveDriver, values: KeyValues, places: Places): DriveAttachment {
  const unit = values.get('unit');
  if (driver === 'virtio-blk-pci') return attachmentOf('virtio', places.next(option, 'virtio'));
  if (driver === 'floppy') {
    const index = unit === undefined ? places.next(option, 'floppy') : wholeNumber(option, 'unit', unit, 1);
    if (unit !== undefined) places.take(option, 'floppy', index);
    return attachmentOf('floppy', index);
  }
  const bus = values.get('bus');
  const port = bus === undefined ? undefined : places.ahciPort(option, bus, unit);
  if (port !== undefined) return { bus: 'ahci', index: port };
  if (bus === undefined && unit === undefined) return attachmentOf('ide', places.next(option, 'ide'));
  const channel = bus === undefined ? 0 : ['ide.0', 'ide.1'].indexOf(bus);
  if (channel < 0) throw new UsageError(`${option}: bus=${bus} is not known; there is ide.0, ide.1, and ID.0 to ID.5 of each -device ahci,id=ID`);
  const index = unit === undefined ? places.nextOf(option, 'ide', [channel * 2, channel * 2 + 1]) : channel * 2 + wholeNumber(option, 'unit', unit, 1);
  if (unit !== undefined) places.take(option, 'ide', index);
  return attachmentOf('ide', index);
}

/** Which places of each interface are taken, and by whom. */
class Places {
  readonly #taken = new Map<string, string>();
  /** Ids of the AHCI controllers. */
  readonly #controllers: readonly string[];

  constructor(controllers: readonly string[]) {
    this.#controllers = controllers;
  }

  /** The place "ahci0.3" names; undefined where it names no controller of ours. */
  ahciPort(option: string, bus: string, unit: string | undefined): number | undefined {
    const [, id = '', port = ''] = /^(.*)\.(\d+)$/.exec(bus) ?? [];
    const controller = this.#controllers.indexOf(id);
    if (controller < 0) return undefined;
    if (unit !== undefined && unit !== '0') throw new UsageError(`${option}: a port of ${id} has unit=0 only`);
    if (Number(port) >= AHCI_PORTS) throw new UsageError(`${option}: ${id} has ports ${id}.0 to ${id}.${AHCI_PORTS - 1}`);
    const index = controller * AHCI_PORTS + Number(port);
    this.take(option, 'ahci', index);
    return index;
  }

  take(option: string, kind: Interface | 'ahci', index: number): void {
    const key = `${kind} ${index}`;
    const other = this.#taken.get(key);
    if (other !== undefined) throw new UsageError(`${option}: its place (if=${kind}, index=${index}) is taken by ${other}`);
    this.#taken.set(key, option);
  }

  next(option: string, kind: Interface): number {
    return this.nextOf(option, kind, Array.from({ length: MAX_INDEX[kind] + 1 }, (_, index) => index));
  }

  nextOf(option: string, kind: Interface, candidates: readonly number[]): number {
    const index = candidates.find((candidate) => !this.#taken.has(`${kind} ${candidate}`));
    if (index === undefined) throw new UsageError(`${option}: all places are taken (if=${kind})`);
    this.take(option, kind, index);
    return index;
  }
}
