// What a machine in an OVF descriptor becomes here: settings, the disks to fill, and what had to be left out or changed,
// line by line. Pure: files are appliance-import.ts's business.
// Reference: CIM_ResourceAllocationSettingData.ResourceType, DMTF CIM schema 2.22.

import type { ApplianceNote } from '../../../shared/appliance/appliance-view.ts';
import { BUS_SLOTS, type DriveBus, type DriveConfig, defaultSettings, MAX_DESCRIPTION_LENGTH, MAX_MEMORY_MIB, MAX_NAME_LENGTH, MIN_MEMORY_MIB, type MachineSettings } from '../../../shared/machine/config.ts';
import { GUEST_PROFILES, type GuestProfile } from '../../../shared/machine/guest-profiles.table.ts';
import { MIB } from '../../../shared/units/bytes.ts';
import { damaged, shown, shownLines } from './appliance-error.ts';
import { type OvfDisk, type OvfDocument, type OvfFile, type OvfItem, type OvfSystem, unitBytes } from './ovf-document.ts';
import { OVF_GUESTS } from './ovf-guests.table.ts';

/** CIM's numbers. */
const TYPE = { other: 1, cpu: 3, memory: 4, ide: 5, scsi: 6, ethernet: 10, floppyDrive: 14, cd: 15, dvd: 16, disk: 17, storage: 20, usb: 23, display: 24, sound: 35 };

export interface OvfDrivePlan {
  readonly drive: string;
  readonly kind: DriveConfig['kind'];
  /** In the machine's folder. */
  readonly target: string;
  /** Absent: an empty disk of this size. */
  readonly file: OvfFile | undefined;
  readonly format: string;
  readonly capacityBytes: number | undefined;
  readonly label: string;
}

export interface OvfPlan {
  readonly settings: MachineSettings;
  readonly drives: readonly OvfDrivePlan[];
  readonly notes: readonly ApplianceNote[];
}

type Note = (level: ApplianceNote['level'], text: string) => void;

export function planMachine(document: OvfDocument, system: OvfSystem, file: string): OvfPlan {
  const notes: ApplianceNote[] = [];
  const note: Note = (level, text) => void (notes.length < 400 && notes.push({ level, text: shown(text, 900) }));
  const guest = guestOf(system);
  const defaults = defaultSettings(shown(system.name, MAX_NAME_LENGTH) || 'Imported machine');
  const { plans, drives } = planDrives(document, system, file, note);
  noteOthers(document, system, note);
  const settings: MachineSettings = {
    ...defaults,
    description: shownLines(system.description, MAX_DESCRIPTION_LENGTH),
    guest: guest.id,
    cpu: { model: guest.cpuModel, engine: 'jit' },
    memoryMiB: memoryOf(system, guest, note),
    firmware: { bootOrder: ['disk', 'cdrom', 'floppy'], menu: false, clock: guest.clock },
    drives,
  };
  return { settings, drives: plans, notes };
}

function guestOf({ os, name }: OvfSystem): GuestProfile {
  const byType = OVF_GUESTS.find(([type]) => type === os.type && type !== TYPE.other)?.[1];
  const words = `${os.text} ${name}`.replace(/_/g, ' ');
  const isVague = byType === undefined || byType === 'linux' || byType === 'other';
  const byText = isVague ? GUEST_PROFILES.find(({ media }) => media.some((one) => one.test(words)))?.id : undefined;
  const found = (id: string | undefined) => GUEST_PROFILES.find((profile) => profile.id === id);
  const fallback = found('other');
  if (fallback === undefined) throw new Error('there is no profile for other systems');
  return found(byText) ?? found(byType) ?? fallback;
}

function memoryOf({ items }: OvfSystem, guest: GuestProfile, note: Note): number {
  const item = items.find(({ type }) => type === TYPE.memory);
  const unit = unitBytes(item?.units || 'byte * 2^20');
  const wanted = item?.quantity === undefined || unit === undefined ? undefined : Math.round((item.quantity * unit) / MIB);
  if (wanted === undefined) {
    note('warning', `How much memory the machine had is not said; it gets ${guest.memoryMiB} MiB.`);
    return guest.memoryMiB;
  }
  const given = Math.min(MAX_MEMORY_MIB, Math.max(MIN_MEMORY_MIB, wanted));
  if (given !== wanted) note('warning', `The machine had ${wanted} MiB of memory; it gets ${given} MiB.`);
  return given;
}

function planDrives(document: OvfDocument, system: OvfSystem, file: string, note: Note): { plans: OvfDrivePlan[]; drives: DriveConfig[] } {
  const drives: DriveConfig[] = [];
  const plans: OvfDrivePlan[] = [];
  const rows = system.items.filter(({ type }) => [TYPE.disk, TYPE.cd, TYPE.dvd, TYPE.floppyDrive].includes(type));
  for (const item of rows) {
    const kind = item.type === TYPE.disk ? 'disk' : item.type === TYPE.floppyDrive ? 'floppy' : 'cdrom';
    const label = shown(item.name) || kind;
    const place = placeFor(system, item, kind, drives, note);
    if (place === undefined) {
      note('warning', `There is no place for the drive “${label}”; it is left out.`);
      continue;
    }
    const id = `${kind === 'cdrom' ? 'cd' : kind}${drives.filter((one) => one.kind === kind).length}`;
    const source = sourceOf(document, item, file);
    if (source === undefined && kind === 'disk') {
      note('warning', `The disk “${label}” is on a device or network of its former computer; it is left out.`);
      continue;
    }
    const target = source === undefined ? null : `${id}.${kind === 'disk' ? 'qcow2' : kind === 'cdrom' ? 'iso' : 'img'}`;
    drives.push({ id, kind, ...place, path: target, format: target === null ? null : kind === 'disk' ? 'qcow2' : 'raw', readOnly: kind === 'cdrom' });
    if (source !== undefined && target !== null) plans.push({ drive: id, kind, target, label, ...source });
  }
  return { plans, drives };
}

interface Source {
  readonly file: OvfFile | undefined;
  readonly format: string;
  readonly capacityBytes: number | undefined;
}

/** "ovf:/disk/vmdisk1" or "ovf:/file/file1"; version 0.9 has "disk/vmdisk1". */
function sourceOf(document: OvfDocument, { hostResource }: OvfItem, file: string): Source | undefined {
  const [, kind, id = ''] = /^(?:ovf:)?\/*(disk|file)\/(.+)$/.exec(hostResource) ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'file') return { file: requireFile(document, id, file), format: '', capacityBytes: undefined };
  const disk = document.disks.get(id);
  if (disk === undefined) throw damaged(file, `names a disk “${shown(id)}” that it does not describe.`);
  return ofDisk(document, disk, file);
}

function ofDisk(document: OvfDocument, { id, fileRef, format, capacityBytes, parentRef }: OvfDisk, file: string): Source {
  if (parentRef !== undefined) throw damaged(file, `has a disk “${shown(id)}” that only holds differences to another; export the machine again without snapshots.`);
  if (fileRef === undefined && capacityBytes === undefined) throw damaged(file, `has a disk “${shown(id)}” without a file and without a size.`);
  return { file: fileRef === undefined ? undefined : requireFile(document, fileRef, file), format, capacityBytes };
}

function requireFile({ files }: OvfDocument, id: string, file: string): OvfFile {
  const found = files.get(id);
  if (found === undefined) throw damaged(file, `names a file “${shown(id)}” that it does not list.`);
  return found;
}

type Place = Pick<DriveConfig, 'bus' | 'slot'>;

/** Where it was, as far as there is such a bus here; else the nearest. */
function placeFor(system: OvfSystem, item: OvfItem, kind: DriveConfig['kind'], taken: readonly DriveConfig[], note: Note): Place | undefined {
  if (kind === 'floppy') return free('floppy', item.addressOnParent ?? 0, taken);
  const controller = system.items.find(({ id }) => id !== '' && id === item.parent);
  const unit = item.addressOnParent ?? 0;
  if (controller?.type === TYPE.ide) {
    const channels = system.items.filter(({ type }) => type === TYPE.ide);
    const channel = controller.address ?? channels.indexOf(controller);
    return free('ide', (channel % 2) * 2 + (unit % 4), taken) ?? free('ahci', 0, taken);
  }
  const isSata = controller?.type === TYPE.storage && /ahci|sata/i.test(controller.subType);
  if (!isSata && kind === 'disk') {
    const was = controller === undefined ? 'a controller that is not described' : shown(controller.subType || controller.name);
    note('warning', `The disk “${shown(item.name)}” was on ${was}; it is put on SATA, for which the guest needs a driver.`);
  }
  return free('ahci', unit, taken) ?? free('ide', 0, taken);
}

function free(bus: DriveBus, wanted: number, taken: readonly DriveConfig[]): Place | undefined {
  const used = new Set(taken.filter((one) => one.bus === bus).map(({ slot }) => slot));
  for (let step = 0; step < BUS_SLOTS[bus]; step++) {
    const slot = (wanted + step) % BUS_SLOTS[bus];
    if (!used.has(slot)) return { bus, slot };
  }
  return undefined;
}

const LEFT_OUT: Readonly<Record<number, string>> = {
  [TYPE.ethernet]: 'network adapter',
  [TYPE.usb]: 'USB controller',
  [TYPE.sound]: 'sound card',
};
const USED: ReadonlySet<number> = new Set([TYPE.cpu, TYPE.memory, TYPE.ide, TYPE.scsi, TYPE.storage, TYPE.floppyDrive, TYPE.cd, TYPE.dvd, TYPE.disk, TYPE.display]);

/** What the machine had and does not get. */
function noteOthers(document: OvfDocument, system: OvfSystem, note: Note): void {
  for (const { type, quantity } of system.items)
    if (type === TYPE.cpu && (quantity ?? 1) > 1) note('info', `The machine had ${quantity} processors; it gets one.`);
  for (const { type, name, subType, connection } of system.items) {
    if (USED.has(type)) continue;
    const details = [subType, connection].map((text) => shown(text)).filter((text) => text !== '');
    const what = LEFT_OUT[type] ?? 'device';
    note(type === TYPE.ethernet ? 'warning' : 'info', `Left out: ${what} “${shown(name)}”${details.length > 0 ? ` (${details.join(', ')})` : ''}.`);
  }
  const firmware = [...system.extra].find(([key]) => key.toLowerCase() === 'firmware')?.[1];
  if (firmware !== undefined && /efi/i.test(firmware)) note('warning', 'The machine started by UEFI; here it starts by a BIOS, for which its disk may not be prepared.');
  for (const kind of [...document.ignored, ...system.ignored]) note('info', `Left out: ${SECTIONS[kind] ?? `the section ${shown(kind)}`}.`);
  if (system.extra.size > 0) note('info', `Left out: ${system.extra.size} settings of the program that made the package.`);
}

const SECTIONS: Readonly<Record<string, string>> = {
  ProductSection: 'what is said about the product, and values the guest would be given',
  EulaSection: 'the licence; read it in the descriptor',
  Machine: 'VirtualBox’s own settings (vbox:Machine)',
  StartupSection: 'the order in which machines are started',
  ResourceAllocationSection: 'limits of processor time and memory',
  DeploymentOptionSection: 'the sizes to choose from; the default one is taken',
};
