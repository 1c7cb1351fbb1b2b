// The metadata region: sizes of disk, block and sector, and the locator of a parent. Reference: [MS-VHDX] 2.6.

import { writeU16, writeU32, writeU64 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, Fields, isPowerOfTwo, putText, unsupported } from '../../sparse/fields.ts';
import { guidBytes, guidText } from './guid.ts';
import { buildLocator, parseLocator } from './parent-locator.ts';
import type { Region } from './regions.ts';

const TABLE_BYTES = 0x1_0000;
const MAX_ENTRIES = 2047;
const MAX_ITEM = 1 << 20;
const MAX_LENGTH = 64 * 2 ** 40;
const STRUCTURE = 'VHDX metadata';

const ITEMS = {
  fileParameters: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b',
  diskSize: '2fa54224-cd1b-4876-b211-5dbed83bf4b8',
  diskId: 'beca12ab-b2e6-4523-93ef-c309e000c746',
  logicalSector: '8141bf1d-a96f-4709-ba47-f233a8faab5f',
  physicalSector: 'cda348c7-445d-4471-9cc9-e9885251c556',
  parentLocator: 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c',
} as const;
type Item = keyof typeof ITEMS;

export interface VhdxMetadata {
  readonly length: number;
  readonly blockSize: number;
  readonly sectorSize: number;
  /** Blocks stay allocated: a fixed disk. */
  readonly fixed: boolean;
  readonly diskId: Uint8Array;
  /** Where `length` stands in the file. */
  readonly lengthPosition: number;
  /** Keys and values of the parent's locator; undefined: no parent. */
  readonly parent: ReadonlyMap<string, string> | undefined;
}

export const readMetadata = async (store: ByteStore, region: Region): Promise<VhdxMetadata> => {
  const items = await readItems(store, region);
  const item = (name: Item, length: number): Fields => {
    const fields = items.get(ITEMS[name]);
    if (!fields || fields.bytes.length < length)
      throw corrupt(store.name, STRUCTURE, region.position, `the item ${name} is missing or too short`);
    return fields;
  };
  const parameters = item('fileParameters', 8);
  const blockSize = parameters.u32(0);
  if (!isPowerOfTwo(blockSize) || blockSize < 2 ** 20 || blockSize > 2 ** 28)
    parameters.fail(0, `the block size is ${blockSize}`);
  const sector = item('logicalSector', 4);
  const sectorSize = sector.u32(0);
  if (sectorSize !== 512 && sectorSize !== 4096) sector.fail(0, `the logical sector size is ${sectorSize}`);
  const size = item('diskSize', 8);
  const length = size.u64(0);
  if (length > MAX_LENGTH || length % sectorSize !== 0 || length === 0)
    size.fail(0, `the disk has ${length} bytes`);
  const flags = parameters.u32(4);
  return {
    length,
    lengthPosition: size.position,
    blockSize,
    sectorSize,
    fixed: (flags & 1) !== 0,
    diskId: item('diskId', 16).slice(0, 16),
    parent: flags & 2 ? parseLocator(item('parentLocator', 20), store.name) : undefined,
  };
};

const readItems = async (store: ByteStore, region: Region): Promise<ReadonlyMap<string, Fields>> => {
  const table = new Uint8Array(TABLE_BYTES);
  await store.readAt(region.position, table);
  const place = { file: store.name, structure: 'VHDX metadata table', position: region.position } as const;
  const f = new Fields(table, { ...place, endian: 'little' });
  if (f.text(0, 8) !== 'metadata') f.fail(0, 'it does not start with “metadata”');
  const count = f.u16(10);
  if (count > MAX_ENTRIES) f.fail(10, `it has ${count} entries`);
  const items = new Map<string, Fields>();
  const known = new Set<string>(Object.values(ITEMS));
  for (let at = 32; at < 32 + count * 32; at += 32) {
    const guid = guidText(f.slice(at, 16));
    if (!known.has(guid)) {
      if (f.u32(at + 24) & 4) throw unsupported(store.name, `the VHDX metadata item ${guid}`);
      continue;
    }
    const offset = f.u32(at + 16);
    const length = f.u32(at + 20);
    if (length > MAX_ITEM || offset < TABLE_BYTES || offset + length > region.length)
      f.fail(at + 16, `the item ${guid} is outside the region`);
    if (items.has(guid)) f.fail(at, `the item ${guid} is there twice`);
    const bytes = new Uint8Array(length);
    await store.readAt(region.position + offset, bytes);
    const position = region.position + offset;
    items.set(
      guid,
      new Fields(bytes, { file: store.name, structure: STRUCTURE, position, endian: 'little' }),
    );
  }
  return items;
};

const IS_VIRTUAL_DISK = 2;
const IS_REQUIRED = 4;

export const writeMetadata = async (
  store: ByteStore,
  region: Region,
  metadata: Omit<VhdxMetadata, 'lengthPosition'> & { readonly physicalSector: number },
): Promise<void> => {
  const parameters = new Uint8Array(8);
  writeU32(parameters, 0, metadata.blockSize);
  writeU32(parameters, 4, (metadata.fixed ? 1 : 0) | (metadata.parent ? 2 : 0));
  const size = new Uint8Array(8);
  writeU64(size, 0, metadata.length);
  const disk = IS_VIRTUAL_DISK | IS_REQUIRED;
  const items: (readonly [Item, Uint8Array, number])[] = [
    ['fileParameters', parameters, IS_REQUIRED],
    ['diskSize', size, disk],
    ['diskId', metadata.diskId, disk],
    ['logicalSector', u32Bytes(metadata.sectorSize), disk],
    ['physicalSector', u32Bytes(metadata.physicalSector), disk],
  ];
  if (metadata.parent) items.push(['parentLocator', buildLocator(metadata.parent), IS_REQUIRED]);
  const table = new Uint8Array(TABLE_BYTES);
  putText(table, 0, 'metadata');
  writeU16(table, 10, items.length);
  let offset = TABLE_BYTES;
  let at = 32;
  for (const [name, bytes, flags] of items) {
    table.set(guidBytes(ITEMS[name]), at);
    writeU32(table, at + 16, offset);
    writeU32(table, at + 20, bytes.length);
    writeU32(table, at + 24, flags);
    await store.writeAt(region.position + offset, bytes);
    offset += bytes.length;
    at += 32;
  }
  await store.writeAt(region.position, table);
};

const u32Bytes = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
};
