// What the form asks, before it becomes settings: where the machine starts from, its disk and its guest system. Pure
// functions, so that nothing is lost when the user goes back and forth between the choices.

import { DISK_ENDINGS, type DiskToMake, type DriveConfig, defaultSettings, type MachineSettings, type NewDiskFormat } from '../../../shared/machine/config.ts';
import { type GuestProfile, guestProfile, suitedTo } from '../../../shared/machine/guest-profiles.ts';
import { GIB } from '../../../shared/units/bytes.ts';

export const SOURCES = ['cdrom', 'disk', 'kernel'] as const;
export type Source = (typeof SOURCES)[number];
export const DISK_CHOICES = ['new', 'existing', 'none'] as const;
export type DiskChoice = (typeof DISK_CHOICES)[number];

/** Everything the user has entered, whichever of it is in use. */
export interface Plan {
  readonly source: Source;
  readonly files: Readonly<Record<'kernel' | 'initrd' | 'cdrom' | 'disk' | 'floppy', string | null>>;
  readonly diskChoice: DiskChoice;
  readonly newDiskGiB: number;
  readonly newDiskFormat: NewDiskFormat;
  /** A disk image is not written to; the machine's disk lies on it. */
  readonly keepImage: boolean;
  readonly guest: string;
  /** Name, memory, processor, command line: what does not depend on the source. */
  readonly base: MachineSettings;
}

const DISK = 'disk0';
export const MIN_DISK_GIB = 1;
export const MAX_DISK_GIB = 2048;

export function emptyPlan(): Plan {
  const other = guestProfile('other');
  return {
    source: 'cdrom',
    files: { kernel: null, initrd: null, cdrom: null, disk: null, floppy: null },
    diskChoice: 'new',
    newDiskGiB: other?.diskGiB ?? 8,
    newDiskFormat: 'qcow2',
    keepImage: false,
    guest: 'other',
    base: defaultSettings(''),
  };
}

/** The plan with what the guest system is best given, except in fields that the user has been at. */
export function planFor(plan: Plan, profile: GuestProfile, touched: (field: string) => boolean): Plan {
  const { base } = plan;
  const { guest, memoryMiB, cpu, firmware } = suitedTo({ ...base, guest: plan.guest }, profile);
  return {
    ...plan,
    guest,
    diskChoice: touched('disk') ? plan.diskChoice : profile.diskGiB === 0 ? 'none' : 'new',
    newDiskGiB: touched('disk') || profile.diskGiB === 0 ? plan.newDiskGiB : profile.diskGiB,
    base: {
      ...base,
      memoryMiB: touched('memoryMiB') ? base.memoryMiB : memoryMiB,
      cpu: touched('cpu') ? base.cpu : cpu,
      firmware,
    },
  };
}

/** The machine the plan describes. */
export function settingsOfPlan(plan: Plan): MachineSettings {
  const { base, files, source, guest } = plan;
  const kernel = source === 'kernel';
  return {
    ...base,
    guest,
    boot: {
      ...base.boot,
      kernel: kernel ? files.kernel : null,
      initrd: kernel ? files.initrd : null,
    },
    drives: [...disksOf(plan), cdromOf(plan)],
  };
}

/** The disks that are made together with the machine. */
export function newDisksOf(plan: Plan): DiskToMake[] {
  const { files, keepImage, newDiskGiB, newDiskFormat } = plan;
  const choice = effectiveDisk(plan);
  if (choice === 'new') return [{ drive: DISK, format: newDiskFormat, bytes: newDiskGiB * GIB }];
  return choice === 'existing' && keepImage && files.disk !== null ? [{ drive: DISK, backing: files.disk }] : [];
}

/** A machine that starts from a disk image has that disk. */
export function effectiveDisk({ source, diskChoice }: Plan): DiskChoice {
  if (source === 'disk') return 'existing';
  return source === 'kernel' && diskChoice === 'new' ? 'none' : diskChoice;
}

function disksOf(plan: Plan): DriveConfig[] {
  const choice = effectiveDisk(plan);
  if (choice === 'none' || (choice === 'existing' && plan.files.disk === null)) return [];
  const bus = guestProfile(plan.guest)?.diskBus ?? 'ide';
  const disk = { id: DISK, kind: 'disk', bus, slot: 0, readOnly: false } as const;
  if (choice === 'existing' && !plan.keepImage) return [{ ...disk, path: plan.files.disk, format: null }];
  const format = choice === 'new' ? plan.newDiskFormat : 'qcow2';
  return [{ ...disk, path: `disk.${DISK_ENDINGS[format]}`, format }];
}

/** Every machine has a CD drive: media are put in while it runs. */
function cdromOf({ source, files }: Plan): DriveConfig {
  const path = source === 'cdrom' ? files.cdrom : null;
  return { id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path, format: null, readOnly: true };
}
