// The header of a Parallels disk (little-endian, 64 bytes) and its two kinds of table entries.
// Reference: QEMU, docs/interop/parallels.txt; ploop's on-disk format.

import { readU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { Fields, unsupported, wrongFormat } from '../../sparse/fields.ts';

export const HEADER_BYTES = 64;
const MAX_CLUSTER = 256 << 20;
/** The image was not closed by the program that wrote it. */
const IN_USE = 0x746f6e59;

export interface ParallelsHeader {
  readonly length: number;
  readonly clusterSize: number;
  readonly entries: number;
  /** Bytes that one step of a table entry stands for. */
  readonly unit: number;
  readonly inUse: boolean;
}

const magicOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 16));

export const isParallels = (head: Uint8Array): boolean =>
  head.length >= HEADER_BYTES &&
  (magicOf(head) === 'WithoutFreeSpace' || magicOf(head) === 'WithouFreSpacExt') &&
  readU32(head, 16) === 2;

export const readParallelsHeader = async (store: ByteStore): Promise<ParallelsHeader> => {
  const bytes = new Uint8Array(HEADER_BYTES);
  await store.readAt(0, bytes);
  if (!isParallels(bytes)) throw wrongFormat(store.name, 'Parallels');
  const f = new Fields(bytes, {
    file: store.name,
    structure: 'Parallels header',
    position: 0,
    endian: 'little',
  });
  const extended = magicOf(bytes) === 'WithouFreSpacExt';
  const clusterSize = f.u32(28) * 512;
  if (clusterSize === 0 || clusterSize > MAX_CLUSTER) f.fail(28, `a cluster has ${f.u32(28)} sectors`);
  const entries = f.u32(32);
  if (HEADER_BYTES + entries * 4 > store.length)
    f.fail(32, `the table of ${entries} entries reaches behind the end of the file`);
  // The older kind leaves rubbish in the upper half.
  const length = (extended ? f.u64(36) : f.u32(36)) * 512;
  if (length > entries * clusterSize) f.fail(36, `${entries} clusters are too few for ${length} bytes`);
  if (!Number.isSafeInteger(length)) throw unsupported(store.name, 'a disk of that size');
  return { length, clusterSize, entries, unit: extended ? clusterSize : 512, inUse: f.u32(44) === IN_USE };
};
