// qcow, version 1: the first copy-on-write format of QEMU, with packed clusters. Not: encryption.

import { utf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { badOption, roundUp } from '../../sparse/fields.ts';
import { booleanOption, refuseUnknownOptions } from '../../sparse/options.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { checkQcow } from './check.ts';
import { QcowClusterTable } from './cluster-table.ts';
import {
  buildQcowHeader,
  HEADER_BYTES,
  isQcow,
  l1Entries,
  type QcowHeader,
  readQcowHeader,
} from './header.ts';

const CREATE_OPTIONS = [{ name: 'encryption', help: 'Not supported: only “off”' }];

class QcowImage extends SparseNode implements ImageNode {
  readonly format = 'qcow';
  readonly clusterSize: number;
  readonly backingName?: string;

  constructor(
    layout: QcowClusterTable,
    options: OpenOptions,
    header: QcowHeader,
    backing: BlockNode | undefined,
  ) {
    super(layout, !options.write, backing);
    this.clusterSize = layout.blockSize;
    if (header.backingName !== undefined) this.backingName = header.backingName;
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }

  writeCompressed(offset: number, from: Uint8Array): Promise<void> {
    return this.writePacked(offset, from);
  }
}

const openQcow = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const header = await readQcowHeader(store);
  const { backingName } = header;
  const backing =
    backingName === undefined || options.noBacking
      ? undefined
      : await options.openBacking(host.files.resolve(options.path, backingName), undefined);
  const layout = new QcowClusterTable(store, header, host.codecs, options.cacheBytes);
  return new QcowImage(layout, options, header, backing);
};

/** Small clusters over a backing file, as it is copied a cluster at a time. */
const newHeader = (length: number, backingName: string | undefined): QcowHeader => ({
  backingName,
  length: roundUp(length, 512),
  clusterBits: backingName === undefined ? 12 : 9,
  l2Bits: backingName === undefined ? 9 : 12,
  l1Position: roundUp(HEADER_BYTES + (backingName === undefined ? 0 : utf8(backingName).length), 8),
});

const createQcow = async (store: ByteStore, host: ImageHost, options: CreateOptions): Promise<void> => {
  refuseUnknownOptions(store.name, options.options, CREATE_OPTIONS);
  if (booleanOption(store.name, options.options, 'encryption', false))
    throw badOption(store.name, 'encryption of qcow images is not supported');
  if (options.preallocation && options.preallocation !== 'off')
    throw badOption(store.name, 'qcow images cannot be preallocated');
  if (options.length === 0) throw badOption(store.name, 'a qcow image cannot be empty');
  const name = options.backing?.name;
  if (name !== undefined && utf8(name).length > 1023)
    throw badOption(store.name, 'the name of the backing file is longer than 1023 bytes');
  const header = newHeader(options.length, name);
  await store.truncate(header.l1Position + l1Entries(header) * 8);
  await store.writeAt(0, buildQcowHeader(header, Math.floor(host.wallTimeMs() / 1000) >>> 0));
};

export const qcow: ImageFormat = {
  name: 'qcow',
  probe: (head) => (isQcow(head) ? 100 : 0),
  open: openQcow,
  create: createQcow,
  createOptions: CREATE_OPTIONS,
  check: (store, host, options) => checkQcow(store, host, options),
  measure: ({ length, data }) => {
    const header = newHeader(length, undefined);
    const overhead = roundUp(header.l1Position + l1Entries(header) * 8, 4096);
    const size = (runs: typeof data): number =>
      overhead + touchedBlocks(runs, 2 ** 21) * 4096 + touchedBlocks(runs, 4096) * 4096;
    return { required: size(data), fullyAllocated: size([{ offset: 0, length }]) };
  },
};
