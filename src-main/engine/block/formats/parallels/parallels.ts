// Parallels disk images (.hdd, .hds), both kinds; read only. Not: the bundle's DiskDescriptor.xml with its snapshots.

import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport, ImageFormat, ImageNode, OpenOptions } from '../../image-format.ts';
import { CheckTally, UsedBlocks } from '../../sparse/check-tally.ts';
import { checkInFile } from '../../sparse/fields.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import { ReadOnlyLayout } from '../../sparse/read-only-layout.ts';
import type { Placement } from '../../sparse/sparse-layout.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { HEADER_BYTES, isParallels, type ParallelsHeader, readParallelsHeader } from './header.ts';

const STRUCTURE = 'Parallels allocation table';

class ParallelsTable extends ReadOnlyLayout {
  readonly length: number;
  readonly blockSize: number;
  readonly #header: ParallelsHeader;
  readonly #cache: MetadataCache;

  constructor(store: ByteStore, header: ParallelsHeader, cacheBytes: number) {
    super(store);
    this.length = header.length;
    this.blockSize = header.clusterSize;
    this.#header = header;
    this.#cache = new MetadataCache(store, 'little', cacheBytes);
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const { blockSize } = this;
    const index = Math.floor(offset / blockSize);
    const position = await this.#position(index);
    let length = blockSize - (offset % blockSize);
    for (let next = index + 1; length < limit && next < this.#header.entries; next++) {
      const wanted = position === 0 ? 0 : position + (next - index) * blockSize;
      if ((await this.#position(next)) !== wanted) break;
      length += blockSize;
    }
    length = Math.min(length, limit);
    if (position === 0) return { kind: 'absent', length };
    checkInFile(this.store, STRUCTURE, HEADER_BYTES + index * 4, position);
    return { kind: 'data', length, store: this.store, position: position + (offset % blockSize) };
  }

  async #position(index: number): Promise<number> {
    return (await this.#cache.u32(HEADER_BYTES + index * 4)) * this.#header.unit;
  }
}

class ParallelsImage extends SparseNode implements ImageNode {
  readonly format = 'parallels';
  readonly clusterSize: number;

  constructor(layout: ParallelsTable) {
    super(layout, true, undefined);
    this.clusterSize = layout.blockSize;
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }
}

const openParallels = async (store: ByteStore, options: OpenOptions): Promise<ImageNode> =>
  new ParallelsImage(new ParallelsTable(store, await readParallelsHeader(store), options.cacheBytes));

const checkParallels = async (store: ByteStore, options: CheckOptions): Promise<CheckReport> => {
  const header = await readParallelsHeader(store);
  const tally = new CheckTally();
  const used = new UsedBlocks();
  const cache = new MetadataCache(store, 'little', 1 << 20);
  tally.totalClusters = header.entries;
  if (header.inUse) tally.corruption('Parallels header', 44, 'the image was not closed properly');
  for (let index = 0; index < header.entries; index++) {
    const at = HEADER_BYTES + index * 4;
    const entry = await cache.u32(at);
    if (entry === 0) continue;
    const position = entry * header.unit;
    if (position >= store.length)
      tally.corruption(STRUCTURE, at, `cluster ${index} is behind the end of the file`);
    else if (!used.take(entry)) tally.corruption(STRUCTURE, at, `cluster ${index}: its place is used twice`);
    else tally.allocated(position, header.clusterSize);
    if (index % 4096 === 0) options.job?.progress(index, header.entries);
  }
  return tally.report();
};

export const parallels: ImageFormat = {
  name: 'parallels',
  probe: (head) => (isParallels(head) ? 100 : 0),
  open: (store, _host, options) => openParallels(store, options),
  check: (store, _host, options) => checkParallels(store, options),
};
