// One extent of a VMDK disk, opened: a sparse or flat file, or nothing but zeroes.

import type { ByteStore } from '../../byte-store.ts';
import type { ImageHost, OpenOptions } from '../../image-format.ts';
import type { BlockNode, BlockStatus } from '../../node.ts';
import { corrupt, unsupported } from '../../sparse/fields.ts';
import { FlatLayout } from '../../sparse/flat-layout.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import type { ExtentLine } from './descriptor.ts';
import { GrainTable } from './grain-table.ts';
import { directoryEntries, FLAGS, type FoundHeader, readSparseHeader, SECTOR } from './sparse-header.ts';
import { StreamWriter } from './stream-writer.ts';

export interface Extent {
  readonly start: number;
  readonly length: number;
  readonly file: string;
  readonly type: string;
  readonly grainBytes: number | undefined;
  readonly compressed: boolean;
  /** Undefined: it reads zero and cannot be written. */
  readonly node: BlockNode | undefined;
}

/** What an extent sees of the image behind the disk; the disk closes that. */
class BackingSlice implements BlockNode {
  readonly length: number;
  readonly readOnly = true;
  readonly #backing: BlockNode;
  readonly #start: number;

  constructor(backing: BlockNode, start: number, length: number) {
    this.#backing = backing;
    this.#start = start;
    this.length = Math.max(0, Math.min(length, backing.length - start));
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#backing.read(this.#start + offset, into);
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#backing.status(this.#start + offset, length);
  }

  write(): Promise<void> {
    throw new Error('a backing image is not written');
  }

  writeZeroes(): Promise<void> {
    return this.write();
  }

  async discard(): Promise<void> {}

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}

const slice = (backing: BlockNode | undefined, start: number, length: number): BlockNode | undefined =>
  backing && new BackingSlice(backing, start, length);

export const openSparse = async (
  store: ByteStore,
  found: FoundHeader,
  host: ImageHost,
  options: {
    write: boolean;
    cacheBytes: number;
    backing: BlockNode | undefined;
    start: number;
    type: string;
  },
): Promise<Extent> => {
  const { header } = found;
  const compressed = (header.flags & FLAGS.compressed) !== 0;
  const length = header.capacity * SECTOR;
  const base = { start: options.start, length, file: store.name, type: options.type, compressed };
  const grainBytes = header.grainSize * SECTOR;
  if (compressed && found.stream && options.write && (await isEmpty(store, found)))
    return { ...base, grainBytes, node: new StreamWriter(store, header, host.codecs) };
  const table = new GrainTable(store, header, host.codecs, options.cacheBytes);
  // Version 3 stands for tracking of changes, which writing would have to keep up.
  const readOnly = !options.write || compressed || header.version === 3;
  const node = new SparseNode(table, readOnly, slice(options.backing, options.start, length));
  return { ...base, grainBytes, node };
};

const isEmpty = async (store: ByteStore, { header }: FoundHeader): Promise<boolean> => {
  const directory = new Uint8Array(directoryEntries(header) * 4);
  await store.readAt(header.directory * SECTOR, directory);
  return directory.every((byte) => byte === 0);
};

/** Opens the file of an extent line; names are subject to the host's policy. */
export const openExtent = async (
  line: ExtentLine,
  start: number,
  host: ImageHost,
  options: OpenOptions,
  backing: BlockNode | undefined,
): Promise<Extent> => {
  const length = line.sectors * SECTOR;
  const write = options.write && line.access === 'RW';
  if (line.type === 'ZERO')
    return {
      start,
      length,
      file: '',
      type: 'ZERO',
      grainBytes: undefined,
      compressed: false,
      node: undefined,
    };
  if (!['SPARSE', 'FLAT', 'VMFS'].includes(line.type) || line.access === 'NOACCESS')
    throw unsupported(options.path, `a VMDK extent of type ${line.access} ${line.type}`);
  if (line.name === undefined)
    throw corrupt(options.path, 'VMDK descriptor', 0, `an extent of type ${line.type} names no file`);
  const store = await host.files.open(host.files.resolve(options.path, line.name), write ? 'write' : 'read');
  try {
    if (line.type !== 'SPARSE') return openFlat(store, line, start, write);
    const found = await readSparseHeader(store);
    const { type } = line;
    const extent = await openSparse(store, found, host, { ...options, write, backing, start, type });
    if (extent.length !== length)
      throw corrupt(
        store.name,
        'VMDK sparse extent header',
        12,
        `it has ${extent.length} bytes, not ${length}`,
      );
    return extent;
  } catch (error) {
    await store.close();
    throw error;
  }
};

const openFlat = (store: ByteStore, line: ExtentLine, start: number, write: boolean): Extent => {
  const length = line.sectors * SECTOR;
  const position = line.offset * SECTOR;
  if (position + length > store.length)
    throw corrupt(
      store.name,
      'VMDK flat extent',
      position,
      `the file has less than the ${length} bytes of the extent`,
    );
  const node = new SparseNode(new FlatLayout(store, position, length), !write, undefined);
  return { start, length, file: store.name, type: line.type, grainBytes: undefined, compressed: false, node };
};
