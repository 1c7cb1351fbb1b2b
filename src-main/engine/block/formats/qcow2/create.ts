// Makes qcow2 images: the smallest valid image first, then what growing an image does. And how large a file would be.
// Reference: QEMU, docs/interop/qcow2.rst.

import { writeU64be } from '../../../base/bytes.ts';
import { utf8 } from '../../../base/utf8.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageHost, MeasureOptions } from '../../image-format.ts';
import { parseCreateOptions, type Qcow2Options } from './create-options.ts';
import { l1EntriesFor, MAX_L1_BYTES, roundUp } from './geometry.ts';
import {
  AUTOCLEAR_RAW_DATA,
  COMPATIBLE_LAZY_REFCOUNTS,
  EXTENSION_BACKING_FORMAT,
  EXTENSION_DATA_FILE,
  EXTENSION_FEATURE_NAMES,
  encodeHeader,
  geometryOf,
  type HeaderExtension,
  INCOMPATIBLE_COMPRESSION,
  INCOMPATIBLE_DATA_FILE,
  INCOMPATIBLE_EXTENDED_L2,
  type Qcow2Header,
  V2_HEADER_BYTES,
  V3_HEADER_BYTES,
} from './header.ts';
import { Qcow2Image } from './image.ts';
import { setRefcount } from './refcount-bits.ts';

/** The table of refcounts and its first block follow the header. */
const FIRST_CLUSTERS = 3;

export async function createQcow2(store: ByteStore, host: ImageHost, options: CreateOptions): Promise<void> {
  const parsed = parseCreateOptions(
    options.path,
    options.options,
    options.preallocation,
    options.backing !== undefined,
  );
  const header = newHeader(options, parsed);
  const geometry = geometryOf(options.path, header);
  if (!Number.isSafeInteger(options.length) || l1EntriesFor(geometry, options.length) * 8 > MAX_L1_BYTES)
    throw new BlockError(
      'invalid-argument',
      `qcow2: with clusters of ${geometry.clusterSize} bytes a disk cannot have ${options.length} bytes. Use larger clusters (-o cluster_size=…).`,
      { file: options.path },
    );
  header.cluster = encodeHeader(options.path, header);
  const dataFile = await createDataFile(host, options, parsed);
  const quiet = withoutFlush(store);
  try {
    await writeFirstClusters(quiet, header);
    const quietData = dataFile === undefined ? quiet : withoutFlush(dataFile);
    await quietData.truncate(dataFile === undefined ? store.length : options.length);
    await growTo(quiet, quietData, header, host, options, parsed);
    await dataFile?.flush();
    await store.flush();
  } finally {
    await dataFile?.close();
  }
}

async function growTo(
  store: ByteStore,
  dataStore: ByteStore,
  header: Qcow2Header,
  host: ImageHost,
  { path, length }: CreateOptions,
  { preallocation }: Qcow2Options,
): Promise<void> {
  const image = new Qcow2Image({
    store,
    dataStore,
    header,
    host,
    backing: undefined,
    options: {
      path,
      write: true,
      cacheBytes: 32 * 1024 * 1024,
      openBacking: () => Promise.reject(new Error('a new image has nothing opened behind it')),
    },
  });
  await image.open();
  await image.resize(length, preallocation);
  await image.close();
}

function newHeader(options: CreateOptions, parsed: Qcow2Options): Qcow2Header {
  const v3 = parsed.version === 3;
  const clusterSize = 2 ** parsed.clusterBits;
  return {
    version: parsed.version,
    clusterBits: parsed.clusterBits,
    refcountOrder: parsed.refcountOrder,
    headerLength: v3 ? V3_HEADER_BYTES : V2_HEADER_BYTES,
    compressionType: parsed.compressionType,
    rest: new Uint8Array(v3 ? V3_HEADER_BYTES - 105 : 0),
    cluster: new Uint8Array(clusterSize),
    length: 0,
    l1Entries: 0,
    l1Offset: 0,
    refcountTableOffset: clusterSize,
    refcountTableClusters: 1,
    snapshotCount: 0,
    snapshotsOffset: 0,
    incompatible:
      (parsed.dataFile === undefined ? 0 : INCOMPATIBLE_DATA_FILE) |
      (parsed.compressionType === 0 ? 0 : INCOMPATIBLE_COMPRESSION) |
      (parsed.extendedL2 ? INCOMPATIBLE_EXTENDED_L2 : 0),
    compatible: parsed.lazyRefcounts ? COMPATIBLE_LAZY_REFCOUNTS : 0,
    autoclear: parsed.rawDataFile ? AUTOCLEAR_RAW_DATA : 0,
    extensions: extensionsFor(options, parsed),
    backingName: options.backing?.name,
  };
}

function extensionsFor({ backing }: CreateOptions, parsed: Qcow2Options): HeaderExtension[] {
  const found: HeaderExtension[] = [];
  if (backing !== undefined) found.push({ type: EXTENSION_BACKING_FORMAT, data: utf8(backing.format) });
  if (parsed.dataFile !== undefined) found.push({ type: EXTENSION_DATA_FILE, data: utf8(parsed.dataFile) });
  // A header of 512 bytes has room for more important things.
  if (parsed.version === 3 && parsed.clusterBits > 10)
    found.push({ type: EXTENSION_FEATURE_NAMES, data: featureNames() });
  return found;
}

/** For programs that do not know a feature and want to name it. */
function featureNames(): Uint8Array {
  const features: readonly (readonly [kind: number, bit: number, name: string])[] = [
    [0, 0, 'dirty bit'],
    [0, 1, 'corrupt bit'],
    [0, 2, 'external data file'],
    [0, 3, 'compression type'],
    [0, 4, 'extended L2 entries'],
    [1, 0, 'lazy refcounts'],
    [2, 0, 'bitmaps'],
    [2, 1, 'raw external data'],
  ];
  const bytes = new Uint8Array(features.length * 48);
  features.forEach(([kind, bit, name], index) => {
    bytes[index * 48] = kind;
    bytes[index * 48 + 1] = bit;
    bytes.set(utf8(name), index * 48 + 2);
  });
  return bytes;
}

async function writeFirstClusters(store: ByteStore, header: Qcow2Header): Promise<void> {
  const clusterSize = 2 ** header.clusterBits;
  const bytes = new Uint8Array(FIRST_CLUSTERS * clusterSize);
  bytes.set(header.cluster);
  writeU64be(bytes, clusterSize, 2 * clusterSize);
  const block = bytes.subarray(2 * clusterSize);
  for (let cluster = 0; cluster < FIRST_CLUSTERS; cluster++)
    setRefcount(block, header.refcountOrder, cluster, 1);
  await store.writeAt(0, bytes);
}

async function createDataFile(
  host: ImageHost,
  { path }: CreateOptions,
  { dataFile }: Qcow2Options,
): Promise<ByteStore | undefined> {
  return dataFile === undefined ? undefined : await host.files.create(host.files.resolve(path, dataFile));
}

/** A new image is worth nothing until it is whole: one flush at its end is enough. */
function withoutFlush(store: ByteStore): ByteStore {
  return {
    name: store.name,
    readOnly: false,
    get length() {
      return store.length;
    },
    readAt: (position, into) => store.readAt(position, into),
    writeAt: (position, from) => store.writeAt(position, from),
    truncate: (length) => store.truncate(length),
    flush: async () => {},
    close: async () => {},
  };
}

/** As qemu-img counts: metadata for the whole disk, data as far as there is any. */
export function measureQcow2({ length, data, preallocation, options }: MeasureOptions): {
  readonly required: number;
  readonly fullyAllocated: number;
} {
  const parsed = parseCreateOptions('', options, preallocation, false);
  const clusterSize = 2 ** parsed.clusterBits;
  const all = roundUp(length, clusterSize);
  const fullyAllocated = all + metadataBytes(parsed, all);
  const filled = parsed.preallocation === 'falloc' || parsed.preallocation === 'full';
  const required = filled
    ? fullyAllocated
    : fullyAllocated - all + clustersTouched(data, clusterSize) * clusterSize;
  return { required, fullyAllocated };
}

function clustersTouched(data: MeasureOptions['data'], clusterSize: number): number {
  let count = 0;
  let next = 0;
  for (const { offset, length } of data) {
    const first = Math.max(Math.floor(offset / clusterSize), next);
    const end = Math.ceil((offset + length) / clusterSize);
    if (end > first) count += end - first;
    next = Math.max(next, end);
  }
  return count;
}

function metadataBytes({ clusterBits, extendedL2, refcountOrder }: Qcow2Options, dataBytes: number): number {
  const clusterSize = 2 ** clusterBits;
  const entryBytes = extendedL2 ? 16 : 8;
  const l2Bytes = roundUp((dataBytes / clusterSize) * entryBytes, clusterSize);
  const l1Bytes = roundUp((l2Bytes / clusterSize) * 8, clusterSize);
  const counted = (clusterSize + l2Bytes + l1Bytes + dataBytes) / clusterSize;
  const perBlock = (clusterSize * 8) / 2 ** refcountOrder;
  let own = 0;
  for (;;) {
    const blocks = Math.ceil((counted + own) / perBlock);
    const next = blocks + Math.ceil((blocks * 8) / clusterSize);
    if (next === own) break;
    own = next;
  }
  return clusterSize + l2Bytes + l1Bytes + own * clusterSize;
}
