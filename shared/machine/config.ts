// What the user saves about a machine: pure data, no host handles. One zod schema gives the type, the parser of
// the file and of every message. Keys of later versions are kept, so that an older Boxwright never drops them.

import { z } from 'zod';

export const CONFIG_SCHEMA = 1;

export const CPU_MODELS = ['pentium3', 'x86-64-v1', 'x86-64-v2'] as const;
export const CPU_ENGINES = ['jit', 'interpreter'] as const;
export const MAX_SERIAL_PORTS = 4;
export const MAX_NAME_LENGTH = 80;
export const MAX_LABEL_LENGTH = 40;
export const MAX_TAGS = 20;
export const MAX_DESCRIPTION_LENGTH = 10_000;
/** Bounds of what the engine can address today; what fits this host is checked in validate.ts. */
export const MIN_MEMORY_MIB = 8;
export const MAX_MEMORY_MIB = 2048;

/** Also the name of the machine's folder, hence no separators, dots or upper case. */
export const machineId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
export type MachineId = z.infer<typeof machineId>;

const hostPath = z.string().min(1).max(4096);

const serialPort = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('none') }),
  /** Shown in the machine's window. */
  z.looseObject({ kind: z.literal('console') }),
  z.looseObject({ kind: z.literal('file'), path: hostPath }),
]);
export type SerialPortConfig = z.infer<typeof serialPort>;

export const DRIVE_KINDS = ['disk', 'cdrom', 'floppy'] as const;
export type DriveKind = (typeof DRIVE_KINDS)[number];
export const DRIVE_BUSES = ['ide', 'ahci', 'virtio', 'floppy'] as const;
export type DriveBus = (typeof DRIVE_BUSES)[number];
/** How many drives a bus takes. */
export const BUS_SLOTS: Readonly<Record<DriveBus, number>> = { ide: 4, ahci: 30, virtio: 30, floppy: 2 };
/** What may be on a bus. */
export const BUS_KINDS: Readonly<Record<DriveBus, readonly DriveKind[]>> = {
  ide: ['disk', 'cdrom'],
  ahci: ['disk', 'cdrom'],
  virtio: ['disk'],
  floppy: ['floppy'],
};
/** Formats of images by the names of qemu-img. */
export const IMAGE_FORMATS = ['raw', 'qcow2', 'qcow', 'vdi', 'vmdk', 'vpc', 'vhdx', 'parallels', 'dmg', 'gzip'] as const;
export type ImageFormatName = (typeof IMAGE_FORMATS)[number];

/** Unique in the machine: "disk0", "cd0". */
export const driveId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

const drive = z.looseObject({
  id: driveId,
  kind: z.enum(DRIVE_KINDS),
  bus: z.enum(DRIVE_BUSES),
  /** Its place on the bus: on IDE 0 and 1 the primary channel, 2 and 3 the secondary one. */
  slot: z.number().int().min(0).max(29),
  /** null: no medium. A relative path starts at the machine's folder, which can then be moved. */
  path: hostPath.nullable(),
  /** null: found out when the machine starts. */
  format: z.enum(IMAGE_FORMATS).nullable(),
  readOnly: z.boolean(),
  /** The image may name others outside its own folder: whoever made it is trusted. */
  allowReferences: z.boolean().optional(),
});
export type DriveConfig = z.infer<typeof drive>;

/** Formats that disks are made in, the usual one first. */
export const NEW_DISK_FORMATS = ['qcow2', 'raw', 'vdi', 'vmdk', 'vpc', 'vhdx'] as const;
export type NewDiskFormat = (typeof NEW_DISK_FORMATS)[number];
/** What the names of their files end in. */
export const DISK_ENDINGS: Readonly<Record<NewDiskFormat, string>> = { qcow2: 'qcow2', raw: 'img', vdi: 'vdi', vmdk: 'vmdk', vpc: 'vhd', vhdx: 'vhdx' };

/** A disk that is made together with its machine; the drive's path says where. */
export const newDisk = z.object({
  drive: driveId,
  format: z.enum(NEW_DISK_FORMATS),
  bytes: z.number().int().min(1024 * 1024).max(64 * 1024 ** 4),
});
export type NewDisk = z.infer<typeof newDisk>;

/** Or on top of an image, which stays as it is and where it is. */
export const newOverlay = z.object({ drive: driveId, backing: hostPath });
export type NewOverlay = z.infer<typeof newOverlay>;
export type DiskToMake = NewDisk | NewOverlay;

/** A medium for a drive that can change it. */
export const insertedMedium = z.object({
  drive: driveId,
  path: hostPath,
  format: z.enum(IMAGE_FORMATS).nullable(),
});

const firmware = z.looseObject({
  /** The kinds of drives that are tried, in this order. */
  bootOrder: z.array(z.enum(DRIVE_KINDS)).max(3),
  /** It asks what to start. */
  menu: z.boolean(),
  /** What the machine's clock shows. */
  clock: z.enum(['utc', 'local']),
});
export type FirmwareConfig = z.infer<typeof firmware>;
const DEFAULT_FIRMWARE: FirmwareConfig = { bootOrder: ['cdrom', 'disk', 'floppy'], menu: false, clock: 'utc' };

/** A word or a few that machines are found and grouped by. */
export const label = z.string().max(MAX_LABEL_LENGTH).regex(/^[^\p{Cc}\u2028\u2029]*$/u);

/** Everything the user may change. */
export const machineSettings = z.looseObject({
  name: z.string().max(MAX_NAME_LENGTH),
  /** The guest system, by its id in the guest profiles: its icon, and what the form suggested. */
  guest: z.string().max(64).default('other'),
  tags: z.array(label.min(1)).max(MAX_TAGS).default([]),
  /** It is there to be cloned, and is not started itself. */
  template: z.boolean().optional(),
  /** Machines of one group stand together; empty: none. */
  group: label.default(''),
  /** Notes of the user's, of several lines; nothing else that a terminal would obey. */
  description: z.string().max(MAX_DESCRIPTION_LENGTH).regex(/^(?:[\n\t]|\P{Cc})*$/u, 'no control characters but line breaks and tabs').default(''),
  cpu: z.looseObject({ model: z.enum(CPU_MODELS), engine: z.enum(CPU_ENGINES) }),
  memoryMiB: z
    .number()
    .int()
    .min(1)
    .max(1024 * 1024),
  boot: z.looseObject({
    kernel: hostPath.nullable(),
    initrd: hostPath.nullable(),
    commandLine: z.string().max(2047),
  }),
  /** Without a kernel the BIOS starts a system from a drive. */
  firmware: firmware.default(() => DEFAULT_FIRMWARE),
  /** At most what all buses take together. */
  drives: z.array(drive).max(66).default([]),

  display: z.looseObject({ adapter: z.literal('vga'), memoryMiB: z.number().int().min(1).max(64) }),
  serial: z.array(serialPort).max(MAX_SERIAL_PORTS),
});
export type MachineSettings = z.infer<typeof machineSettings>;

export const machineConfig = machineSettings.extend({
  schema: z.literal(CONFIG_SCHEMA),
  id: machineId,
  /** What the guest sees as the machine's identity (SMBIOS, type 1). Absent in files older than it. */
  uuid: z.uuid().optional(),
});
export type MachineConfig = z.infer<typeof machineConfig>;

/** What the wizard starts from. */
export function defaultSettings(name: string): MachineSettings {
  return {
    name,
    guest: 'other',
    tags: [],
    group: '',
    description: '',
    cpu: { model: 'x86-64-v1', engine: 'jit' },
    memoryMiB: 512,
    boot: { kernel: null, initrd: null, commandLine: 'console=tty0 console=ttyS0' },
    firmware: DEFAULT_FIRMWARE,
    drives: [],
    display: { adapter: 'vga', memoryMiB: 16 },
    serial: [{ kind: 'console' }],
  };
}

/** The settings inside a configuration, other keys included. */
export function settingsOf(config: MachineConfig): MachineSettings {
  const { schema: _schema, id: _id, uuid: _uuid, ...settings } = config;
  return settings;
}
