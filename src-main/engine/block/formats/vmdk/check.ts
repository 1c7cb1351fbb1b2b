// Checks the grain tables of all sparse extents: entries behind the end of the file, grains used twice, and copies of
// tables that differ, which a loss of power leaves; only the first copy counts, and the second can be repaired.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport, ImageHost } from '../../image-format.ts';
import { CheckTally, UsedBlocks } from '../../sparse/check-tally.ts';
import { MetadataCache } from '../../sparse/metadata-cache.ts';
import { GrainTable } from './grain-table.ts';
import { readVmdk } from './read-descriptor.ts';
import { directoryEntries, FLAGS, type FoundHeader, readSparseHeader, SECTOR } from './sparse-header.ts';

export const checkVmdk = async (
  store: ByteStore,
  host: ImageHost,
  options: CheckOptions,
): Promise<CheckReport> => {
  const tally = new CheckTally();
  const found = await readVmdk(store);
  if (found.extent) await checkExtent(store, found.extent, host, options, tally);
  const access = options.repair === 'none' ? 'read' : 'write';
  for (const line of found.extent ? [] : found.descriptor.extents) {
    if (line.type !== 'SPARSE' || line.name === undefined) continue;
    const file = await host.files.open(host.files.resolve(options.path, line.name), access);
    try {
      await checkExtent(file, await readSparseHeader(file), host, options, tally);
    } finally {
      await file.close();
    }
  }
  return tally.report();
};

const checkExtent = async (
  store: ByteStore,
  { header }: FoundHeader,
  host: ImageHost,
  options: CheckOptions,
  tally: CheckTally,
): Promise<void> => {
  const table = new GrainTable(store, header, host.codecs, 1 << 20);
  const used = new UsedBlocks();
  const grains = Math.ceil(header.capacity / header.grainSize);
  const packed = (header.flags & FLAGS.compressed) !== 0;
  tally.totalClusters += grains;
  for (let grain = 0; grain < grains && !tally.hopeless; grain++) {
    // A table that is not there, or not to be reached, is passed over as a whole.
    if (grain % header.entriesPerTable === 0) {
      options.job?.progress(grain, grains);
      if (!(await hasTable(table, grain, tally))) {
        grain += header.entriesPerTable - 1;
        continue;
      }
    }
    try {
      const at = await table.entryAt(grain, header.directory);
      const entry = await table.entry(grain);
      if (entry <= 1) continue;
      if (!used.take(entry))
        tally.corruption('VMDK grain table', at, `grain ${grain}: sector ${entry} is used twice`);
      if (packed) tally.compressedClusters++;
      tally.allocated(entry * SECTOR, packed ? 0 : table.blockSize);
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      tally.corruption('VMDK grain table', Number(error.detail['offset'] ?? 0), error.message);
    }
  }
  if (header.flags & FLAGS.redundantTable && header.redundantDirectory > 0)
    await compareCopies(store, header, options, tally);
};

const hasTable = async (table: GrainTable, grain: number, tally: CheckTally): Promise<boolean> => {
  try {
    return (await table.entryAt(grain, table.header.directory)) !== 0;
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    tally.corruption('VMDK grain directory', Number(error.detail['offset'] ?? 0), error.message);
    return false;
  }
};

const compareCopies = async (
  store: ByteStore,
  header: FoundHeader['header'],
  options: CheckOptions,
  tally: CheckTally,
): Promise<void> => {
  const cache = new MetadataCache(store, 'little', 1 << 20);
  const bytes = header.entriesPerTable * 4;
  const first = new Uint8Array(bytes);
  const second = new Uint8Array(bytes);
  for (let i = 0; i < directoryEntries(header); i++) {
    const one = (await cache.u32(header.directory * SECTOR + i * 4)) * SECTOR;
    const two = (await cache.u32(header.redundantDirectory * SECTOR + i * 4)) * SECTOR;
    if (one === 0 || two === 0 || one + bytes > store.length || two + bytes > store.length) continue;
    await store.readAt(one, first);
    await store.readAt(two, second);
    if (first.every((byte, k) => byte === second[k])) continue;
    tally.leak('VMDK redundant grain table', two, `table ${i} differs from its copy at ${one}`);
    if (options.repair === 'none' || store.readOnly) continue;
    await store.writeAt(two, first);
    tally.leaksFixed++;
  }
  if (tally.leaksFixed > 0) await store.flush();
};
