// Checks the block allocation table of a VHD: entries behind the end, blocks that overlap, room nobody uses.

import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport } from '../../image-format.ts';
import { CheckTally } from '../../sparse/check-tally.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import { bitmapBytes, NO_BLOCK } from './block-table.ts';
import { FOOTER_BYTES, VHD_TYPES } from './footer.ts';
import { readAnyFooter } from './read-footer.ts';
import { readTable } from './vhd-table.ts';

const STRUCTURE = 'VHD block allocation table';
const LISTED = 1 << 22;

export const checkVhd = async (store: ByteStore, options: CheckOptions): Promise<CheckReport> => {
  const found = await readAnyFooter(store);
  const tally = new CheckTally();
  if (found.footer.type === VHD_TYPES.fixed) {
    tally.imageEndOffset = store.length;
    return tally.report();
  }
  const { header } = await readTable(store, found);
  const step = bitmapBytes(header.blockSize) + header.blockSize;
  const table = new MetadataCache(store, 'big', 1 << 20);
  const starts: number[] = [];
  tally.totalClusters = header.entries;
  for (let index = 0; index < header.entries && !tally.hopeless; index++) {
    const at = header.tablePosition + index * 4;
    const sector = await table.u32(at);
    if (sector === NO_BLOCK) continue;
    if (sector * 512 >= store.length)
      tally.corruption(STRUCTURE, at, `block ${index} is behind the end of the file`);
    else {
      if (sector * 512 + step > store.length)
        tally.corruption(STRUCTURE, at, `the file ends within block ${index}; it was probably cut off`);
      tally.allocated(sector * 512, step);
      if (starts.length < LISTED) starts.push(sector * 512);
    }
    if (index % 4096 === 0) options.job?.progress(index, header.entries);
  }
  starts.sort((a, b) => a - b);
  let end = header.tablePosition + header.entries * 4;
  for (const start of starts) {
    if (start < end) tally.corruption(STRUCTURE, start, 'a block overlaps another or the table');
    end = Math.max(end, start + step);
  }
  const lost = Math.floor((store.length - FOOTER_BYTES - end) / step);
  if (lost > 0) tally.leak('VHD file', end, `${lost} blocks at the end are not used`, lost);
  return tally.report();
};
