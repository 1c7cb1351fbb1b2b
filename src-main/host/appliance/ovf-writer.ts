// The OVF 1.0 descriptor of a machine, for programs that are not ours, and what it cannot say.
// Reference: DMTF DSP0243 1.0.0; CIM_ResourceAllocationSettingData, DMTF CIM schema 2.22.

import type { ApplianceNote } from '../../../shared/appliance/appliance-view.ts';
import type { DriveConfig, MachineConfig } from '../../../shared/machine/config.ts';
import { guestProfile } from '../../../shared/machine/guest-profiles.ts';
import { OVF_GUESTS } from './ovf-guests.table.ts';

export interface PackedDisk {
  readonly drive: string;
  readonly href: string;
  readonly bytes: number;
  readonly virtualBytes: number;
}

const VMDK_URI = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';
/** Other disks go on SATA, which all programs have. */
type Controller = 'ide0' | 'ide1' | 'sata' | 'none';
const CONTROLLER_IDS: Readonly<Record<Controller, number>> = { ide0: 3, ide1: 4, sata: 5, none: 0 };
const FIRST_DRIVE_ID = 10;

export function writeOvf(config: MachineConfig, disks: readonly PackedDisk[]): string {
  const os = OVF_GUESTS.find(([, profile]) => profile === config.guest)?.[0] ?? 1;
  const files = disks.map(({ href, bytes }, index) => element('File', { 'ovf:id': `file${index + 1}`, 'ovf:href': href, 'ovf:size': bytes }));
  const described = disks.map(({ virtualBytes }, index) =>
    element('Disk', { 'ovf:diskId': `vmdisk${index + 1}`, 'ovf:fileRef': `file${index + 1}`, 'ovf:capacity': virtualBytes, 'ovf:format': VMDK_URI }),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"',
    '  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"',
    '  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"',
    '  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    '  <References>',
    ...files.map(indent(4)),
    '  </References>',
    '  <DiskSection>',
    '    <Info>The disks of the machine</Info>',
    ...described.map(indent(4)),
    '  </DiskSection>',
    `  <VirtualSystem ovf:id="${escaped(config.id)}">`,
    '    <Info>A virtual machine</Info>',
    `    <Name>${escaped(config.name)}</Name>`,
    `    <OperatingSystemSection ovf:id="${os}">`,
    '      <Info>The guest system</Info>',
    `      <Description>${escaped(guestProfile(config.guest)?.name ?? config.guest)}</Description>`,
    '    </OperatingSystemSection>',
    '    <VirtualHardwareSection>',
    '      <Info>The hardware of the machine</Info>',
    ...hardware(config, disks).map(indent(6)),
    '    </VirtualHardwareSection>',
    ...annotation(config.description).map(indent(4)),
    '  </VirtualSystem>',
    '</Envelope>',
    '',
  ].join('\n');
}

function annotation(description: string): string[] {
  if (description === '') return [];
  return ['<AnnotationSection>', '  <Info>Notes on the machine</Info>', `  <Annotation>${escaped(description)}</Annotation>`, '</AnnotationSection>'];
}

function hardware(config: MachineConfig, disks: readonly PackedDisk[]): string[] {
  const drives = config.drives.filter(({ id, kind }) => kind !== 'disk' || disks.some(({ drive }) => drive === id));
  const used = new Set(drives.map(controllerOf));
  const sata = drives.filter((one) => controllerOf(one) === 'sata');
  return [
    `<System><vssd:ElementName>Virtual Hardware Family</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemIdentifier>${escaped(config.name)}</vssd:VirtualSystemIdentifier><vssd:VirtualSystemType>vmx-07</vssd:VirtualSystemType></System>`,
    item({ AllocationUnits: 'hertz * 10^6', Description: 'Number of processors', ElementName: '1 processor', InstanceID: 1, ResourceType: 3, VirtualQuantity: 1 }),
    item({ AllocationUnits: 'byte * 2^20', Description: 'Memory', ElementName: `${config.memoryMiB} MB of memory`, InstanceID: 2, ResourceType: 4, VirtualQuantity: config.memoryMiB }),
    ...(used.has('ide0') ? [item({ Address: 0, Description: 'IDE controller', ElementName: 'IDE 0', InstanceID: 3, ResourceSubType: 'PIIX4', ResourceType: 5 })] : []),
    ...(used.has('ide1') ? [item({ Address: 1, Description: 'IDE controller', ElementName: 'IDE 1', InstanceID: 4, ResourceSubType: 'PIIX4', ResourceType: 5 })] : []),
    ...(used.has('sata') ? [item({ Address: 0, Description: 'SATA controller', ElementName: 'SATA 0', InstanceID: 5, ResourceSubType: 'AHCI', ResourceType: 20 })] : []),
    ...drives.map((drive, index) => driveItem(drive, FIRST_DRIVE_ID + index, sata.indexOf(drive), disks)),
  ];
}

function controllerOf({ bus, slot }: DriveConfig): Controller {
  return bus === 'floppy' ? 'none' : bus === 'ide' ? (slot < 2 ? 'ide0' : 'ide1') : 'sata';
}

/** Elements stand in the order of their names, as the schema wants them. */
function driveItem(drive: DriveConfig, instance: number, sataPort: number, disks: readonly PackedDisk[]): string {
  const controller = controllerOf(drive);
  const place = controller === 'none' ? { AddressOnParent: drive.slot } : { AddressOnParent: controller === 'sata' ? sataPort : drive.slot % 2 };
  const parent = controller === 'none' ? {} : { Parent: CONTROLLER_IDS[controller] };
  const disk = disks.findIndex((one) => one.drive === drive.id);
  if (disk >= 0)
    return item({ ...place, Description: 'Disk', ElementName: drive.id, HostResource: `ovf:/disk/vmdisk${disk + 1}`, InstanceID: instance, ...parent, ResourceType: 17 });
  const type = drive.kind === 'floppy' ? 14 : 15;
  const what = drive.kind === 'floppy' ? 'Floppy drive' : 'CD drive';
  return item({ ...place, AutomaticAllocation: 'false', Description: what, ElementName: drive.id, InstanceID: instance, ...parent, ResourceType: type });
}

/** What the package leaves out of the machine. */
export function ovfLosses(config: MachineConfig): ApplianceNote[] {
  const notes: ApplianceNote[] = [];
  const note = (level: ApplianceNote['level'], text: string) => notes.push({ level, text });
  for (const { id, bus, kind, path, readOnly } of config.drives) {
    if (bus === 'virtio') note('warning', `The disk “${id}” is on virtio; in the package it is on SATA, for which the guest needs a driver.`);
    if (kind !== 'disk' && path !== null) note('info', `Left out: the medium in “${id}”.`);
    if (kind === 'disk' && readOnly) note('info', `Left out: “${id}”, which is only read.`);
  }
  if (config.boot.kernel !== null) note('warning', 'Left out: the kernel that the machine is started with; a package only has disks.');
  for (const [index, port] of config.serial.entries()) if (port.kind !== 'none') note('info', `Left out: serial port ${index + 1}.`);
  note('info', 'Left out: snapshots; a bundle keeps them.');
  return notes;
}

function item(fields: Readonly<Record<string, string | number>>): string {
  return `<Item>${Object.entries(fields).map(([name, value]) => `<rasd:${name}>${escaped(String(value))}</rasd:${name}>`).join('')}</Item>`;
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): string {
  return `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${escaped(String(value))}"`).join(' ')}/>`;
}

/** Characters that XML 1.0 cannot hold are left out. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  const allowed = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '');
  return allowed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function indent(columns: number): (line: string) => string {
  return (line) => `${' '.repeat(columns)}${line}`;
}
