// VHD, the format of Virtual PC and Hyper-V: fixed, dynamic and differencing disks.

import type { ByteStore } from '../../byte-store.ts';
import type { ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { corrupt, roundUp } from '../../sparse/fields.ts';
import { FlatLayout } from '../../sparse/flat-layout.ts';
import type { SparseLayout } from '../../sparse/sparse-layout.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { bitmapBytes, VhdBlockTable } from './block-table.ts';
import { checkVhd } from './check.ts';
import { createdLength, createVhd, VHD_BLOCK, VHD_CREATE_OPTIONS } from './create.ts';
import { FOOTER_BYTES, HEADER_BYTES, hasFooterCookie, isFooterWhole, VHD_TYPES } from './footer.ts';
import { vhdLength } from './geometry.ts';
import { parentMismatch, parentName } from './parent.ts';
import { type FoundFooter, readAnyFooter } from './read-footer.ts';
import { readTable } from './vhd-table.ts';

interface VhdParent {
  readonly name: string;
  readonly node: BlockNode | undefined;
}

class VhdImage extends SparseNode implements ImageNode {
  readonly format = 'vpc';
  readonly uuid: Uint8Array;
  readonly clusterSize?: number;
  readonly backingName?: string;
  readonly backingFormat?: 'vpc';

  constructor(layout: SparseLayout, options: OpenOptions, uuid: Uint8Array, parent: VhdParent | undefined) {
    super(layout, !options.write, parent?.node);
    this.uuid = uuid;
    if (layout instanceof VhdBlockTable) this.clusterSize = layout.blockSize;
    if (!parent) return;
    this.backingName = parent.name;
    this.backingFormat = 'vpc';
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }
}

const openVhd = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const found = await readAnyFooter(store);
  const { footer } = found;
  if (footer.type === VHD_TYPES.fixed) return openFixed(store, options, found);
  const table = await readTable(store, found);
  let parent: VhdParent | undefined;
  if (footer.type === VHD_TYPES.differencing) {
    const name = await parentName(store, table.header);
    const node = options.noBacking
      ? undefined
      : await openParent(
          store.name,
          host.files.resolve(options.path, name),
          table.header.parentUuid,
          options,
        );
    parent = { name, node };
  }
  return new VhdImage(new VhdBlockTable(store, table, options.cacheBytes), options, footer.uuid, parent);
};

const openFixed = (store: ByteStore, options: OpenOptions, { footer }: FoundFooter): ImageNode => {
  const length = vhdLength(footer);
  const room = store.length - FOOTER_BYTES;
  // Programs disagree on the geometry; in a fixed disk the file itself tells.
  const exact = length > room && footer.currentSize <= room ? footer.currentSize : length;
  if (exact > room)
    throw corrupt(store.name, 'VHD footer', room + 48, `the disk of ${length} bytes is longer than the file`);
  return new VhdImage(new FlatLayout(store, 0, exact), options, footer.uuid, undefined);
};

const openParent = async (
  file: string,
  path: string,
  uuid: Uint8Array,
  options: OpenOptions,
): Promise<BlockNode> => {
  const node = await options.openBacking(path, 'vpc');
  if (!(node instanceof VhdImage) || node.uuid.every((byte, i) => byte === uuid[i])) return node;
  await node.close();
  throw parentMismatch(file, path);
};

const probeVhd = (head: Uint8Array, tail: Uint8Array): number => {
  if (hasFooterCookie(head)) return 100;
  // A fixed disk starts with the guest's data; only a whole footer counts.
  return isFooterWhole(tail.subarray(Math.max(0, tail.length - FOOTER_BYTES))) ? 50 : 0;
};

export const vhd: ImageFormat = {
  name: 'vpc',
  probe: probeVhd,
  open: openVhd,
  create: createVhd,
  createOptions: VHD_CREATE_OPTIONS,
  check: (store, _host, options) => checkVhd(store, options),
  measure: ({ length, data, options }) => {
    const real = createdLength(length, options['force_size'] === 'on');
    if (options['subformat'] === 'fixed')
      return { required: real + FOOTER_BYTES, fullyAllocated: real + FOOTER_BYTES };
    const blocks = Math.ceil(real / VHD_BLOCK);
    const overhead = FOOTER_BYTES * 2 + HEADER_BYTES + roundUp(blocks * 4, 512);
    const step = bitmapBytes(VHD_BLOCK) + VHD_BLOCK;
    return {
      required: overhead + touchedBlocks(data, VHD_BLOCK) * step,
      fullyAllocated: overhead + blocks * step,
    };
  },
};
