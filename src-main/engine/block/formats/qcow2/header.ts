// The header of a qcow2 image with its extensions: read, checked, written. The bytes of what is not known are kept.
// Reference: QEMU, docs/interop/qcow2.rst, "General", "Header", "Header extensions".

import { readU32be, readU64be, writeU32be, writeU64be } from '../../../base/bytes.ts';
import { fromUtf8, utf8 } from '../../../base/utf8.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import {
  l1EntriesFor,
  MAX_CLUSTER_BITS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_TABLE_BYTES,
  MIN_CLUSTER_BITS,
  makeGeometry,
} from './geometry.ts';

export const MAGIC = 0x5146_49fb;
export const V2_HEADER_BYTES = 72;
export const V3_HEADER_BYTES = 112;
const MAX_SNAPSHOTS = 65536;

export const INCOMPATIBLE_DIRTY = 1;
export const INCOMPATIBLE_CORRUPT = 2;
export const INCOMPATIBLE_DATA_FILE = 4;
export const INCOMPATIBLE_COMPRESSION = 8;
export const INCOMPATIBLE_EXTENDED_L2 = 16;
export const COMPATIBLE_LAZY_REFCOUNTS = 1;
export const AUTOCLEAR_BITMAPS = 1;
export const AUTOCLEAR_RAW_DATA = 2;

const EXTENSION_END = 0;
export const EXTENSION_BACKING_FORMAT = 0xe279_2aca;
export const EXTENSION_FEATURE_NAMES = 0x6803_f857;
export const EXTENSION_BITMAPS = 0x2385_2875;
export const EXTENSION_DATA_FILE = 0x4441_5441;

export interface HeaderExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Fields change while the image is open; `encodeHeader` puts them into bytes. */
export interface Qcow2Header {
  readonly version: number;
  readonly clusterBits: number;
  readonly refcountOrder: number;
  readonly headerLength: number;
  readonly compressionType: number;
  /** Of the known fields; what a longer header holds more is kept in `rest`. */
  readonly rest: Uint8Array;
  /** The first cluster as it is in the file. */
  cluster: Uint8Array;
  length: number;
  l1Entries: number;
  l1Offset: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  snapshotCount: number;
  snapshotsOffset: number;
  incompatible: number;
  compatible: number;
  autoclear: number;
  extensions: HeaderExtension[];
  backingName: string | undefined;
}

/** Throws `BlockError`: 'wrong-format', 'unsupported', 'corrupt'. */
export async function readHeader(store: ByteStore): Promise<Qcow2Header> {
  const file = store.name;
  const start = new Uint8Array(V3_HEADER_BYTES);
  await store.readAt(0, start);
  if (readU32be(start, 0) !== MAGIC || store.length < V2_HEADER_BYTES)
    throw new BlockError('wrong-format', `“${file}” is not a qcow2 image.`, { file });
  const version = readU32be(start, 4);
  if (version !== 2 && version !== 3)
    throw unsupported(file, version === 1 ? 'version 1 (the format “qcow”)' : `version ${version}`);
  const clusterBits = readU32be(start, 20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    throw bad(file, 20, `says clusters of 2^${clusterBits} bytes; 2^9 to 2^21 are possible`);
  const cluster = new Uint8Array(2 ** clusterBits);
  await store.readAt(0, cluster);
  const header = decodeFields(file, cluster, version, clusterBits);
  refuseUnsupported(file, header, readU32be(cluster, 32), cluster);
  readExtensions(file, cluster, header);
  checkFields(file, header, store.length);
  return header;
}

function decodeFields(file: string, bytes: Uint8Array, version: number, clusterBits: number): Qcow2Header {
  const v3 = version === 3;
  const headerLength = v3 ? readU32be(bytes, 100) : V2_HEADER_BYTES;
  if (v3 && (headerLength < 104 || headerLength > bytes.length || headerLength % 8 !== 0))
    throw bad(file, 100, `says a header of ${headerLength} bytes`);
  return {
    version,
    clusterBits,
    headerLength,
    refcountOrder: v3 ? readU32be(bytes, 96) : 4,
    compressionType: headerLength > 104 ? (bytes[104] ?? 0) : 0,
    rest: bytes.slice(Math.min(headerLength, 105), headerLength),
    cluster: bytes,
    length: readU64be(bytes, 24),
    l1Entries: readU32be(bytes, 36),
    l1Offset: readU64be(bytes, 40),
    refcountTableOffset: readU64be(bytes, 48),
    refcountTableClusters: readU32be(bytes, 56),
    snapshotCount: readU32be(bytes, 60),
    snapshotsOffset: readU64be(bytes, 64),
    incompatible: v3 ? readU64be(bytes, 72) : 0,
    compatible: v3 ? readU64be(bytes, 80) : 0,
    autoclear: v3 ? readU64be(bytes, 88) : 0,
    extensions: [],
    backingName: undefined,
  };
}

function refuseUnsupported(file: string, header: Qcow2Header, crypt: number, bytes: Uint8Array): void {
  if (crypt !== 0)
    throw unsupported(
      file,
      crypt === 2
        ? 'encryption with LUKS'
        : crypt === 1
          ? 'encryption with AES'
          : `encryption method ${crypt}`,
    );
  const unknown = header.incompatible - (header.incompatible & 0x1f);
  if (unknown !== 0) throw unsupported(file, unknownFeatureNames(bytes, header, unknown));
  const hasType = (header.incompatible & INCOMPATIBLE_COMPRESSION) !== 0;
  if (header.compressionType > 1) throw unsupported(file, `compression type ${header.compressionType}`);
  if (hasType !== (header.compressionType !== 0))
    throw bad(file, 104, 'names a compression type that does not agree with the feature bits');
}

/** Names from the image's own table of features, as far as it has them. */
function unknownFeatureNames(bytes: Uint8Array, header: Qcow2Header, unknown: number): string {
  const names: string[] = [];
  try {
    readExtensions('', bytes, header);
  } catch {
    // Names are a courtesy.
  }
  const table =
    header.extensions.find(({ type }) => type === EXTENSION_FEATURE_NAMES)?.data ?? new Uint8Array();
  for (let bit = 5; bit < 64; bit++) {
    if (Math.floor(unknown / 2 ** bit) % 2 === 0) continue;
    let name = '';
    for (let at = 0; at + 48 <= table.length; at += 48)
      if (table[at] === 0 && table[at + 1] === bit) name = fromUtf8(table.subarray(at + 2, at + 48));
    names.push(name || `feature bit ${bit}`);
  }
  header.extensions = [];
  return names.join(', ') || 'unknown features';
}

function readExtensions(file: string, bytes: Uint8Array, header: Qcow2Header): void {
  const nameOffset = readU64be(bytes, 8);
  const nameLength = readU32be(bytes, 16);
  if (nameOffset !== 0 && nameLength !== 0) {
    if (nameLength > 1023 || nameOffset < header.headerLength || nameOffset + nameLength > bytes.length)
      throw bad(file, 8, 'names a backing file outside the first cluster');
    header.backingName = fromUtf8(bytes.subarray(nameOffset, nameOffset + nameLength));
  }
  const end = nameOffset !== 0 ? Math.min(nameOffset, bytes.length) : bytes.length;
  for (let at = header.headerLength; at + 8 <= end; ) {
    const type = readU32be(bytes, at);
    const length = readU32be(bytes, at + 4);
    if (type === EXTENSION_END) return;
    if (length > end - at - 8)
      throw bad(file, at, `holds a header extension of ${length} bytes that does not fit`);
    header.extensions.push({ type, data: bytes.slice(at + 8, at + 8 + length) });
    at += 8 + Math.ceil(length / 8) * 8;
  }
}

/** Tables that stand behind the end of the file would make it grow to there with the first write. */
function checkFields(file: string, header: Qcow2Header, fileLength: number): void {
  const clusterSize = 2 ** header.clusterBits;
  const limit = 2 ** 56;
  if (header.refcountOrder > 6) throw bad(file, 96, `says refcounts of 2^${header.refcountOrder} bits`);
  if (header.length > Number.MAX_SAFE_INTEGER) throw bad(file, 24, 'says a disk of more than 2^53 bytes');
  if (
    header.refcountTableOffset === 0 ||
    header.refcountTableOffset % clusterSize !== 0 ||
    header.refcountTableOffset >= fileLength
  )
    throw bad(file, 48, 'places the refcount table where none can be');
  if (
    header.refcountTableClusters === 0 ||
    header.refcountTableClusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES
  )
    throw bad(file, 56, `says a refcount table of ${header.refcountTableClusters} clusters`);
  if (
    header.l1Offset % clusterSize !== 0 ||
    header.l1Offset > fileLength ||
    (header.l1Offset === 0 && header.l1Entries > 0)
  )
    throw bad(file, 40, 'places the L1 table where none can be');
  if (header.l1Entries * 8 > MAX_L1_BYTES)
    throw bad(file, 36, `says an L1 table of ${header.l1Entries} entries`);
  if (header.l1Entries < l1EntriesFor(geometryOf(file, header), header.length))
    throw bad(
      file,
      36,
      `says an L1 table of ${header.l1Entries} entries, too few for ${header.length} bytes`,
    );
  if (
    header.snapshotCount > MAX_SNAPSHOTS ||
    header.snapshotsOffset % 8 !== 0 ||
    header.snapshotsOffset > limit
  )
    throw bad(file, 60, `says ${header.snapshotCount} snapshots at ${header.snapshotsOffset}`);
  if ((header.incompatible & INCOMPATIBLE_EXTENDED_L2) !== 0 && header.clusterBits < 14)
    throw bad(file, 20, 'says extended L2 entries with clusters under 16 KiB');
}

export function geometryOf(file: string, header: Qcow2Header) {
  return makeGeometry({
    file,
    version: header.version,
    clusterBits: header.clusterBits,
    extendedL2: (header.incompatible & INCOMPATIBLE_EXTENDED_L2) !== 0,
    refcountOrder: header.refcountOrder,
    externalData: (header.incompatible & INCOMPATIBLE_DATA_FILE) !== 0,
    rawExternalData: (header.autoclear & AUTOCLEAR_RAW_DATA) !== 0,
    compression: header.compressionType === 1 ? 'zstd' : 'deflate',
  });
}

export function extensionText(header: Qcow2Header, type: number): string | undefined {
  const data = header.extensions.find((extension) => extension.type === type)?.data;
  return data === undefined ? undefined : fromUtf8(data);
}

/** Replaces, adds or (undefined) removes an extension. */
export function setExtension(header: Qcow2Header, type: number, data: Uint8Array | undefined): void {
  header.extensions = header.extensions.filter((extension) => extension.type !== type);
  if (data !== undefined) header.extensions.unshift({ type, data });
}

/** The whole first cluster. Throws `BlockError` when it does not hold all there is to say. */
export function encodeHeader(file: string, header: Qcow2Header): Uint8Array {
  const bytes = new Uint8Array(2 ** header.clusterBits);
  encodeFields(bytes, header);
  let at = header.headerLength;
  const room = (count: number) => {
    if (at + count <= bytes.length) return;
    throw new BlockError(
      'invalid-argument',
      `“${file}”: the backing file's name does not fit into the header cluster of ${bytes.length} bytes.`,
      { file },
    );
  };
  for (const { type, data } of header.extensions) {
    const padded = Math.ceil(data.length / 8) * 8;
    room(8 + padded + 8);
    writeU32be(bytes, at, type);
    writeU32be(bytes, at + 4, data.length);
    bytes.set(data, at + 8);
    at += 8 + padded;
  }
  room(8);
  at += 8;
  if (header.backingName !== undefined) {
    const name = utf8(header.backingName);
    if (name.length > 1023)
      throw new BlockError('invalid-argument', `“${file}”: a backing file's name has at most 1023 bytes.`, {
        file,
      });
    room(name.length);
    writeU64be(bytes, 8, at);
    writeU32be(bytes, 16, name.length);
    bytes.set(name, at);
  }
  return bytes;
}

/** The first sector with the fields as they are now; extensions and names stay where they were. */
export function patchedSector(header: Qcow2Header): Uint8Array {
  encodeFields(header.cluster, header);
  return header.cluster.subarray(0, 512);
}

function encodeFields(bytes: Uint8Array, header: Qcow2Header): void {
  writeU32be(bytes, 0, MAGIC);
  writeU32be(bytes, 4, header.version);
  writeU32be(bytes, 20, header.clusterBits);
  writeU64be(bytes, 24, header.length);
  writeU32be(bytes, 36, header.l1Entries);
  writeU64be(bytes, 40, header.l1Offset);
  writeU64be(bytes, 48, header.refcountTableOffset);
  writeU32be(bytes, 56, header.refcountTableClusters);
  writeU32be(bytes, 60, header.snapshotCount);
  writeU64be(bytes, 64, header.snapshotsOffset);
  if (header.version < 3) return;
  writeU64be(bytes, 72, header.incompatible);
  writeU64be(bytes, 80, header.compatible);
  writeU64be(bytes, 88, header.autoclear);
  writeU32be(bytes, 96, header.refcountOrder);
  writeU32be(bytes, 100, header.headerLength);
  if (header.headerLength > 104) bytes[104] = header.compressionType;
  bytes.set(header.rest, Math.min(header.headerLength, 105));
}

function bad(file: string, offset: number, what: string): BlockError {
  return new BlockError(
    'corrupt',
    `“${file}” is damaged: its header, at offset ${offset}, ${what}. It cannot be repaired.`,
    {
      file,
      structure: 'header',
      offset,
    },
  );
}

export function unsupported(file: string, feature: string): BlockError {
  return new BlockError('unsupported', `“${file}” uses ${feature}, which is not supported.`, {
    file,
    feature,
  });
}
