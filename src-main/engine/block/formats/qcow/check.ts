// Checks that the tables of a qcow image point into the file, and at each cluster once.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport, ImageHost } from '../../image-format.ts';
import { CheckTally, UsedBlocks } from '../../sparse/check-tally.ts';
import { QcowClusterTable } from './cluster-table.ts';
import { readQcowHeader } from './header.ts';

const STRUCTURE = 'qcow level 2 table';

export const checkQcow = async (
  store: ByteStore,
  host: ImageHost,
  options: CheckOptions,
): Promise<CheckReport> => {
  const header = await readQcowHeader(store);
  const table = new QcowClusterTable(store, header, host.codecs, 1 << 20);
  const tally = new CheckTally();
  const used = new UsedBlocks();
  const { blockSize, length } = table;
  const stretch = blockSize * 2 ** header.l2Bits;
  tally.totalClusters = Math.ceil(length / blockSize);
  for (let start = 0; start < length && !tally.hopeless; start += blockSize) {
    if (start % stretch === 0) {
      options.job?.progress(start, length);
      start = await skipAbsent(table, start, stretch, tally);
      if (start >= length) break;
    }
    try {
      const entry = await table.entry(start);
      if (entry.position === 0) continue;
      if (entry.packed) tally.compressedClusters++;
      else if (!used.take(Math.floor(entry.position / 512)))
        tally.corruption(STRUCTURE, entry.position, `the cluster at ${entry.position} is used twice`);
      tally.allocated(entry.position, entry.packed ? entry.packedBytes : blockSize);
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      tally.corruption(STRUCTURE, Number(error.detail['offset'] ?? 0), error.message);
    }
  }
  tally.fragmentedClusters = 0;
  return tally.report();
};

/** Stretches without a table are passed over at once: a disk may be huge and empty. */
const skipAbsent = async (
  table: QcowClusterTable,
  start: number,
  stretch: number,
  tally: CheckTally,
): Promise<number> => {
  let at = start;
  while (at < table.length && !tally.hopeless) {
    try {
      if ((await table.tableAt(at)) !== 0) break;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      tally.corruption('qcow level 1 table', Number(error.detail['offset'] ?? 0), error.message);
    }
    at += stretch;
  }
  return at;
};
