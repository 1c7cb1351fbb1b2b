// VDI, VirtualBox's own format: dynamic, static and differencing images of version 1.1. Not: undo images.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { roundUp } from '../../sparse/fields.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { VdiBlockMap } from './block-map.ts';
import { checkVdi } from './check.ts';
import { createVdi, VDI_CREATE_OPTIONS } from './create.ts';
import { isVdi, readVdiHeader, VDI_TYPES, type VdiHeader } from './header.ts';
import { parentMissing, parentName } from './parent.ts';

class VdiImage extends SparseNode implements ImageNode {
  readonly format = 'vdi';
  readonly clusterSize: number;
  readonly backingName?: string;
  readonly backingFormat?: 'vdi';

  constructor(store: ByteStore, header: VdiHeader, options: OpenOptions, backing: BlockNode | undefined) {
    super(new VdiBlockMap(store, header, options.cacheBytes), !options.write, backing);
    this.clusterSize = header.blockSize;
    if (header.type !== VDI_TYPES.differencing) return;
    this.backingName = parentName(header);
    this.backingFormat = 'vdi';
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }
}

const openVdi = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const header = await readVdiHeader(store);
  const backing =
    header.type === VDI_TYPES.differencing && !options.noBacking
      ? await openParent(store.name, header, host, options)
      : undefined;
  return new VdiImage(store, header, options, backing);
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
