// The region table: where the block allocation table and the metadata are. Reference: [MS-VHDX] 2.2.3.

import { readU32, writeU32, writeU64 } from '../../../base/bytes.ts';
import { crc32cWithout } from '../../../base/crc32.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, Fields, unsupported } from '../../sparse/fields.ts';
import { guidBytes, guidText } from './guid.ts';

const POSITIONS = [0x3_0000, 0x4_0000] as const;
const TABLE_BYTES = 0x1_0000;
const SIGNATURE = 0x69676572;
const MAX_ENTRIES = 2047;
const MEBI = 1 << 20;

const BAT = '2dc27766-f623-4200-9d64-115e9bfd4a08';
const METADATA = '8b7ca206-4790-4b9a-b8fe-575f050f886e';

export interface Region {
  readonly position: number;
  readonly length: number;
}

export interface Regions {
  readonly table: Region;
  readonly metadata: Region;
}

export const readRegions = async (store: ByteStore): Promise<Regions> => {
  const bytes = new Uint8Array(TABLE_BYTES);
  for (const position of POSITIONS) {
    await store.readAt(position, bytes);
    if (readU32(bytes, 0) === SIGNATURE && readU32(bytes, 4) === crc32cWithout(bytes, 4))
      return parseRegions(bytes, store, position);
  }
  throw corrupt(store.name, 'VHDX region table', POSITIONS[0], 'neither of the two copies is whole');
};

const parseRegions = (bytes: Uint8Array, store: ByteStore, position: number): Regions => {
  const structure = 'VHDX region table';
  const f = new Fields(bytes, { file: store.name, structure, position, endian: 'little' });
  const count = f.u32(8);
  if (count > MAX_ENTRIES) f.fail(8, `it has ${count} entries`);
  const found = new Map<string, Region>();
  for (let at = 16; at < 16 + count * 32; at += 32) {
    const guid = guidText(f.slice(at, 16));
    const region = { position: f.u64(at + 16), length: f.u32(at + 24) };
    if (guid !== BAT && guid !== METADATA) {
      if (f.u32(at + 28) & 1) throw unsupported(store.name, `the VHDX region ${guid}`);
      continue;
    }
    if (found.has(guid)) f.fail(at, `the region ${guid} is there twice`);
    if (
      region.position < MEBI ||
      region.position % MEBI !== 0 ||
      region.length % MEBI !== 0 ||
      region.length === 0
    )
      f.fail(at + 16, `a region is at ${region.position}, ${region.length} bytes long`);
    if (region.position + region.length > store.length)
      f.fail(at + 16, `the region at ${region.position} reaches behind the end of the file`);
    found.set(guid, region);
  }
  const table = found.get(BAT);
  const metadata = found.get(METADATA);
  if (table && metadata) return { table, metadata };
  return f.fail(8, 'block allocation table or metadata are missing');
};

export const writeRegions = async (store: ByteStore, regions: Regions): Promise<void> => {
  const bytes = new Uint8Array(TABLE_BYTES);
  writeU32(bytes, 0, SIGNATURE);
  writeU32(bytes, 8, 2);
  [[BAT, regions.table] as const, [METADATA, regions.metadata] as const].forEach(([guid, region], i) => {
    const at = 16 + i * 32;
    bytes.set(guidBytes(guid), at);
    writeU64(bytes, at + 16, region.position);
    writeU32(bytes, at + 24, region.length);
    writeU32(bytes, at + 28, 1);
  });
  writeU32(bytes, 4, crc32cWithout(bytes, 4));
  for (const position of POSITIONS) await store.writeAt(position, bytes);
};
