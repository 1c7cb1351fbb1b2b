// Checks the block map of a VDI image: numbers out of range, numbers used twice, blocks nobody uses. The count in the
// header can be repaired, the map cannot.

import { writeU32 } from '../../../base/bytes.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport } from '../../image-format.ts';
import { CheckTally, UsedBlocks } from '../../sparse/check-tally.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import { ALLOCATED_AT, BLOCK_ZERO, readVdiHeader, type VdiHeader } from './header.ts';

export const checkVdi = async (store: ByteStore, options: CheckOptions): Promise<CheckReport> => {
  const header = await readVdiHeader(store);
  const tally = new CheckTally();
  tally.totalClusters = header.blocks;
  const end = await checkMap(store, header, tally, options);
  const structure = 'VDI header';
  if (header.allocated < end) {
    const message = `blocks_allocated is ${header.allocated}, but block number ${end - 1} is in use`;
    tally.corruption(structure, ALLOCATED_AT, message);
    if (options.repair === 'all' && !store.readOnly) tally.corruptionsFixed += await repairCount(store, end);
  } else if (header.allocated > tally.allocatedClusters) {
    const lost = header.allocated - tally.allocatedClusters;
    tally.leak(structure, ALLOCATED_AT, `${lost} blocks are taken and not used`, lost);
    if (options.repair !== 'none' && !store.readOnly && header.allocated > end) {
      await repairCount(store, end);
      tally.leaksFixed += header.allocated - end;
    }
  }
  return tally.report();
};

const repairCount = async (store: ByteStore, count: number): Promise<number> => {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, count);
  await store.writeAt(ALLOCATED_AT, bytes);
  await store.flush();
  return 1;
};

/** The number behind the last that is used. */
const checkMap = async (
  store: ByteStore,
  header: VdiHeader,
  tally: CheckTally,
  options: CheckOptions,
): Promise<number> => {
  const map = new MetadataCache(store, 'little', 1 << 20);
  const used = new UsedBlocks();
  const structure = 'VDI block map';
  let end = 0;
  for (let index = 0; index < header.blocks && !tally.hopeless; index++) {
    const at = header.mapPosition + index * 4;
    const entry = await map.u32(at);
    if (entry >= BLOCK_ZERO) continue;
    const position = header.dataPosition + entry * header.blockSize;
    if (entry >= header.blocks)
      tally.corruption(structure, at, `block ${index}: number ${entry} is out of range`);
    else if (!used.take(entry))
      tally.corruption(structure, at, `block ${index}: number ${entry} is used twice`);
    else if (position >= store.length)
      tally.corruption(structure, at, `block ${index}: number ${entry} is behind the end of the file`);
    else {
      tally.allocated(position, header.blockSize);
      end = Math.max(end, entry + 1);
    }
    if (index % 4096 === 0) options.job?.progress(index, header.blocks);
  }
  return end;
};
