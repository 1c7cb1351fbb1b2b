// VMDK, VMware's format: sparse and flat extents in one file or split, streamOptimized, and links to a parent.
// Not: VMFS sparse (COWD), seSparse and raw devices. Reference: VMware, "Virtual Disk Format 5.0".

import { utf8 } from '../../../base/utf8.ts';
import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { FormatName, ImageFormat, ImageHost, ImageNode, OpenOptions } from '../../image-format.ts';
import type { BlockNode, BlockStatus } from '../../node.ts';
import { checkRange } from '../../range.ts';
import { badOption, corrupt, roundUp, unsupported } from '../../sparse/fields.ts';
import { touchedBlocks } from '../../sparse/touched-blocks.ts';
import { checkVmdk } from './check.ts';
import { cidOf, createVmdk, VMDK_CREATE_OPTIONS } from './create.ts';
import { type Descriptor, looksLikeDescriptor, NO_PARENT, renewCid, withParent } from './descriptor.ts';
import { type Extent, openExtent, openSparse } from './extent.ts';
import { type FoundDescriptor, readVmdk } from './read-descriptor.ts';
import { isSparseExtent } from './sparse-header.ts';
import { StreamWriter } from './stream-writer.ts';

interface VmdkParts {
  readonly store: ByteStore;
  readonly found: FoundDescriptor;
  readonly extents: readonly Extent[];
  readonly backing: BlockNode | undefined;
}

class VmdkImage implements ImageNode {
  readonly format = 'vmdk';
  readonly length: number;
  readonly readOnly: boolean;
  readonly backing?: BlockNode;
  readonly backingName?: string;
  readonly backingFormat?: 'vmdk';
  readonly clusterSize?: number;
  readonly writeCompressed?: (offset: number, from: Uint8Array) => Promise<void>;
  readonly #parts: VmdkParts;
  readonly #host: ImageHost;
  readonly #path: string;
  #renewed: Promise<number> | undefined;
  #cid: number;

  constructor(parts: VmdkParts, host: ImageHost, { path, write }: OpenOptions) {
    this.#parts = parts;
    this.#path = path;
    this.#host = host;
    const { extents, backing } = parts;
    const { descriptor } = parts.found;
    this.#cid = descriptor.cid;
    this.length = extents.reduce((sum, extent) => sum + extent.length, 0);
    this.readOnly = !write || extents.some(({ node }) => node?.readOnly === true);
    if (backing) this.backing = backing;
    if (descriptor.parentCid !== NO_PARENT && descriptor.parentName !== undefined) {
      this.backingName = descriptor.parentName;
      this.backingFormat = 'vmdk';
    }
    const grainBytes = extents[0]?.grainBytes;
    if (grainBytes !== undefined) this.clusterSize = grainBytes;
    if (extents.some(({ node }) => node instanceof StreamWriter))
      this.writeCompressed = (offset, from) => this.write(offset, from);
  }

  get cid(): number {
    return this.#cid;
  }

  details(): Readonly<Record<string, unknown>> {
    const { found, extents } = this.#parts;
    return {
      cid: this.cid,
      'parent-cid': found.descriptor.parentCid,
      'create-type': found.descriptor.createType,
      extents: extents.map((extent) => ({
        ...(extent.compressed ? { compressed: true } : {}),
        'virtual-size': extent.length,
        filename: extent.file,
        ...(extent.grainBytes === undefined ? {} : { 'cluster-size': extent.grainBytes }),
        format: extent.type,
      })),
    };
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#each(offset, into.length, async (extent, at, done, length) => {
      const part = into.subarray(done, done + length);
      if (extent.node) await extent.node.read(at, part);
      else part.fill(0);
    });
  }

  /** Extents are asked at once, as waiting for the descriptor first would let later reads go ahead. */
  async write(offset: number, from: Uint8Array): Promise<void> {
    const written = this.#each(offset, from.length, (extent, at, done, length) =>
      this.#writable(extent).write(at, from.subarray(done, done + length)),
    );
    await Promise.all([written, this.#begin()]);
  }

  async writeZeroes(offset: number, length: number, unmap: boolean): Promise<void> {
    const written = this.#each(offset, length, async (extent, at, _done, count) => {
      if (extent.node) await extent.node.writeZeroes(at, count, unmap);
    });
    await Promise.all([written, this.#begin()]);
  }

  discard(offset: number, length: number): Promise<void> {
    return this.#each(offset, length, async () => {});
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    checkRange(this.#parts.store.name, this.length, offset, length);
    const extent = this.#parts.extents.find(({ start, length: size }) => offset < start + size);
    if (!extent) return { length, zero: true, data: false, depth: 0, present: false };
    const count = Math.min(length, extent.start + extent.length - offset);
    if (!extent.node) return { length: count, zero: true, data: false, depth: 0, present: true };
    return extent.node.status(offset - extent.start, count);
  }

  async flush(): Promise<void> {
    for (const { node } of this.#parts.extents) await node?.flush();
  }

  async close(): Promise<void> {
    const { store, found, extents, backing } = this.#parts;
    try {
      for (const { node } of extents) await node?.close();
      if (!found.extent && this.#renewed) await store.flush();
    } finally {
      if (!found.extent) await store.close();
      await backing?.close();
    }
  }

  async setBacking(
    backing: { readonly name: string; readonly format: FormatName } | undefined,
  ): Promise<void> {
    const { store, found, extents } = this.#parts;
    if (backing && (backing.format !== 'vmdk' || /["\n]/.test(backing.name)))
      throw badOption(store.name, 'the parent of a VMDK disk is a VMDK disk of a plain name');
    if (
      found.room === 0 ||
      extents.some(({ grainBytes, compressed }) => grainBytes === undefined || compressed)
    )
      throw unsupported(store.name, 'a parent behind flat or packed extents');
    await this.#begin();
    const cid = backing ? await cidOf(this.#host, this.#path, backing.name) : 0;
    // Read again, as the first write has changed it.
    const { descriptor } = await readVmdk(store);
    const text = utf8(withParent(descriptor.text, backing && { cid, name: backing.name }));
    if (text.length > found.room) throw badOption(store.name, 'the name of the parent is too long');
    const bytes = new Uint8Array(found.extent ? found.room : text.length);
    bytes.set(text);
    await store.writeAt(found.position, bytes);
    if (!found.extent) await store.truncate(text.length);
    await store.flush();
  }

  #writable(extent: Extent): BlockNode {
    if (extent.node) return extent.node;
    const file = this.#parts.store.name;
    throw new BlockError('read-only', `“${file}”: this part of the disk is zero and cannot be written.`, {
      file,
    });
  }

  /** Children know their parent's content by its CID: the first write gives a new one. */
  async #begin(): Promise<void> {
    const { store, found } = this.#parts;
    if (this.readOnly)
      throw new BlockError('read-only', `“${store.name}” is open for reading only.`, { file: store.name });
    if (found.room === 0) return;
    this.#renewed ??= renewCid(store, found.position, found.descriptor, this.#host.random(8));
    this.#cid = await this.#renewed;
  }

  async #each(
    offset: number,
    length: number,
    body: (extent: Extent, at: number, done: number, length: number) => Promise<void>,
  ): Promise<void> {
    checkRange(this.#parts.store.name, this.length, offset, length);
    const parts: Promise<void>[] = [];
    for (const extent of this.#parts.extents) {
      const from = Math.max(offset, extent.start);
      const to = Math.min(offset + length, extent.start + extent.length);
      if (from < to) parts.push(body(extent, from - extent.start, from - offset, to - from));
    }
    await Promise.all(parts);
  }
}

const openVmdk = async (store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode> => {
  const found = await readVmdk(store);
  const backing = await openParent(store.name, found.descriptor, host, options);
  const extents: Extent[] = [];
  try {
    if (found.extent) {
      const { write, cacheBytes } = options;
      extents.push(
        await openSparse(store, found.extent, host, { write, cacheBytes, backing, start: 0, type: '' }),
      );
    } else {
      let start = 0;
      for (const line of found.descriptor.extents) {
        extents.push(await openExtent(line, start, host, options, backing));
        start = extents.at(-1)!.start + extents.at(-1)!.length;
      }
      if (extents.length === 0) throw corrupt(store.name, 'VMDK descriptor', 0, 'it names no extents');
    }
    return new VmdkImage({ store, found, extents, backing }, host, options);
  } catch (error) {
    if (!found.extent) for (const { node } of extents) await node?.close();
    await backing?.close();
    throw error;
  }
};

const openParent = async (
  file: string,
  descriptor: Descriptor,
  host: ImageHost,
  options: OpenOptions,
): Promise<BlockNode | undefined> => {
  if (descriptor.parentCid === NO_PARENT || options.noBacking) return undefined;
  const { parentName, parentCid } = descriptor;
  if (parentName === undefined)
    throw corrupt(file, 'VMDK descriptor', 0, 'it has a parent, but parentFileNameHint is missing');
  const node = await options.openBacking(host.files.resolve(options.path, parentName), 'vmdk');
  if (!(node instanceof VmdkImage) || node.cid === parentCid) return node;
  await node.close();
  const wanted = parentCid.toString(16).padStart(8, '0');
  throw corrupt(
    file,
    'VMDK descriptor',
    0,
    `its parent “${parentName}” has changed since (the CID is ${node.cid.toString(16)}, not ${wanted})`,
  );
};

export const vmdk: ImageFormat = {
  name: 'vmdk',
  probe: (head) => (isSparseExtent(head) ? 100 : looksLikeDescriptor(head) ? 90 : 0),
  open: openVmdk,
  create: createVmdk,
  createOptions: VMDK_CREATE_OPTIONS,
  check: (store, host, options) => checkVmdk(store, host, options),
  measure: ({ length, data, options }) => {
    if (/Flat$/.test(options['subformat'] ?? '')) return { required: length, fullyAllocated: length };
    const grain = 65536;
    const tables = Math.ceil(length / (grain * 512));
    const overhead = roundUp(21 * 512 + 2 * (roundUp(tables * 4, 512) + tables * 2048), grain);
    return {
      required: overhead + touchedBlocks(data, grain) * grain,
      fullyAllocated: overhead + roundUp(length, grain),
    };
  },
};
