// New VDI images. The block map stands at 1 MiB and the data at the next, as VirtualBox lays them out.

import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageHost } from '../../image-format.ts';
import { badOption, roundUp } from '../../sparse/fields.ts';
import { booleanOption, refuseUnknownOptions } from '../../sparse/options.ts';
import { preallocate, writeZeroes } from '../../sparse/preallocate.ts';
import { BLOCK_FREE, buildVdiHeader, VDI_TYPES } from './header.ts';
import { describeParent, parentUuidOf } from './parent.ts';

const MEBI = 1 << 20;
/** What a 32-bit position of the data area leaves for the map. */
const MAX_BLOCKS = 0x3fff_0000;

export const VDI_CREATE_OPTIONS = [
  { name: 'static', help: 'VDI static (pre-allocated) image' },
  { name: 'preallocation', help: 'Preallocation mode (allowed values: off, metadata, falloc, full)' },
];

export const createVdi = async (store: ByteStore, host: ImageHost, options: CreateOptions): Promise<void> => {
  refuseUnknownOptions(store.name, options.options, VDI_CREATE_OPTIONS);
  const preallocation = options.preallocation ?? 'off';
  const isStatic = booleanOption(store.name, options.options, 'static', false) || preallocation !== 'off';
  const { backing } = options;
  if (backing && isStatic) throw badOption(store.name, 'a differencing image cannot be static');
  if (backing && backing.format !== 'vdi')
    throw badOption(store.name, `the parent of a VDI image is a VDI image, not ${backing.format}`);
  const blocks = Math.ceil(options.length / MEBI);
  if (blocks > MAX_BLOCKS) throw badOption(store.name, 'a VDI image cannot be that large');
  const mapPosition = MEBI;
  const dataPosition = mapPosition + Math.max(MEBI, roundUp(blocks * 4, MEBI));
  await store.truncate(dataPosition);
  await writeMap(store, mapPosition, blocks, isStatic);
  if (isStatic) await preallocate(store, dataPosition, blocks * MEBI, preallocation);
  const header = buildVdiHeader({
    type: backing ? VDI_TYPES.differencing : isStatic ? VDI_TYPES.static : VDI_TYPES.dynamic,
    description: backing ? describeParent(backing.name) : '',
    mapPosition,
    dataPosition,
    length: roundUp(options.length, 512),
    blockSize: MEBI,
    blocks,
    allocated: isStatic ? blocks : 0,
    uuid: newUuid(host),
    parentUuid: backing ? await parentUuidOf(host, options.path, backing.name) : new Uint8Array(16),
  });
  await store.writeAt(0, header);
};

const writeMap = async (
  store: ByteStore,
  position: number,
  blocks: number,
  isStatic: boolean,
): Promise<void> => {
  const piece = new Uint32Array(Math.min(blocks, MEBI / 4)).fill(BLOCK_FREE);
  for (let first = 0; first < blocks; first += piece.length) {
    const count = Math.min(piece.length, blocks - first);
    if (isStatic) for (let i = 0; i < count; i++) piece[i] = first + i;
    await store.writeAt(position + first * 4, new Uint8Array(piece.buffer, 0, count * 4));
  }
  if (blocks === 0) await writeZeroes(store, position, 512);
};

const newUuid = (host: ImageHost): Uint8Array => {
  const uuid = host.random(16).slice();
  uuid[7] = (uuid[7]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
};
