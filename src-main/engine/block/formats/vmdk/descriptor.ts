// The text that describes a VMDK disk: its identity, its parent and its extents; a file of its own or embedded in a
// sparse extent. Reference: VMware, "Virtual Disk Format 5.0", section "The Disk Descriptor File".

import { fromUtf8, utf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, unsupported } from '../../sparse/fields.ts';

export const NO_PARENT = 0xffff_ffff;
export const MAX_DESCRIPTOR = 1 << 20;
const MAX_EXTENTS = 4096;

export interface ExtentLine {
  readonly access: string;
  readonly sectors: number;
  readonly type: string;
  readonly name: string | undefined;
  /** Of a flat extent in its file, in sectors. */
  readonly offset: number;
}

export interface Descriptor {
  readonly text: string;
  readonly cid: number;
  readonly parentCid: number;
  readonly createType: string;
  readonly parentName: string | undefined;
  readonly extents: readonly ExtentLine[];
}

const EXTENT =
  /^(RW|RDONLY|NOACCESS)[ \t]+(\d{1,15})[ \t]+(\w+)(?:[ \t]+"([^"\n]*)"(?:[ \t]+(\d{1,15}))?)?[ \t]*$/gm;

/** Keys may be in any case and have spaces around; a value may be quoted. */
const keyValue = (text: string, key: string): string | undefined => {
  const match = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*"?([^"\\n]*?)"?[ \\t]*$`, 'im').exec(text);
  return match?.[1];
};

export const looksLikeDescriptor = (head: Uint8Array): boolean => {
  const text = String.fromCharCode(...head.subarray(0, 2048));
  return (
    /^(?:\s*#[^\n]*\n|\s*\n)*\s*version\s*=\s*\d/i.test(text) &&
    /# *Disk DescriptorFile|createType/i.test(text)
  );
};

export const parseDescriptor = (bytes: Uint8Array, file: string, position: number): Descriptor => {
  const end = bytes.indexOf(0);
  const text = fromUtf8(end < 0 ? bytes : bytes.subarray(0, end)).replaceAll('\r\n', '\n');
  const fail = (problem: string) => corrupt(file, 'VMDK descriptor', position, problem);
  const hex = (key: string): number => {
    const value = keyValue(text, key);
    if (value !== undefined && /^[0-9a-f]{1,8}$/i.test(value)) return Number.parseInt(value, 16);
    throw fail(`${key} is missing or not a number`);
  };
  const createType = keyValue(text, 'createType');
  if (createType === undefined) throw fail('createType is missing');
  const extents = [...text.matchAll(EXTENT)].map(
    ([, access, sectors, type, name, offset]): ExtentLine => ({
      access: access!,
      sectors: Number(sectors),
      type: type!,
      name,
      offset: Number(offset ?? 0),
    }),
  );
  if (extents.length > MAX_EXTENTS) throw unsupported(file, `a disk of ${extents.length} extents`);
  const parentName = keyValue(text, 'parentFileNameHint');
  return {
    text,
    cid: hex('CID'),
    parentCid: keyValue(text, 'parentCID') === undefined ? NO_PARENT : hex('parentCID'),
    createType,
    parentName: parentName === '' ? undefined : parentName,
    extents,
  };
};

export interface NewDescriptor {
  readonly cid: number;
  readonly parentCid: number;
  readonly parentName: string | undefined;
  readonly createType: string;
  readonly extents: readonly ExtentLine[];
  readonly hardwareVersion: string;
  readonly toolsVersion: string;
  readonly adapterType: string;
}

export const buildDescriptor = (disk: NewDescriptor): Uint8Array => {
  const sectors = disk.extents.reduce((sum, extent) => sum + extent.sectors, 0);
  const heads = disk.adapterType === 'ide' ? 16 : 255;
  const extents = disk.extents.map(({ access, sectors: size, type, name, offset }) => {
    const place = type === 'FLAT' ? ` ${offset}` : '';
    return `${access} ${size} ${type} "${name}"${place}`;
  });
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${hexOf(disk.cid)}`,
    `parentCID=${hexOf(disk.parentCid)}`,
    `createType="${disk.createType}"`,
    ...(disk.parentName === undefined ? [] : [`parentFileNameHint="${disk.parentName}"`]),
    '',
    '# Extent description',
    ...extents,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    `ddb.virtualHWVersion = "${disk.hardwareVersion}"`,
    `ddb.geometry.cylinders = "${Math.floor(sectors / (heads * 63))}"`,
    `ddb.geometry.heads = "${heads}"`,
    'ddb.geometry.sectors = "63"',
    `ddb.adapterType = "${disk.adapterType}"`,
    `ddb.toolsVersion = "${disk.toolsVersion}"`,
    '',
  ];
  return utf8(lines.join('\n'));
};

const hexOf = (value: number): string => value.toString(16).padStart(8, '0');

/** The text with another parent, or none; everything else stays. */
export const withParent = (text: string, parent: { cid: number; name: string } | undefined): string => {
  const cid = `parentCID=${hexOf(parent?.cid ?? NO_PARENT)}`;
  const hint = parent ? [`parentFileNameHint="${parent.name}"`] : [];
  const lines = text.split('\n').filter((line) => !/^[ \t]*parent(CID|FileNameHint)[ \t]*=/i.test(line));
  const after = lines.findIndex((line) => /^[ \t]*createType[ \t]*=/i.test(line)) + 1;
  return [...lines.slice(0, after), cid, ...hint, ...lines.slice(after)].join('\n');
};

/** Gives the disk a new content identity, in place: as many digits as before, so that nothing else moves. */
export const renewCid = async (
  store: ByteStore,
  position: number,
  descriptor: Descriptor,
  random: Uint8Array,
): Promise<number> => {
  // In the file's own bytes, for line ends may have been replaced when it was read.
  const bytes = new Uint8Array(Math.min(4096, store.length - position));
  await store.readAt(position, bytes);
  const match = /(?:^|\n)[ \t]*CID[ \t]*=[ \t]*([0-9a-f]{1,8})/i.exec(String.fromCharCode(...bytes));
  if (!match) return descriptor.cid;
  const digits = match[1]!.length;
  const start = match.index + match[0].length - digits;
  const text = [...random.subarray(0, digits)].map((byte) => (byte & 15).toString(16)).join('');
  await store.writeAt(position + start, utf8(text));
  return Number.parseInt(text, 16);
};
