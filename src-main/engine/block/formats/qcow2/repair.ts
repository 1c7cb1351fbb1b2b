// Sets reference counts right: single ones in place, or all anew at the end of the file where the old structures cannot
// be trusted. What is written becomes valid with one write of the header.
// Reference: QEMU, docs/interop/qcow2.rst, "Host cluster management".

import { writeU64be } from '../../../base/bytes.ts';
import { BlockError } from '../../block-error.ts';
import { MAX_REFCOUNT_TABLE_BYTES } from './geometry.ts';
import type { Metadata } from './metadata.ts';
import { setRefcount } from './refcount-bits.ts';
import type { ReferenceMap } from './reference-map.ts';

export async function setCounts(
  metadata: Metadata,
  map: ReferenceMap,
  clusters: readonly number[],
): Promise<void> {
  const { perRefcountBlock, refcountOrder, refcountMax, file } = metadata.geometry;
  const { refcounts } = metadata;
  for (const cluster of clusters) {
    const block = await refcounts.cache.load(refcounts.blockOffset(Math.floor(cluster / perRefcountBlock)));
    const index = cluster % perRefcountBlock;
    const count = map.get(cluster);
    if (count > refcountMax) throw tooMany(file, cluster, count);
    setRefcount(block.bytes, refcountOrder, index, count);
    const byte = Math.floor((index * 2 ** refcountOrder) / 8);
    refcounts.cache.markDirty(block, byte, byte + Math.ceil(2 ** refcountOrder / 8));
    if (refcounts.cache.crowded) await metadata.writeBack();
  }
  await metadata.writeAll();
}

/** `map` then counts the new structures instead of the old ones. */
export async function rebuildRefcounts(metadata: Metadata, map: ReferenceMap): Promise<void> {
  const { geometry, store, refcounts } = metadata;
  const { clusterSize, perRefcountBlock } = geometry;
  for (const [offset, count] of oldStructures(metadata)) {
    const cluster = offset / clusterSize;
    for (let index = 0; index < count; index++)
      if (map.get(cluster + index) > 0) map.add(cluster + index, -1);
  }
  const end = Math.ceil(Math.max(store.length, map.end * clusterSize) / clusterSize);
  const used = new Set<number>();
  for (const [cluster] of map.entries()) used.add(Math.floor(cluster / perRefcountBlock));
  const { blocks, tableClusters } = placeNew(metadata, used, end);
  for (let index = 0; index < blocks.length + tableClusters; index++) map.add(end + index, 1);
  const table = new Uint8Array(tableClusters * clusterSize);
  for (const [place, index] of blocks.entries()) {
    const offset = (end + place) * clusterSize;
    await store.writeAt(offset, blockFor(metadata, map, index));
    writeU64be(table, index * 8, offset);
  }
  const refcountTableOffset = (end + blocks.length) * clusterSize;
  await store.writeAt(refcountTableOffset, table);
  await metadata.commitHeader({ refcountTableOffset, refcountTableClusters: tableClusters });
  await refcounts.open();
}

function blockFor(metadata: Metadata, map: ReferenceMap, index: number): Uint8Array {
  const { clusterSize, perRefcountBlock, refcountOrder, refcountMax, file } = metadata.geometry;
  const bytes = new Uint8Array(clusterSize);
  for (let slot = 0; slot < perRefcountBlock; slot++) {
    const count = map.get(index * perRefcountBlock + slot);
    if (count > refcountMax) throw tooMany(file, index * perRefcountBlock + slot, count);
    if (count > 0) setRefcount(bytes, refcountOrder, slot, count);
  }
  return bytes;
}

/** Blocks for all that is used, the new structures included, and the clusters of a table that reaches them. */
function placeNew(
  metadata: Metadata,
  used: Set<number>,
  end: number,
): { blocks: number[]; tableClusters: number } {
  const { clusterSize, perRefcountBlock, file } = metadata.geometry;
  for (;;) {
    const highest = Math.max(...used, 0);
    const tableClusters = Math.ceil(((highest + 1) * 8) / clusterSize);
    if (tableClusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES)
      throw new BlockError(
        'corrupt',
        `“${file}” cannot be repaired: it refers to clusters too far behind its end.`,
        {
          file,
          structure: 'refcount table',
          offset: metadata.header.refcountTableOffset,
        },
      );
    const before = used.size;
    const last = end + used.size + tableClusters - 1;
    for (
      let index = Math.floor(end / perRefcountBlock);
      index <= Math.floor(last / perRefcountBlock);
      index++
    )
      used.add(index);
    if (used.size === before) return { blocks: [...used].sort((one, other) => one - other), tableClusters };
  }
}

function* oldStructures(metadata: Metadata): Generator<readonly [offset: number, clusters: number]> {
  const { header, refcounts, store } = metadata;
  yield [header.refcountTableOffset, header.refcountTableClusters];
  for (let index = 0; index < refcounts.tableEntries; index++) {
    let offset = 0;
    try {
      offset = refcounts.blockOffset(index);
    } catch {
      // Not counted either.
    }
    if (offset !== 0 && offset < store.length) yield [offset, 1];
  }
}

function tooMany(file: string, cluster: number, count: number): BlockError {
  return new BlockError(
    'unsupported',
    `“${file}” cannot be repaired in place: cluster ${cluster} is used ${count} times, more than its refcounts can say. Convert the image to a new one.`,
    { file, feature: 'refcount' },
  );
}
