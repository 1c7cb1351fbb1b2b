// The VDI header, version 1.1: read with every number checked, and written.
// Reference: "VDI image format", forums.virtualbox.org topic 8046; VirtualBox manual, "Disk image files".

import { readU32, writeU32, writeU64 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { Fields, isPowerOfTwo, putText, roundUp, unsupported, wrongFormat } from '../../sparse/fields.ts';

export const VDI_SIGNATURE = 0xbeda107f;
export const HEADER_BYTES = 512;
/** Offset of `blocks_allocated`. */
export const ALLOCATED_AT = 0x184;

/** Block map entries: the block has never been written, and it reads zero although a parent has other data. */
export const BLOCK_FREE = 0xffff_ffff;
export const BLOCK_ZERO = 0xffff_fffe;

const SIGNATURE_AT = 0x40;
const VERSION_1_1 = 0x0001_0001;
/** Counted from its own field on. */
const HEADER_SIZE = 0x190;
const DESCRIPTION_AT = 0x54;
export const DESCRIPTION_BYTES = 256;
const MAX_BLOCK = 256 << 20;

export const VDI_TYPES = { dynamic: 1, static: 2, differencing: 4 } as const;

export interface VdiHeader {
  readonly type: number;
  readonly description: string;
  readonly mapPosition: number;
  readonly dataPosition: number;
  readonly length: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly allocated: number;
  readonly uuid: Uint8Array;
  readonly parentUuid: Uint8Array;
}

export const isVdi = (head: Uint8Array): boolean =>
  head.length >= HEADER_BYTES && readU32(head, SIGNATURE_AT) === VDI_SIGNATURE;

export const readVdiHeader = async (store: ByteStore): Promise<VdiHeader> => {
  const bytes = new Uint8Array(HEADER_BYTES);
  await store.readAt(0, bytes);
  if (!isVdi(bytes)) throw wrongFormat(store.name, 'VDI');
  const f = new Fields(bytes, { file: store.name, structure: 'VDI header', position: 0, endian: 'little' });
  const version = f.u32(0x44);
  if (version !== VERSION_1_1)
    throw unsupported(store.name, `VDI version ${version >>> 16}.${version & 0xffff}`);
  const header = {
    type: f.u32(0x4c),
    description: f.text(DESCRIPTION_AT, DESCRIPTION_BYTES),
    mapPosition: f.u32(0x154),
    dataPosition: f.u32(0x158),
    length: roundUp(f.u64(0x170), 512),
    blockSize: f.u32(0x178),
    blocks: f.u32(0x180),
    allocated: f.u32(ALLOCATED_AT),
    uuid: f.slice(0x188, 16),
    parentUuid: f.slice(0x1b8, 16),
  };
  checkSizes(f, header, store);
  return header;
};

const checkSizes = (f: Fields, header: VdiHeader, store: ByteStore): void => {
  if (header.type !== 1 && header.type !== 2 && header.type !== 4)
    throw unsupported(store.name, `VDI image type ${header.type}`);
  if (f.u32(0x168) !== 512) throw unsupported(store.name, `a VDI sector size of ${f.u32(0x168)}`);
  if (f.u32(0x17c) !== 0) throw unsupported(store.name, 'extra data before each VDI block');
  const { blockSize, blocks, mapPosition, dataPosition } = header;
  if (!isPowerOfTwo(blockSize) || blockSize < 512 || blockSize > MAX_BLOCK)
    f.fail(0x178, `the block size is ${blockSize}`);
  if (mapPosition < HEADER_BYTES || mapPosition % 512 !== 0)
    f.fail(0x154, `the block map is at ${mapPosition}, inside the header or not at a sector`);
  if (dataPosition % 512 !== 0 || dataPosition < mapPosition + blocks * 4)
    f.fail(0x158, `the data at ${dataPosition} overlaps the block map of ${blocks} entries`);
  if (mapPosition + blocks * 4 > store.length)
    f.fail(0x180, `the block map of ${blocks} entries reaches behind the end of the file`);
  if (header.length > blocks * blockSize)
    f.fail(0x170, `the disk size ${header.length} is more than ${blocks} blocks of ${blockSize} bytes`);
};

/** Writes what can change in the life of an image; the rest of the header stays as it is. */
export const changeVdiHeader = async (store: ByteStore, header: VdiHeader): Promise<void> => {
  const bytes = new Uint8Array(HEADER_BYTES);
  await store.readAt(0, bytes);
  writeU32(bytes, 0x4c, header.type);
  bytes.fill(0, DESCRIPTION_AT, DESCRIPTION_AT + DESCRIPTION_BYTES);
  putText(bytes, DESCRIPTION_AT, header.description, DESCRIPTION_BYTES - 1);
  writeU64(bytes, 0x170, header.length);
  writeU32(bytes, 0x180, header.blocks);
  bytes.set(header.parentUuid, 0x1b8);
  await store.writeAt(0, bytes);
};

/** Links stay zero, as nothing was derived yet. */
export const buildVdiHeader = (header: VdiHeader): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES);
  putText(bytes, 0, '<<< Boxwright VM Disk Image >>>\n');
  writeU32(bytes, SIGNATURE_AT, VDI_SIGNATURE);
  writeU32(bytes, 0x44, VERSION_1_1);
  writeU32(bytes, 0x48, HEADER_SIZE);
  writeU32(bytes, 0x4c, header.type);
  putText(bytes, DESCRIPTION_AT, header.description, DESCRIPTION_BYTES - 1);
  writeU32(bytes, 0x154, header.mapPosition);
  writeU32(bytes, 0x158, header.dataPosition);
  writeU32(bytes, 0x168, 512);
  writeU64(bytes, 0x170, header.length);
  writeU32(bytes, 0x178, header.blockSize);
  writeU32(bytes, 0x180, header.blocks);
  writeU32(bytes, ALLOCATED_AT, header.allocated);
  bytes.set(header.uuid, 0x188);
  bytes.set(header.parentUuid, 0x1b8);
  return bytes;
};
