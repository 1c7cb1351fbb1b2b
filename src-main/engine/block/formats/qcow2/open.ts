// Opens a qcow2 image: header, external data file, what lies behind; refuses what may not be written.
// Reference: QEMU, docs/interop/qcow2.rst, "Header", "incompatible features".

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { FormatName, ImageHost, OpenOptions } from '../../image-format.ts';
import type { BlockNode } from '../../node.ts';
import { checkQcow2 } from './check.ts';
import {
  EXTENSION_BACKING_FORMAT,
  EXTENSION_DATA_FILE,
  extensionText,
  INCOMPATIBLE_DATA_FILE,
  INCOMPATIBLE_DIRTY,
  type Qcow2Header,
  readHeader,
} from './header.ts';
import { Qcow2Image } from './image.ts';
import { refuseMarked } from './metadata.ts';

export async function openQcow2(
  store: ByteStore,
  host: ImageHost,
  options: OpenOptions,
): Promise<Qcow2Image> {
  let header = await readHeader(store);
  if (options.write) refuseMarked(store.name, header);
  if (options.write && (header.incompatible & INCOMPATIBLE_DIRTY) !== 0) {
    // Its writer kept counts in memory and was cut off.
    await checkQcow2(store, host, { path: options.path, repair: 'all' });
    header = await readHeader(store);
  }
  const dataStore = await openDataFile(store, header, host, options);
  let backing: BlockNode | undefined;
  try {
    backing = await openBacking(header, host, options);
    const image = new Qcow2Image({ store, dataStore, header, host, options, backing });
    await image.open();
    return image;
  } catch (error) {
    if (dataStore !== store) await dataStore.close();
    await backing?.close();
    throw error;
  }
}

export async function openDataFile(
  store: ByteStore,
  header: Qcow2Header,
  host: ImageHost,
  { path, write }: { readonly path: string; readonly write: boolean },
): Promise<ByteStore> {
  if ((header.incompatible & INCOMPATIBLE_DATA_FILE) === 0) return store;
  const name = extensionText(header, EXTENSION_DATA_FILE);
  if (name === undefined || name === '')
    throw new BlockError(
      'corrupt',
      `“${store.name}” is damaged: it keeps its data in another file, but does not name it.`,
      {
        file: store.name,
        structure: 'header',
        offset: 72,
      },
    );
  return await host.files.open(host.files.resolve(path, name), write ? 'write' : 'read');
}

async function openBacking(
  header: Qcow2Header,
  host: ImageHost,
  options: OpenOptions,
): Promise<BlockNode | undefined> {
  if (header.backingName === undefined || options.noBacking) return undefined;
  const format = extensionText(header, EXTENSION_BACKING_FORMAT);
  const path = host.files.resolve(options.path, header.backingName);
  return await options.openBacking(path, (format || undefined) as FormatName | undefined);
}
