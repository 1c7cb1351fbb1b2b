// New VMDK disks of all subformats.

import { writeU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageHost } from '../../image-format.ts';
import { badOption, roundUp } from '../../sparse/fields.ts';
import { booleanOption, choiceOption, refuseUnknownOptions } from '../../sparse/options.ts';
import { preallocate } from '../../sparse/preallocate.ts';
import { buildDescriptor, type ExtentLine, NO_PARENT } from './descriptor.ts';
import { readVmdk } from './read-descriptor.ts';
import { buildSparseHeader, directoryEntries, FLAGS, SECTOR, type SparseHeader } from './sparse-header.ts';
import { appendStreamEnd } from './stream-writer.ts';

export const VMDK_CREATE_OPTIONS = [
  {
    name: 'subformat',
    help: 'monolithicSparse (default), monolithicFlat, twoGbMaxExtentSparse, twoGbMaxExtentFlat or streamOptimized',
  },
  { name: 'adapter_type', help: 'Virtual adapter type: ide (default), lsilogic, buslogic or legacyESX' },
  { name: 'hwversion', help: 'VMDK hardware version (default 4)' },
  { name: 'compat6', help: 'VMDK hardware version 6' },
  { name: 'toolsversion', help: 'VMware guest tools version' },
  { name: 'zeroed_grain', help: 'Enable efficient writes of zeroes, using the zeroed-grain table entry' },
  { name: 'preallocation', help: 'Preallocation mode of flat extents (allowed values: off, falloc, full)' },
];

const SUBFORMATS = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
] as const;
type Subformat = (typeof SUBFORMATS)[number];

const GRAIN = 128;
const ENTRIES = 512;
const DESCRIPTOR_SECTORS = 20;
const SPLIT = 2 ** 31;
const MAX_SPARSE = 2 ** 41 - 2 ** 33;

export const createVmdk = async (
  store: ByteStore,
  host: ImageHost,
  options: CreateOptions,
): Promise<void> => {
  const { name } = store;
  refuseUnknownOptions(name, options.options, VMDK_CREATE_OPTIONS);
  const subformat = choiceOption(name, options.options, 'subformat', SUBFORMATS, 'monolithicSparse');
  const flat = subformat.endsWith('Flat');
  const length = roundUp(options.length, SECTOR);
  const preallocation = options.preallocation ?? 'off';
  if (flat && options.backing) throw badOption(name, 'a flat VMDK disk cannot have a parent');
  if (subformat === 'streamOptimized' && options.backing)
    throw badOption(name, 'a streamOptimized VMDK disk cannot have a parent');
  if (preallocation === 'metadata' || (preallocation !== 'off' && !flat))
    throw badOption(name, `preallocation=${preallocation} is not for ${subformat} VMDK disks`);
  if (subformat !== 'monolithicFlat' && !subformat.startsWith('twoGb') && length > MAX_SPARSE)
    throw badOption(
      name,
      `a ${subformat} VMDK disk has at most 2040 GiB; use subformat=twoGbMaxExtentSparse`,
    );
  const zeroGrain = booleanOption(name, options.options, 'zeroed_grain', false);
  const extents = extentLines(options.path, length, subformat);
  const descriptor = await describe(host, options, subformat, extents);
  if (subformat === 'monolithicSparse') return writeSparse(store, length, zeroGrain, descriptor);
  if (subformat === 'streamOptimized') return writeStream(store, length, descriptor);
  for (const extent of extents) {
    const file = await host.files.create(host.files.resolve(options.path, extent.name!));
    try {
      if (flat) await preallocate(file, 0, extent.sectors * SECTOR, preallocation);
      else await writeSparse(file, extent.sectors * SECTOR, zeroGrain, undefined);
      await file.flush();
    } finally {
      await file.close();
    }
  }
  await store.writeAt(0, descriptor);
};

const extentLines = (path: string, length: number, subformat: Subformat): readonly ExtentLine[] => {
  const file = path.split(/[\\/]/).at(-1)!;
  const stem = file.replace(/\.vmdk$/i, '');
  const flat = subformat.endsWith('Flat');
  const line = (bytes: number, name: string): ExtentLine => ({
    access: 'RW',
    sectors: bytes / SECTOR,
    type: flat ? 'FLAT' : 'SPARSE',
    name,
    offset: 0,
  });
  if (subformat === 'monolithicFlat') return [line(length, `${stem}-flat.vmdk`)];
  if (!subformat.startsWith('twoGb')) return [line(length, file)];
  const lines: ExtentLine[] = [];
  for (let start = 0; start < length || lines.length === 0; start += SPLIT) {
    const number = String(lines.length + 1).padStart(3, '0');
    lines.push(line(Math.min(SPLIT, length - start), `${stem}-${flat ? 'f' : 's'}${number}.vmdk`));
  }
  return lines;
};

const describe = async (
  host: ImageHost,
  options: CreateOptions,
  subformat: Subformat,
  extents: readonly ExtentLine[],
): Promise<Uint8Array> => {
  const { path, backing } = options;
  const compat6 = booleanOption(path, options.options, 'compat6', false);
  if (compat6 && options.options['hwversion'] !== undefined)
    throw badOption(path, 'compat6 and hwversion contradict each other');
  if (backing && backing.format !== 'vmdk')
    throw badOption(path, `the parent of a VMDK disk is a VMDK disk, not ${backing.format}`);
  if (backing && /["\n]/.test(backing.name))
    throw badOption(path, 'the name of the parent cannot be written');
  const version = compat6 ? '6' : (options.options['hwversion'] ?? '4');
  const tools = options.options['toolsversion'] ?? '2147483647';
  if (!/^\d+$/.test(version) || !/^\d+$/.test(tools)) throw badOption(path, 'versions are numbers');
  const random = host.random(4);
  return buildDescriptor({
    cid: ((random[0]! << 24) | (random[1]! << 16) | (random[2]! << 8) | random[3]!) >>> 0,
    parentCid: backing ? await cidOf(host, path, backing.name) : NO_PARENT,
    parentName: backing?.name,
    createType: subformat,
    extents,
    hardwareVersion: version,
    toolsVersion: tools,
    adapterType: choiceOption(
      path,
      options.options,
      'adapter_type',
      ['ide', 'lsilogic', 'buslogic', 'legacyESX'],
      'ide',
    ),
  });
};

export const cidOf = async (host: ImageHost, path: string, name: string): Promise<number> => {
  const store = await host.files.open(host.files.resolve(path, name), 'read');
  try {
    return (await readVmdk(store)).descriptor.cid;
  } finally {
    await store.close();
  }
};

/** Both copies of directory and tables are there from the start; the tables are empty, and take no room. */
const writeSparse = async (
  store: ByteStore,
  length: number,
  zeroGrain: boolean,
  descriptor: Uint8Array | undefined,
): Promise<void> => {
  if (length > MAX_SPARSE) throw badOption(store.name, 'a sparse VMDK extent has at most 2040 GiB');
  const before = 1 + (descriptor ? DESCRIPTOR_SECTORS : 0);
  const shape: SparseHeader = {
    version: zeroGrain ? 2 : 1,
    flags: FLAGS.newLineTest | FLAGS.redundantTable | (zeroGrain ? FLAGS.zeroGrain : 0),
    capacity: length / SECTOR,
    grainSize: GRAIN,
    descriptorOffset: descriptor ? 1 : 0,
    descriptorSize: descriptor ? DESCRIPTOR_SECTORS : 0,
    entriesPerTable: ENTRIES,
    redundantDirectory: before,
    directory: 0,
    overhead: 0,
    compression: 0,
  };
  const tables = directoryEntries(shape);
  const directorySectors = Math.ceil((tables * 4) / SECTOR);
  const tableSectors = (ENTRIES * 4) / SECTOR;
  const directory = before + directorySectors + tables * tableSectors;
  const overhead = roundUp(directory + directorySectors + tables * tableSectors, GRAIN);
  await store.truncate(overhead * SECTOR);
  for (const start of [before, directory]) {
    const entries = new Uint8Array(directorySectors * SECTOR);
    for (let i = 0; i < tables; i++) writeU32(entries, i * 4, start + directorySectors + i * tableSectors);
    await store.writeAt(start * SECTOR, entries);
  }
  if (descriptor) await writeDescriptor(store, descriptor);
  await store.writeAt(0, buildSparseHeader({ ...shape, directory, overhead }));
};

const writeDescriptor = async (store: ByteStore, descriptor: Uint8Array): Promise<void> => {
  if (descriptor.length > DESCRIPTOR_SECTORS * SECTOR)
    throw badOption(store.name, 'the name of the parent is too long');
  await store.writeAt(SECTOR, descriptor);
};

const writeStream = async (store: ByteStore, length: number, descriptor: Uint8Array): Promise<void> => {
  const header: SparseHeader = {
    version: 3,
    flags: FLAGS.newLineTest | FLAGS.compressed | FLAGS.markers,
    capacity: length / SECTOR,
    grainSize: GRAIN,
    descriptorOffset: 1,
    descriptorSize: DESCRIPTOR_SECTORS,
    entriesPerTable: ENTRIES,
    redundantDirectory: 0,
    directory: undefined,
    overhead: GRAIN,
    compression: 1,
  };
  await store.truncate(GRAIN * SECTOR);
  await writeDescriptor(store, descriptor);
  await store.writeAt(0, buildSparseHeader(header));
  const directory = new Uint8Array(roundUp(directoryEntries(header) * 4, SECTOR));
  await appendStreamEnd(header, directory, GRAIN * SECTOR, (bytes) => store.writeAt(store.length, bytes));
};
