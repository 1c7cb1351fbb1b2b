// New VHDX files: fixed, dynamic and differencing.

import { writeU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageHost } from '../../image-format.ts';
import { badOption, isPowerOfTwo, roundUp } from '../../sparse/fields.ts';
import { booleanOption, choiceOption, refuseUnknownOptions, sizeOption } from '../../sparse/options.ts';
import { preallocate } from '../../sparse/preallocate.ts';
import { chunkRatio, STATES, tableEntries } from './block-table.ts';
import { newGuid } from './guid.ts';
import { VhdxHeaders, writeFirstHeaders } from './headers.ts';
import { type VhdxMetadata, writeMetadata } from './metadata.ts';
import { locatorFor } from './parent-locator.ts';
import { type Region, writeRegions } from './regions.ts';

const MEBI = 1 << 20;
const GIBI = 2 ** 30;
const MAX_LENGTH = 64 * 2 ** 40;
const SECTOR = 512;

export const VHDX_CREATE_OPTIONS = [
  { name: 'subformat', help: 'VHDX format type: dynamic (default) or fixed' },
  {
    name: 'block_size',
    help: 'Block size, 1M to 256M and a power of two; 0: chosen by the size of the disk',
  },
  { name: 'log_size', help: 'Log size, at least 1M' },
  { name: 'block_state_zero', help: 'Accepted; blocks that were never written read zero either way' },
  { name: 'preallocation', help: 'Preallocation mode of a fixed disk (allowed values: off, falloc, full)' },
];

export const blockSizeFor = (length: number): number => {
  if (length > 32 * 2 ** 40) return 64 * MEBI;
  if (length > 100 * GIBI) return 32 * MEBI;
  return length > GIBI ? 16 * MEBI : 8 * MEBI;
};

export const createVhdx = async (
  store: ByteStore,
  host: ImageHost,
  options: CreateOptions,
): Promise<void> => {
  const { name } = store;
  refuseUnknownOptions(name, options.options, VHDX_CREATE_OPTIONS);
  const fixed = choiceOption(name, options.options, 'subformat', ['dynamic', 'fixed'], 'dynamic') === 'fixed';
  booleanOption(name, options.options, 'block_state_zero', true);
  const { backing } = options;
  const preallocation = options.preallocation ?? 'off';
  if (fixed && backing) throw badOption(name, 'a differencing disk cannot be fixed');
  if (preallocation === 'metadata' || (preallocation !== 'off' && !fixed))
    throw badOption(name, `preallocation=${preallocation} is only for fixed VHDX disks`);
  const length = roundUp(options.length, SECTOR);
  if (length === 0 || length > MAX_LENGTH)
    throw badOption(name, 'a VHDX disk has at least a sector and at most 64 TiB');
  const logLength = roundUp(sizeOption(name, options.options, 'log_size', MEBI), MEBI);
  if (logLength < MEBI || logLength > 64 * MEBI)
    throw badOption(name, 'log_size is at least 1M and at most 64M');
  const metadata: Omit<VhdxMetadata, 'lengthPosition'> = {
    length,
    blockSize: blockSizeOption(name, options, length),
    sectorSize: SECTOR,
    fixed,
    diskId: newGuid(host.random(16)),
    parent: backing && (await locateParent(host, options)),
  };
  const table = { position: MEBI + logLength + MEBI, length: roundUp(tableEntries(metadata) * 8, MEBI) };
  const regions = { metadata: { position: MEBI + logLength, length: MEBI }, table };
  await store.truncate(table.position + table.length);
  await writeFirstHeaders(store, {
    fileWriteGuid: newGuid(host.random(16)),
    dataWriteGuid: newGuid(host.random(16)),
    logGuid: new Uint8Array(16),
    logPosition: MEBI,
    logLength,
  });
  await writeRegions(store, regions);
  await writeMetadata(store, regions.metadata, { ...metadata, physicalSector: 4096 });
  if (fixed) await writeFixed(store, table, metadata, preallocation);
};

const blockSizeOption = (name: string, options: CreateOptions, length: number): number => {
  const wanted = sizeOption(name, options.options, 'block_size', 0);
  if (wanted === 0) return options.backing ? 2 * MEBI : blockSizeFor(length);
  if (isPowerOfTwo(wanted) && wanted >= MEBI && wanted <= 256 * MEBI) return wanted;
  throw badOption(name, 'block_size is a power of two from 1M to 256M');
};

const locateParent = async (
  host: ImageHost,
  options: CreateOptions,
): Promise<ReadonlyMap<string, string>> => {
  const backing = options.backing!;
  if (backing.format !== 'vhdx')
    throw badOption(options.path, `the parent of a VHDX disk is a VHDX disk, not ${backing.format}`);
  const parent = await host.files.open(host.files.resolve(options.path, backing.name), 'read');
  try {
    return locatorFor(backing.name, (await VhdxHeaders.read(parent)).current.dataWriteGuid);
  } finally {
    await parent.close();
  }
};

/** All blocks one behind the other, after the table. */
const writeFixed = async (
  store: ByteStore,
  table: Region,
  metadata: Omit<VhdxMetadata, 'lengthPosition'>,
  preallocation: CreateOptions['preallocation'],
): Promise<void> => {
  const blocks = Math.ceil(metadata.length / metadata.blockSize);
  const start = table.position + table.length;
  await preallocate(store, start, blocks * metadata.blockSize, preallocation);
  const entries = new Uint8Array(tableEntries(metadata) * 8);
  const ratio = chunkRatio(metadata);
  for (let block = 0; block < blocks; block++) {
    const at = (block + Math.floor(block / ratio)) * 8;
    const mebis = (start + block * metadata.blockSize) / MEBI;
    writeU32(entries, at, (((mebis % 2 ** 12) << 20) | STATES.present) >>> 0);
    writeU32(entries, at + 4, Math.floor(mebis / 2 ** 12));
  }
  await store.writeAt(table.position, entries);
};
