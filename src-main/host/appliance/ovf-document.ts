// An OVF descriptor as plain data: its files, disks and machines, whichever version says it. What it means for a machine
// of ours is ovf-machine.ts. Reference: DMTF DSP0243 1.0 and 2.0, sections 7 to 9; version 0.9, VMware and XenSource 2007.

import { parseXml, childOf, childrenOf, textIn, type XmlElement } from './xml.ts';
import { damaged, shown, unsupported } from './appliance-error.ts';

export interface OvfFile {
  readonly id: string;
  readonly href: string;
  /** Missing in some. */
  readonly bytes: number | undefined;
  readonly isGzip: boolean;
}

export interface OvfDisk {
  readonly id: string;
  readonly fileRef: string | undefined;
  readonly format: string;
  readonly capacityBytes: number | undefined;
  readonly parentRef: string | undefined;
}

/** One row of the virtual hardware, by CIM's names (CIM_ResourceAllocationSettingData). */
export interface OvfItem {
  readonly id: string;
  readonly type: number;
  readonly subType: string;
  readonly name: string;
  readonly parent: string;
  readonly address: number | undefined;
  readonly addressOnParent: number | undefined;
  readonly quantity: number | undefined;
  readonly units: string;
  readonly hostResource: string;
  readonly connection: string;
}

export interface OvfSystem {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** CIM_OperatingSystem.OSType, and what the file says about it. */
  readonly os: { readonly type: number; readonly text: string };
  readonly items: readonly OvfItem[];
  /** Settings of the program that wrote it: key and value. */
  readonly extra: ReadonlyMap<string, string>;
  /** Sections that nothing is done with. */
  readonly ignored: readonly string[];
}

export interface OvfDocument {
  readonly version: '0.9' | '1.0' | '2.0';
  readonly files: ReadonlyMap<string, OvfFile>;
  readonly disks: ReadonlyMap<string, OvfDisk>;
  readonly systems: readonly OvfSystem[];
  readonly ignored: readonly string[];
}

const MAX_SYSTEMS = 100;

export function readOvf(bytes: Uint8Array, file: string): OvfDocument {
  const root = parseXml(bytes, file);
  if (root.name !== 'Envelope') throw unsupported(file, 'is no OVF descriptor: it does not begin with an Envelope.');
  const sections = root.children.map((element) => ({ element, kind: kindOf(element) }));
  const systems = sections.flatMap(({ element, kind }) => systemsIn(element, kind));
  if (systems.length === 0) throw unsupported(file, 'describes no machine.');
  if (systems.length > MAX_SYSTEMS) throw unsupported(file, `describes more than ${MAX_SYSTEMS} machines.`);
  const disks = sections.filter(({ kind }) => kind === 'DiskSection').flatMap(({ element }) => childrenOf(element, 'Disk'));
  return {
    version: versionOf(root, sections.map(({ element }) => element.name)),
    files: unique(file, 'file', childrenOf(childOf(root, 'References'), 'File').map((one) => fileOf(file, one))),
    disks: unique(file, 'disk', disks.map((one) => diskOf(file, one))),
    systems,
    ignored: sections.map(({ kind }) => kind).filter((kind) => !TOP_KINDS.has(kind)),
  };
}

const TOP_KINDS: ReadonlySet<string> = new Set(['References', 'DiskSection', 'NetworkSection', 'VirtualSystem', 'VirtualSystemCollection', 'Strings']);
const SYSTEM_KINDS: ReadonlySet<string> = new Set(['Info', 'Name', 'OperatingSystemSection', 'VirtualHardwareSection', 'AnnotationSection']);

/** In version 0.9 an element is a Section or a Content, and its type says which. */
function kindOf({ name, attributes }: XmlElement): string {
  if (name !== 'Section' && name !== 'Content') return name;
  return (attributes.get('type') ?? name).replace(/^.*:/, '').replace(/_Type$/, '');
}

function versionOf(root: XmlElement, names: readonly string[]): OvfDocument['version'] {
  if (names.includes('Section') || names.includes('Content')) return '0.9';
  return [...root.attributes.values()].some((value) => value.includes('/envelope/2')) ? '2.0' : '1.0';
}

function systemsIn(element: XmlElement, kind: string, depth = 0): OvfSystem[] {
  if (kind === 'VirtualSystem') return [systemOf(element)];
  if (kind !== 'VirtualSystemCollection' || depth > 8) return [];
  return element.children.flatMap((child) => systemsIn(child, kindOf(child), depth + 1));
}

function systemOf(element: XmlElement): OvfSystem {
  const sections = element.children.map((child) => ({ child, kind: kindOf(child) }));
  const section = (kind: string) => sections.find((one) => one.kind === kind)?.child;
  const hardware = section('VirtualHardwareSection');
  const os = section('OperatingSystemSection');
  const id = element.attributes.get('id') ?? '';
  const osTexts = (os?.children ?? []).filter(({ name }) => name === 'Description' || name === 'OSType').map(({ text }) => text.trim());
  return {
    id,
    name: textIn(element, 'Name') || textIn(childOf(hardware, 'System'), 'VirtualSystemIdentifier') || id,
    description: textIn(section('AnnotationSection'), 'Annotation'),
    os: { type: numberOf(os?.attributes.get('id')) ?? 0, text: [...osTexts, os?.attributes.get('osType') ?? ''].filter((text) => text !== '').join(' ') },
    items: (hardware?.children ?? []).filter(({ name }) => ITEMS.has(name)).map(itemOf),
    extra: new Map(
      (hardware?.children ?? [])
        .filter(({ name }) => name === 'Config' || name === 'ExtraConfig')
        .map(({ attributes }) => [attributes.get('key') ?? '', attributes.get('value') ?? '']),
    ),
    ignored: sections.map(({ kind }) => kind).filter((kind) => !SYSTEM_KINDS.has(kind)),
  };
}

/** 2.0 has rows of their own kind for disks and network ports. */
const ITEMS: ReadonlySet<string> = new Set(['Item', 'StorageItem', 'EthernetPortItem']);

function itemOf(element: XmlElement): OvfItem {
  const text = (...names: string[]) => names.map((name) => textIn(element, name)).find((found) => found !== '') ?? '';
  return {
    id: text('InstanceID', 'InstanceId'),
    type: numberOf(text('ResourceType')) ?? 0,
    subType: text('ResourceSubType'),
    name: text('ElementName', 'Caption', 'Description'),
    parent: text('Parent'),
    address: numberOf(text('Address')),
    addressOnParent: numberOf(text('AddressOnParent')),
    quantity: numberOf(text('VirtualQuantity')),
    units: text('AllocationUnits'),
    hostResource: text('HostResource'),
    connection: text('Connection'),
  };
}

function fileOf(file: string, { attributes }: XmlElement): OvfFile {
  const [id, href] = [attributes.get('id') ?? '', attributes.get('href') ?? ''];
  const compression = attributes.get('compression') ?? '';
  if (attributes.has('chunkSize')) throw unsupported(file, `keeps “${shown(href)}” in several pieces; put them together and correct the descriptor.`);
  if (compression !== '' && compression !== 'identity' && compression !== 'gzip')
    throw unsupported(file, `has “${shown(href)}” compressed in a way that is not known: ${shown(compression)}.`);
  return { id, href, bytes: numberOf(attributes.get('size')), isGzip: compression === 'gzip' };
}

function diskOf(file: string, { attributes }: XmlElement): OvfDisk {
  const [id, capacity] = [attributes.get('diskId') ?? '', attributes.get('capacity')];
  const units = unitBytes(attributes.get('capacityAllocationUnits') ?? 'byte');
  const count = numberOf(capacity);
  if (units === undefined) throw unsupported(file, `gives the size of the disk “${shown(id)}” in units that are not known.`);
  return {
    id,
    fileRef: attributes.get('fileRef') || undefined,
    format: attributes.get('format') ?? '',
    capacityBytes: count === undefined ? undefined : count * units,
    parentRef: attributes.get('parentRef') || undefined,
  };
}

function unique<T extends { readonly id: string }>(file: string, what: string, all: readonly T[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const one of all) {
    if (found.has(one.id)) throw damaged(file, `names the ${what} “${shown(one.id)}” twice.`);
    found.set(one.id, one);
  }
  return found;
}

/** "byte * 2^20" (DSP0004, annex C), and what older files have: "MegaBytes", "MB". */
export function unitBytes(text: string): number | undefined {
  const plain = text.replace(/\s+/g, '').toLowerCase();
  const power = /^bytes?(?:\*(2|10)\^(\d{1,2}))?$/.exec(plain);
  if (power) return power[1] === undefined ? 1 : Number(power[1]) ** Number(power[2]);
  const [, scale = ''] = /^(kilo|mega|giga|tera|k|m|g|t)i?b(?:ytes?)?$/.exec(plain) ?? [];
  return { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }[scale[0] ?? ''];
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d{1,15}\s*$/.test(text)) return undefined;
  return Number(text);
}
