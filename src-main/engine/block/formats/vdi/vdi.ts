// VDI, VirtualBox's own format: dynamic, static and differencing images of version 1.1. Not: undo images.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { FormatName, ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { badOption, roundUp, unsupported } from '../../sparse/fields.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { VdiBlockMap } from './block-map.ts';
import { checkVdi } from './check.ts';
import { createVdi, VDI_CREATE_OPTIONS } from './create.ts';
import { isVdi, readVdiHeader, VDI_TYPES, type VdiHeader } from './header.ts';
import { describeParent, parentMissing, parentName, parentUuidOf } from './parent.ts';

class VdiImage extends SparseNode implements ImageNode {
  readonly format = 'vdi';
  readonly clusterSize: number;
  readonly backingName?: string;
  readonly backingFormat?: 'vdi';

  readonly #map: VdiBlockMap;
  readonly #parentUuid: (name: string) => Promise<Uint8Array>;

  constructor(map: VdiBlockMap, host: ImageHost, options: OpenOptions, backing: BlockNode | undefined) {
    super(map, !options.write, backing);
    const { header } = map;
    this.#map = map;
    this.#parentUuid = (name) => parentUuidOf(host, options.path, name);
    this.clusterSize = header.blockSize;
    if (header.type !== VDI_TYPES.differencing) return;
    this.backingName = parentName(header);
    this.backingFormat = 'vdi';
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }

  async resize(length: number): Promise<void> {
    const before = this.length;
    const wanted = roundUp(length, 512);
    if (wanted < before) throw unsupported(this.#map.store.name, 'making a VDI image smaller');
    await this.alone(() => this.#map.grow(wanted));
    // What stood behind the end in the last block would show.
    const end = Math.min(wanted, roundUp(before, this.clusterSize));
    if (end > before) await this.writeZeroes(before, end - before, false);
    await this.flush();
  }

  /** None: the image stays a differencing one no longer. */
  async setBacking(
    backing: { readonly name: string; readonly format: FormatName } | undefined,
  ): Promise<void> {
    const { name } = this.#map.store;
    if (backing && backing.format !== 'vdi')
      throw badOption(name, `the parent of a VDI image is a VDI image, not ${backing.format}`);
    const parentUuid = backing ? await this.#parentUuid(backing.name) : new Uint8Array(16);
    const type = backing ? VDI_TYPES.differencing : VDI_TYPES.dynamic;
    const description = backing ? describeParent(backing.name) : '';
    await this.alone(() => this.#map.replaceHeader({ ...this.#map.header, type, description, parentUuid }));
  }
}

const openVdi = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const header = await readVdiHeader(store);
  const backing =
    header.type === VDI_TYPES.differencing && !options.noBacking
      ? await openParent(store.name, header, host, options)
      : undefined;
  return new VdiImage(new VdiBlockMap(store, header, options.cacheBytes), host, options, backing);
};

const openParent = async (
  file: string,
  header: VdiHeader,
  host: ImageHost,
  options: OpenOptions,
): Promise<BlockNode> => {
  const name = parentName(header);
  try {
    return await options.openBacking(host.files.resolve(options.path, name), 'vdi');
  } catch (error) {
    if (error instanceof BlockError && error.code === 'backing-missing')
      throw parentMissing(file, header, name);
    throw error;
  }
};

export const vdi: ImageFormat = {
  name: 'vdi',
  probe: (head) => (isVdi(head) ? 100 : 0),
  open: openVdi,
  create: createVdi,
  createOptions: VDI_CREATE_OPTIONS,
  check: (store, _host, options) => checkVdi(store, options),
  measure: ({ length, data, preallocation }) => {
    const block = 1 << 20;
    const blocks = Math.ceil(length / block);
    const overhead = block + Math.max(block, roundUp(blocks * 4, block));
    const fullyAllocated = overhead + blocks * block;
    if (preallocation && preallocation !== 'off') return { required: fullyAllocated, fullyAllocated };
    return { required: overhead + touchedBlocks(data, block) * block, fullyAllocated };
  },
};
