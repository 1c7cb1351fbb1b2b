// Finds the descriptor of a VMDK: the file itself, or embedded in a sparse extent.

import type { ByteStore } from '../../byte-store.ts';
import { corrupt, unsupported, wrongFormat } from '../../sparse/fields.ts';
import {
  type Descriptor,
  looksLikeDescriptor,
  MAX_DESCRIPTOR,
  NO_PARENT,
  parseDescriptor,
} from './descriptor.ts';
import { type FoundHeader, isSparseExtent, readSparseHeader, SECTOR } from './sparse-header.ts';

export interface FoundDescriptor {
  readonly descriptor: Descriptor;
  readonly position: number;
  /** Room for it; a file of its own has no bound. */
  readonly room: number;
  /** The extent that it is embedded in. */
  readonly extent: FoundHeader | undefined;
}

export const readVmdk = async (store: ByteStore): Promise<FoundDescriptor> => {
  const head = new Uint8Array(Math.min(4096, store.length));
  await store.readAt(0, head);
  if (isSparseExtent(head)) return readEmbedded(store);
  if (!looksLikeDescriptor(head)) throw wrongFormat(store.name, 'VMDK');
  if (store.length > MAX_DESCRIPTOR)
    throw corrupt(store.name, 'VMDK descriptor', 0, `a text of ${store.length} bytes is no descriptor`);
  const text = new Uint8Array(store.length);
  await store.readAt(0, text);
  return {
    descriptor: parseDescriptor(text, store.name, 0),
    position: 0,
    room: MAX_DESCRIPTOR,
    extent: undefined,
  };
};

const readEmbedded = async (store: ByteStore): Promise<FoundDescriptor> => {
  const extent = await readSparseHeader(store);
  const position = extent.header.descriptorOffset * SECTOR;
  const room = extent.header.descriptorSize * SECTOR;
  if (position === 0 || room === 0) return { descriptor: lonelyExtent, position: 0, room: 0, extent };
  if (room > MAX_DESCRIPTOR) throw unsupported(store.name, `a descriptor of ${room} bytes`);
  const text = new Uint8Array(room);
  await store.readAt(position, text);
  return { descriptor: parseDescriptor(text, store.name, position), position, room, extent };
};

/** One part of a split disk, opened by itself. */
const lonelyExtent: Descriptor = {
  text: '',
  cid: 0,
  parentCid: NO_PARENT,
  createType: 'monolithicSparse',
  parentName: undefined,
  extents: [],
};
