// Checks a VHDX file: a log that was not replayed, and blocks that overlap or lie outside the file. Repair replays.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport, ImageHost } from '../../image-format.ts';
import { CheckTally, UsedBlocks } from '../../sparse/check-tally.ts';
import { STATES, VhdxBlockTable } from './block-table.ts';
import { readVhdx } from './open-file.ts';

const MEBI = 1 << 20;
const STRUCTURE = 'VHDX block allocation table';

export const checkVhdx = async (
  store: ByteStore,
  host: ImageHost,
  options: CheckOptions,
): Promise<CheckReport> => {
  const tally = new CheckTally();
  const mayReplay = options.repair !== 'none' && !store.readOnly;
  const file = await readVhdx(store, host, mayReplay);
  if (file.replayed) {
    tally.corruption('VHDX log', file.headers.current.logPosition, 'the log was not replayed');
    if (mayReplay) tally.corruptionsFixed++;
  }
  const { headers, metadata } = file;
  const table = new VhdxBlockTable(
    file.store,
    { metadata, headers, region: file.regions.table },
    host,
    1 << 20,
  );
  const used = new UsedBlocks();
  const blocks = Math.ceil(metadata.length / metadata.blockSize);
  tally.totalClusters = blocks;
  for (let block = 0; block < blocks && !tally.hopeless; block++) {
    if (block % 4096 === 0) options.job?.progress(block, blocks);
    try {
      const entry = await table.entry(block);
      if (entry.state < STATES.present) continue;
      for (let mebi = 0; mebi < metadata.blockSize / MEBI; mebi++)
        if (!used.take(entry.position / MEBI + mebi)) {
          tally.corruption(STRUCTURE, entry.at, `block ${block} overlaps another`);
          break;
        }
      tally.allocated(entry.position, metadata.blockSize);
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      tally.corruption(STRUCTURE, Number(error.detail['offset'] ?? 0), error.message);
    }
  }
  return tally.report();
};
