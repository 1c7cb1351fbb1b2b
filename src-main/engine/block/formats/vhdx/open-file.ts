// What opening and checking a VHDX file have in common: headers, log, regions, metadata, in this order.

import type { ByteStore } from '../../byte-store.ts';
import type { ImageHost } from '../../image-format.ts';
import { newGuid } from './guid.ts';
import { VhdxHeaders } from './headers.ts';
import { type LogChanges, readLog } from './log-replay.ts';
import { readMetadata, type VhdxMetadata } from './metadata.ts';
import { type Regions, readRegions } from './regions.ts';
import { ReplayedStore } from './replayed-store.ts';

export interface VhdxFile {
  /** The file, or a view of it in which the log is replayed. */
  readonly store: ByteStore;
  readonly headers: VhdxHeaders;
  readonly regions: Regions;
  readonly metadata: VhdxMetadata;
  /** The log had something to say. */
  readonly replayed: boolean;
}

/** Replays the log in the file if it may, else in a view. */
export const readVhdx = async (store: ByteStore, host: ImageHost, mayReplay: boolean): Promise<VhdxFile> => {
  const headers = await VhdxHeaders.read(store);
  const changes = await readLog(store, headers.current);
  let view = store;
  if (changes && mayReplay) await replay(store, headers, changes, host);
  else if (changes) view = new ReplayedStore(store, changes);
  const regions = await readRegions(view);
  const metadata = await readMetadata(view, regions.metadata);
  return { store: view, headers, regions, metadata, replayed: changes !== undefined };
};

/** The log stays in force until all of it is in place. */
const replay = async (
  store: ByteStore,
  headers: VhdxHeaders,
  changes: LogChanges,
  host: ImageHost,
): Promise<void> => {
  await headers.update({ fileWriteGuid: newGuid(host.random(16)) });
  for (const [position, page] of changes.pages) await store.writeAt(position, page);
  if (store.length < changes.fileLength) await store.truncate(changes.fileLength);
  await store.flush();
  await headers.update({ logGuid: new Uint8Array(16) });
};
