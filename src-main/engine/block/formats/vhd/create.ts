// New VHD files: fixed, dynamic and differencing.

import type { ByteStore } from '../../byte-store.ts';
import type { CreateOptions, ImageHost } from '../../image-format.ts';
import { badOption, roundUp } from '../../sparse/fields.ts';
import { booleanOption, choiceOption, refuseUnknownOptions } from '../../sparse/options.ts';
import { preallocate } from '../../sparse/preallocate.ts';
import {
  buildDynamicHeader,
  buildFooter,
  type DynamicHeader,
  FOOTER_BYTES,
  HEADER_BYTES,
  timeStampOf,
  VHD_TYPES,
  type VhdFooter,
} from './footer.ts';
import { geometryBytes, geometryFor } from './geometry.ts';
import { locatorBytes } from './parent.ts';
import { readAnyFooter } from './read-footer.ts';

export const VHD_CREATE_OPTIONS = [
  { name: 'subformat', help: 'Type of virtual hard disk: dynamic (default) or fixed' },
  {
    name: 'force_size',
    help: 'Take the size as it is (on), instead of the next one that has a disk geometry (off, the default)',
  },
  { name: 'preallocation', help: 'Preallocation mode of a fixed disk (allowed values: off, falloc, full)' },
];

export const VHD_BLOCK = 2 << 20;
/** 2040 GiB. */
const MAX_LENGTH = 0xff00_0000 * 512;

/** The size that `create` really makes. */
export const createdLength = (length: number, exact: boolean): number => {
  const rounded = roundUp(length, 512);
  return exact ? rounded : Math.max(rounded, geometryBytes(geometryFor(rounded)));
};

export const createVhd = async (store: ByteStore, host: ImageHost, options: CreateOptions): Promise<void> => {
  const { name } = store;
  refuseUnknownOptions(name, options.options, VHD_CREATE_OPTIONS);
  const kind = choiceOption(name, options.options, 'subformat', ['dynamic', 'fixed'], 'dynamic');
  const exact = booleanOption(name, options.options, 'force_size', false) || options.backing !== undefined;
  const length = createdLength(options.length, exact);
  if (length > MAX_LENGTH) throw badOption(name, 'a VHD disk has at most 2040 GiB');
  if (options.backing && kind === 'fixed') throw badOption(name, 'a differencing disk cannot be fixed');
  const preallocation = options.preallocation ?? 'off';
  if (preallocation === 'metadata' || (preallocation !== 'off' && kind !== 'fixed'))
    throw badOption(name, `preallocation=${preallocation} is not for ${kind} VHD disks`);
  const footer = (type: number): VhdFooter => ({
    headerPosition: FOOTER_BYTES,
    creator: exact ? 'win ' : 'bxwr',
    currentSize: length,
    geometry: geometryFor(length),
    type,
    uuid: host.random(16),
    timeStamp: timeStampOf(host.wallTimeMs()),
  });
  if (kind === 'fixed') {
    await preallocate(store, 0, length, preallocation);
    await store.writeAt(length, buildFooter(footer(VHD_TYPES.fixed)));
  } else if (options.backing) await createDifferencing(store, host, options, footer(VHD_TYPES.differencing));
  else await writeDynamic(store, footer(VHD_TYPES.dynamic), dynamicHeader(length), undefined);
};

const dynamicHeader = (length: number): DynamicHeader => ({
  tablePosition: FOOTER_BYTES + HEADER_BYTES,
  entries: Math.ceil(length / VHD_BLOCK),
  blockSize: VHD_BLOCK,
  parentUuid: new Uint8Array(16),
  parentTimeStamp: 0,
  parentName: '',
  locators: [],
});

const createDifferencing = async (
  store: ByteStore,
  host: ImageHost,
  options: CreateOptions,
  footer: VhdFooter,
): Promise<void> => {
  const backing = options.backing!;
  if (backing.format !== 'vpc')
    throw badOption(store.name, `the parent of a VHD disk is a VHD disk (vpc), not ${backing.format}`);
  const parent = await host.files.open(host.files.resolve(options.path, backing.name), 'read');
  let parentFooter: VhdFooter;
  try {
    ({ footer: parentFooter } = await readAnyFooter(parent));
  } finally {
    await parent.close();
  }
  const locator = locatorBytes(backing.name);
  if (locator.length > 512) throw badOption(store.name, 'the name of the parent is too long for a VHD disk');
  const position = FOOTER_BYTES + HEADER_BYTES;
  const header: DynamicHeader = {
    ...dynamicHeader(footer.currentSize),
    tablePosition: position + 512,
    parentUuid: parentFooter.uuid,
    parentTimeStamp: parentFooter.timeStamp,
    parentName: backing.name.split('/').at(-1)!,
    locators: [{ platform: 'W2ru', position, length: locator.length }],
  };
  await writeDynamic(store, footer, header, { position, bytes: locator });
};

const writeDynamic = async (
  store: ByteStore,
  footer: VhdFooter,
  header: DynamicHeader,
  locator: { position: number; bytes: Uint8Array } | undefined,
): Promise<void> => {
  const footerBytes = buildFooter(footer);
  await store.writeAt(0, footerBytes);
  await store.writeAt(FOOTER_BYTES, buildDynamicHeader(header));
  if (locator) await store.writeAt(locator.position, locator.bytes);
  const table = new Uint8Array(roundUp(header.entries * 4, 512)).fill(0xff);
  await store.writeAt(header.tablePosition, table);
  await store.writeAt(header.tablePosition + table.length, footerBytes);
};
