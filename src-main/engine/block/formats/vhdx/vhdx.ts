// VHDX, Hyper-V's second format: fixed, dynamic and differencing disks, with the log that makes changes of tables whole.
// Reference: [MS-VHDX].

import type { ByteStore } from '../../byte-store.ts';
import type { ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { corrupt, roundUp, unsupported } from '../../sparse/fields.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { tableEntries, VhdxBlockTable } from './block-table.ts';
import { checkVhdx } from './check.ts';
import { blockSizeFor, createVhdx, VHDX_CREATE_OPTIONS } from './create.ts';
import { isVhdx, type VhdxHeaders } from './headers.ts';
import { readVhdx } from './open-file.ts';
import { isParentOf, parentChanged, parentNameOf } from './parent-locator.ts';

const MEBI = 1 << 20;

class VhdxImage extends SparseNode implements ImageNode {
  readonly format = 'vhdx';
  readonly clusterSize: number;
  readonly backingName?: string;
  readonly backingFormat?: 'vhdx';
  readonly #headers: VhdxHeaders;
  readonly #table: VhdxBlockTable;

  constructor(layout: VhdxBlockTable, headers: VhdxHeaders, write: boolean, backing: BlockNode | undefined) {
    super(layout, !write, backing);
    this.#headers = headers;
    this.#table = layout;
    this.clusterSize = layout.blockSize;
    const { parent } = layout.metadata;
    if (!parent) return;
    this.backingName = parentNameOf(parent) ?? '';
    this.backingFormat = 'vhdx';
  }

  /** Changes when what the disk reads changes. */
  get dataWriteGuid(): Uint8Array {
    return this.#headers.current.dataWriteGuid;
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }

  async resize(length: number): Promise<void> {
    const before = this.length;
    const { store, metadata } = this.#table;
    const wanted = roundUp(length, metadata.sectorSize);
    if (wanted < before) throw unsupported(store.name, 'making a VHDX disk smaller');
    if (metadata.fixed) throw unsupported(store.name, 'resizing a fixed VHDX disk');
    await this.alone(() => this.#table.grow(wanted));
    const end = Math.min(wanted, roundUp(before, this.clusterSize));
    if (end > before) await this.writeZeroes(before, end - before, false);
    await this.flush();
  }
}

const openVhdx = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const file = await readVhdx(store, host, options.write && !store.readOnly);
  const { headers, metadata } = file;
  const parts = { metadata, headers, region: file.regions.table };
  const layout = new VhdxBlockTable(file.store, parts, host, options.cacheBytes);
  const backing =
    metadata.parent && !options.noBacking
      ? await openParent(store.name, metadata.parent, host, options)
      : undefined;
  return new VhdxImage(layout, headers, options.write, backing);
};

const openParent = async (
  file: string,
  locator: ReadonlyMap<string, string>,
  host: ImageHost,
  options: OpenOptions,
): Promise<BlockNode> => {
  const name = parentNameOf(locator);
  if (name === undefined) throw corrupt(file, 'VHDX parent locator', 0, 'it names no file');
  const node = await options.openBacking(host.files.resolve(options.path, name), 'vhdx');
  if (!(node instanceof VhdxImage) || isParentOf(locator, node.dataWriteGuid)) return node;
  await node.close();
  throw parentChanged(file, name);
};

export const vhdx: ImageFormat = {
  name: 'vhdx',
  probe: (head) => (isVhdx(head) ? 100 : 0),
  open: openVhdx,
  create: createVhdx,
  createOptions: VHDX_CREATE_OPTIONS,
  check: checkVhdx,
  measure: ({ length, data, options }) => {
    const blockSize = blockSizeFor(length);
    const entries = tableEntries({ length, blockSize, sectorSize: 512, parent: undefined });
    const overhead = 3 * MEBI + roundUp(entries * 8, MEBI);
    const fullyAllocated = overhead + Math.ceil(length / blockSize) * blockSize;
    if (options['subformat'] === 'fixed') return { required: fullyAllocated, fullyAllocated };
    return { required: overhead + touchedBlocks(data, blockSize) * blockSize, fullyAllocated };
  },
};
