// The header of a qcow image, version 1 (big-endian, 48 bytes, then the name of the backing file).
// Reference: M. McLoughlin, "The QCOW Image Format" (2006).

import { readU32be, writeU32be, writeU64be } from '../../../base/bytes.ts';
import { fromUtf8, utf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import { Fields, roundUp, unsupported, wrongFormat } from '../../sparse/fields.ts';

export const QCOW_MAGIC = 0x514649fb;
export const HEADER_BYTES = 48;
const MAX_NAME = 1023;

export interface QcowHeader {
  readonly backingName: string | undefined;
  readonly length: number;
  readonly clusterBits: number;
  readonly l2Bits: number;
  readonly l1Position: number;
}

export const isQcow = (head: Uint8Array): boolean =>
  head.length >= HEADER_BYTES && readU32be(head, 0) === QCOW_MAGIC && readU32be(head, 4) === 1;

export const l1Entries = ({ length, clusterBits, l2Bits }: QcowHeader): number =>
  Math.ceil(length / 2 ** (clusterBits + l2Bits));

export const readQcowHeader = async (store: ByteStore): Promise<QcowHeader> => {
  const bytes = new Uint8Array(HEADER_BYTES);
  await store.readAt(0, bytes);
  if (!isQcow(bytes)) throw wrongFormat(store.name, 'qcow');
  const f = new Fields(bytes, { file: store.name, structure: 'qcow header', position: 0, endian: 'big' });
  if (f.u32(36) !== 0) throw unsupported(store.name, 'encryption of qcow images');
  const clusterBits = f.u8(32);
  const l2Bits = f.u8(33);
  if (clusterBits < 9 || clusterBits > 16) f.fail(32, `the cluster size is 2^${clusterBits}`);
  if (l2Bits < 6 || l2Bits > 13) f.fail(33, `a level 2 table has 2^${l2Bits} entries`);
  const header = {
    backingName: await readName(store, f),
    length: f.u64(24),
    clusterBits,
    l2Bits,
    l1Position: f.u64(40),
  };
  if (header.length <= 1) f.fail(24, `the disk has ${header.length} bytes`);
  if (header.l1Position % 8 !== 0 || header.l1Position < HEADER_BYTES)
    f.fail(40, `the level 1 table is at ${header.l1Position}`);
  if (header.l1Position + l1Entries(header) * 8 > roundUp(store.length, 2 ** clusterBits))
    f.fail(40, `the level 1 table of ${l1Entries(header)} entries reaches behind the end of the file`);
  return header;
};

const readName = async (store: ByteStore, f: Fields): Promise<string | undefined> => {
  const position = f.u64(8);
  const length = f.u32(16);
  if (position === 0) return undefined;
  if (length > MAX_NAME) f.fail(16, `the name of the backing file has ${length} bytes`);
  if (position < HEADER_BYTES || position + length > store.length)
    f.fail(8, `the name of the backing file is at ${position}, outside the file`);
  const bytes = new Uint8Array(length);
  await store.readAt(position, bytes);
  return fromUtf8(bytes);
};

/** Header and name; the level 1 table follows at `l1Position`. */
export const buildQcowHeader = (header: QcowHeader, seconds: number): Uint8Array => {
  const bytes = new Uint8Array(header.l1Position);
  writeU32be(bytes, 0, QCOW_MAGIC);
  writeU32be(bytes, 4, 1);
  if (header.backingName !== undefined) {
    const name = utf8(header.backingName);
    writeU64be(bytes, 8, HEADER_BYTES);
    writeU32be(bytes, 16, name.length);
    bytes.set(name, HEADER_BYTES);
  }
  writeU32be(bytes, 20, seconds);
  writeU64be(bytes, 24, header.length);
  bytes[32] = header.clusterBits;
  bytes[33] = header.l2Bits;
  writeU64be(bytes, 40, header.l1Position);
  return bytes;
};
