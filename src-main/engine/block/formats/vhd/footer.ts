// The VHD footer (at the end, and a copy at the start of dynamic files) and the dynamic disk header.
// Reference: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0 (2006).

import { readU32be, writeU16be, writeU32be, writeU64be } from '../../../base/bytes.ts';
import { corrupt, Fields, isPowerOfTwo, putText, unsupported } from '../../sparse/fields.ts';
import { fromUtf16, utf16 } from '../../sparse/utf16.ts';

export const FOOTER_BYTES = 512;
export const HEADER_BYTES = 1024;
const FOOTER_CHECKSUM_AT = 64;
const HEADER_CHECKSUM_AT = 36;
/** Seconds from 1970 to 2000, where VHD's time starts. */
const EPOCH_SECONDS = 946_684_800;
const MAX_BLOCK = 256 << 20;

export const VHD_TYPES = { fixed: 2, dynamic: 3, differencing: 4 } as const;

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

export const MAX_GEOMETRY: Geometry = { cylinders: 65535, heads: 16, sectors: 255 };

export interface VhdFooter {
  readonly headerPosition: number;
  readonly creator: string;
  readonly currentSize: number;
  readonly geometry: Geometry;
  readonly type: number;
  readonly uuid: Uint8Array;
  readonly timeStamp: number;
}

/** The one's complement of the sum of all bytes, the checksum's own left out. */
const checksum = (bytes: Uint8Array, at: number): number => {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < at || i >= at + 4) sum += bytes[i]!;
  return ~sum >>> 0;
};

export const hasFooterCookie = (bytes: Uint8Array): boolean =>
  bytes.length >= FOOTER_BYTES && String.fromCharCode(...bytes.subarray(0, 8)) === 'conectix';

export const isFooterWhole = (bytes: Uint8Array): boolean =>
  hasFooterCookie(bytes) &&
  readU32be(bytes, FOOTER_CHECKSUM_AT) === checksum(bytes.subarray(0, FOOTER_BYTES), FOOTER_CHECKSUM_AT);

export const parseFooter = (bytes: Uint8Array, file: string, position: number): VhdFooter => {
  const structure = 'VHD footer';
  if (!isFooterWhole(bytes))
    throw corrupt(file, structure, position + FOOTER_CHECKSUM_AT, 'the checksum is wrong');
  const f = new Fields(bytes, { file, structure, position, endian: 'big' });
  if (f.u16(12) !== 1) throw unsupported(file, `VHD version ${f.u16(12)}.${f.u16(14)}`);
  const type = f.u32(60);
  if (type !== 2 && type !== 3 && type !== 4) throw unsupported(file, `VHD disk type ${type}`);
  return {
    headerPosition: type === VHD_TYPES.fixed ? 0 : f.u64(16),
    creator: f.text(28, 4),
    currentSize: f.u64(48),
    geometry: { cylinders: f.u16(56), heads: f.u8(58), sectors: f.u8(59) },
    type,
    uuid: f.slice(68, 16),
    timeStamp: f.u32(24),
  };
};

export const buildFooter = (footer: VhdFooter): Uint8Array => {
  const bytes = new Uint8Array(FOOTER_BYTES);
  putText(bytes, 0, 'conectix');
  writeU32be(bytes, 8, 2);
  writeU32be(bytes, 12, 0x0001_0000);
  if (footer.type === VHD_TYPES.fixed) bytes.fill(0xff, 16, 24);
  else writeU64be(bytes, 16, footer.headerPosition);
  writeU32be(bytes, 24, footer.timeStamp);
  putText(bytes, 28, footer.creator, 4);
  writeU32be(bytes, 32, 0x0001_0000);
  putText(bytes, 36, 'Wi2k');
  writeU64be(bytes, 40, footer.currentSize);
  writeU64be(bytes, 48, footer.currentSize);
  writeU16be(bytes, 56, footer.geometry.cylinders);
  bytes[58] = footer.geometry.heads;
  bytes[59] = footer.geometry.sectors;
  writeU32be(bytes, 60, footer.type);
  bytes.set(footer.uuid, 68);
  writeU32be(bytes, FOOTER_CHECKSUM_AT, checksum(bytes, FOOTER_CHECKSUM_AT));
  return bytes;
};

export const timeStampOf = (milliseconds: number): number =>
  Math.max(0, Math.floor(milliseconds / 1000) - EPOCH_SECONDS) >>> 0;

export interface ParentLocator {
  readonly platform: string;
  readonly position: number;
  readonly length: number;
}

export interface DynamicHeader {
  readonly tablePosition: number;
  readonly entries: number;
  readonly blockSize: number;
  readonly parentUuid: Uint8Array;
  readonly parentTimeStamp: number;
  readonly parentName: string;
  readonly locators: readonly ParentLocator[];
}

export const parseDynamicHeader = (bytes: Uint8Array, file: string, position: number): DynamicHeader => {
  const structure = 'VHD dynamic disk header';
  const f = new Fields(bytes, { file, structure, position, endian: 'big' });
  if (f.text(0, 8) !== 'cxsparse') f.fail(0, 'it does not start with “cxsparse”');
  if (f.u32(HEADER_CHECKSUM_AT) !== checksum(bytes, HEADER_CHECKSUM_AT))
    f.fail(HEADER_CHECKSUM_AT, 'the checksum is wrong');
  const blockSize = f.u32(32);
  if (!isPowerOfTwo(blockSize) || blockSize < 512 || blockSize > MAX_BLOCK)
    f.fail(32, `the block size is ${blockSize}`);
  const tablePosition = f.u64(16);
  if (tablePosition % 512 !== 0)
    f.fail(16, `the block allocation table is at ${tablePosition}, not at a sector`);
  const locators: ParentLocator[] = [];
  for (let at = 576; at < 576 + 8 * 24; at += 24) {
    const platform = f.text(at, 4);
    if (platform === '') continue;
    locators.push({ platform, length: f.u32(at + 8), position: f.u64(at + 16) });
  }
  return {
    tablePosition,
    entries: f.u32(28),
    blockSize,
    parentUuid: f.slice(40, 16),
    parentTimeStamp: f.u32(56),
    parentName: fromUtf16(bytes.subarray(64, 576), false),
    locators,
  };
};

export const buildDynamicHeader = (header: DynamicHeader): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES);
  putText(bytes, 0, 'cxsparse');
  bytes.fill(0xff, 8, 16);
  writeU64be(bytes, 16, header.tablePosition);
  writeU32be(bytes, 24, 0x0001_0000);
  writeU32be(bytes, 28, header.entries);
  writeU32be(bytes, 32, header.blockSize);
  bytes.set(header.parentUuid, 40);
  writeU32be(bytes, 56, header.parentTimeStamp);
  bytes.set(utf16(header.parentName.slice(0, 255), false), 64);
  header.locators.forEach((locator, i) => {
    const at = 576 + i * 24;
    putText(bytes, at, locator.platform, 4);
    writeU32be(bytes, at + 4, 512);
    writeU32be(bytes, at + 8, locator.length);
    writeU64be(bytes, at + 16, locator.position);
  });
  writeU32be(bytes, HEADER_CHECKSUM_AT, checksum(bytes, HEADER_CHECKSUM_AT));
  return bytes;
};
