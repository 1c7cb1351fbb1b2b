// The header of a hosted sparse extent (also found as a footer in streams), and the markers of streams.
// Reference: VMware, "Virtual Disk Format 5.0", sections "Hosted Sparse Extents" and "Stream-Optimized Compressed".

import { readU32, writeU16, writeU32, writeU64 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import { Fields, isPowerOfTwo, putText, unsupported, wrongFormat } from '../../sparse/fields.ts';

export const SECTOR = 512;
export const SPARSE_MAGIC = 0x564d444b;
export const COWD_MAGIC = 0x44574f43;
export const FLAGS = {
  newLineTest: 1,
  redundantTable: 2,
  zeroGrain: 4,
  compressed: 0x1_0000,
  markers: 0x2_0000,
} as const;
const UNCLEAN_AT = 72;

export const MARKERS = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const;

/** In sectors where nothing else is said. */
export interface SparseHeader {
  readonly version: number;
  readonly flags: number;
  readonly capacity: number;
  readonly grainSize: number;
  readonly descriptorOffset: number;
  readonly descriptorSize: number;
  readonly entriesPerTable: number;
  readonly redundantDirectory: number;
  /** Undefined: at the end of the stream. */
  readonly directory: number | undefined;
  readonly overhead: number;
  readonly compression: number;
}

export const isSparseExtent = (head: Uint8Array): boolean =>
  head.length >= SECTOR && (readU32(head, 0) === SPARSE_MAGIC || readU32(head, 0) === COWD_MAGIC);

const parseHeader = (bytes: Uint8Array, store: ByteStore, position: number): SparseHeader => {
  if (readU32(bytes, 0) === COWD_MAGIC) throw unsupported(store.name, 'the VMFS sparse format (COWD)');
  if (readU32(bytes, 0) !== SPARSE_MAGIC) throw wrongFormat(store.name, 'VMDK');
  const place = {
    file: store.name,
    structure: 'VMDK sparse extent header',
    position,
    endian: 'little',
  } as const;
  const f = new Fields(bytes, place);
  const header = {
    version: f.u32(4),
    flags: f.u32(8),
    capacity: f.u64(12),
    grainSize: f.u64(20),
    descriptorOffset: f.u64(28),
    descriptorSize: f.u64(36),
    entriesPerTable: f.u32(44),
    redundantDirectory: f.isAllOnes64(48) ? 0 : f.u64(48),
    directory: f.isAllOnes64(56) ? undefined : f.u64(56),
    overhead: f.isAllOnes64(64) ? 0 : f.u64(64),
    compression: f.u16(77),
  };
  if (header.version < 1 || header.version > 3)
    throw unsupported(store.name, `VMDK version ${header.version}`);
  if (header.flags & FLAGS.newLineTest && f.text(73, 4) !== '\n \r\n')
    f.fail(73, 'line ends were converted: the file was transferred as text');
  checkNumbers(f, header, store);
  return header;
};

const checkNumbers = (f: Fields, header: SparseHeader, store: ByteStore): void => {
  if (!isPowerOfTwo(header.grainSize) || header.grainSize > 0x2_0000)
    f.fail(20, `a grain has ${header.grainSize} sectors`);
  if (header.entriesPerTable === 0 || header.entriesPerTable > 512)
    f.fail(44, `a grain table has ${header.entriesPerTable} entries`);
  if (header.capacity > 2 ** 43) f.fail(12, `the extent has ${header.capacity} sectors`);
  if (header.flags & FLAGS.compressed && header.compression !== 1)
    throw unsupported(store.name, `VMDK compression method ${header.compression}`);
  for (const [at, directory] of [
    [56, header.directory ?? 0],
    [48, header.flags & FLAGS.redundantTable ? header.redundantDirectory : 0],
  ] as const)
    if (directory * SECTOR + directoryEntries(header) * 4 > store.length)
      f.fail(
        at,
        `the grain directory of ${directoryEntries(header)} entries reaches behind the end of the file`,
      );
  if ((header.descriptorOffset + header.descriptorSize) * SECTOR > Math.max(store.length, SECTOR * 64))
    f.fail(28, 'the descriptor reaches behind the end of the file');
};

export const directoryEntries = (header: SparseHeader): number =>
  Math.ceil(header.capacity / (header.grainSize * header.entriesPerTable));

export interface FoundHeader {
  readonly header: SparseHeader & { readonly directory: number };
  /** It is a footer: the extent was written in one pass. */
  readonly stream: boolean;
}

/** The header that counts: that at the start, or the footer of a stream. */
export const readSparseHeader = async (store: ByteStore): Promise<FoundHeader> => {
  const bytes = new Uint8Array(SECTOR);
  await store.readAt(0, bytes);
  const header = parseHeader(bytes, store, 0);
  const { directory } = header;
  if (directory !== undefined) return { header: { ...header, directory }, stream: false };
  const position = store.length - 2 * SECTOR;
  if (position < SECTOR) throw wrongFormat(store.name, 'complete VMDK');
  await store.readAt(position, bytes);
  const place = { file: store.name, structure: 'VMDK footer', position, endian: 'little' } as const;
  const f = new Fields(bytes, place);
  if (readU32(bytes, 0) !== SPARSE_MAGIC) f.fail(0, 'it is not there: the stream was cut off');
  const footer = parseHeader(bytes, store, position);
  const known = footer.directory ?? f.fail(56, 'it does not know the grain directory either');
  return { header: { ...footer, directory: known }, stream: true };
};

export const buildSparseHeader = (header: SparseHeader): Uint8Array => {
  const bytes = new Uint8Array(SECTOR);
  writeU32(bytes, 0, SPARSE_MAGIC);
  writeU32(bytes, 4, header.version);
  writeU32(bytes, 8, header.flags);
  writeU64(bytes, 12, header.capacity);
  writeU64(bytes, 20, header.grainSize);
  writeU64(bytes, 28, header.descriptorOffset);
  writeU64(bytes, 36, header.descriptorSize);
  writeU32(bytes, 44, header.entriesPerTable);
  writeU64(bytes, 48, header.redundantDirectory);
  if (header.directory === undefined) bytes.fill(0xff, 56, 64);
  else writeU64(bytes, 56, header.directory);
  writeU64(bytes, 64, header.overhead);
  putText(bytes, 73, '\n \r\n');
  writeU16(bytes, 77, header.compression);
  return bytes;
};

/** A metadata marker: a sector before a table, a directory, the footer, or at the end. */
export const buildMarker = (type: number, sectors: number): Uint8Array => {
  const bytes = new Uint8Array(SECTOR);
  writeU64(bytes, 0, sectors);
  writeU32(bytes, 12, type);
  return bytes;
};

/** VMware checks the tables of a disk that was not closed. */
export const writeUnclean = (store: ByteStore, unclean: boolean): Promise<void> =>
  store.writeAt(UNCLEAN_AT, Uint8Array.of(unclean ? 1 : 0));
