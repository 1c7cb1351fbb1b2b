// Reading what a qcow2 image holds through an L1 table, the active one or a snapshot's, and through what lies behind.
// Neighbouring clusters are read in one go. Reference: QEMU, docs/interop/qcow2.rst, "Cluster mapping".

import { BlockError } from '../../block-error.ts';
import type { Codecs } from '../../codecs.ts';
import type { BlockNode, BlockStatus } from '../../node.ts';
import { corrupt } from './geometry.ts';
import type { L1Table } from './l1-table.ts';
import { type Run, runAt } from './l2-entry.ts';
import type { Metadata } from './metadata.ts';

export class Content {
  readonly #metadata: Metadata;
  readonly #codecs: Codecs;
  readonly #backing: BlockNode | undefined;
  /** The packed cluster that was unpacked last: guests read on where they were. */
  #unpacked: { readonly host: number; readonly bytes: Uint8Array } | undefined;

  constructor(metadata: Metadata, codecs: Codecs, backing: BlockNode | undefined) {
    this.#metadata = metadata;
    this.#codecs = codecs;
    this.#backing = backing;
  }

  /** The run that starts at `offset`, at most `most` bytes of it. */
  async run(l1: L1Table, offset: number, most: number): Promise<Run> {
    const { tableReach, geometry, tables } = this.#metadata;
    const at = l1.tableOffset(Math.floor(offset / tableReach));
    if (at === 0)
      return {
        kind: 'unallocated',
        length: this.#bareLength(l1, offset, most),
        host: 0,
        own: false,
        packedBytes: 0,
      };
    const table = tables.get(at) ?? (await this.#metadata.loadTable(at));
    return runAt(geometry, table.bytes, at, offset, most);
  }

  /** How far there is no L2 table at all. */
  #bareLength(l1: L1Table, offset: number, most: number): number {
    const { tableReach } = this.#metadata;
    let length = tableReach - (offset % tableReach);
    for (let index = Math.floor(offset / tableReach) + 1; length < most; index++, length += tableReach)
      if (l1.tableOffset(index) !== 0) break;
    return Math.min(length, most);
  }

  async read(l1: L1Table, offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const run = await this.run(l1, offset + done, into.length - done);
      const part = run.length === into.length && done === 0 ? into : into.subarray(done, done + run.length);
      await this.#readRun(run, offset + done, part);
      done += run.length;
    }
  }

  async status(l1: L1Table, offset: number, length: number): Promise<BlockStatus> {
    let run = await this.run(l1, offset, length);
    if (run.kind === 'unallocated' && this.#backing !== undefined && offset < this.#backing.length) {
      const most = Math.min(run.length, this.#backing.length - offset);
      const behind = await this.#backing.status(offset, most);
      return { ...behind, depth: behind.depth + 1 };
    }
    // Runs end with their L2 table and between clusters that are apart; only the former is of no interest outside.
    let total = run.length;
    const first = run;
    while (total < length && run.kind !== 'compressed') {
      run = await this.run(l1, offset + total, length - total);
      if (run.kind !== first.kind) break;
      if (run.kind === 'data' && run.host !== first.host + total) break;
      if (run.kind === 'unallocated' && this.#backing !== undefined && offset < this.#backing.length) break;
      total += run.length;
    }
    const isData = first.kind === 'data' || first.kind === 'compressed';
    return {
      length: total,
      zero: !isData,
      data: isData,
      depth: 0,
      present: first.kind !== 'unallocated',
      ...(first.kind === 'compressed' ? { compressed: true } : {}),
      ...(first.kind === 'data' ? { fileOffset: first.host } : {}),
    };
  }

  /** Forgets a packed cluster whose place is used anew. */
  forgetUnpacked(): void {
    this.#unpacked = undefined;
  }

  async #readRun(run: Run, offset: number, into: Uint8Array): Promise<void> {
    switch (run.kind) {
      case 'data':
        return await this.#metadata.dataStore.readAt(run.host, into);
      case 'zero':
        into.fill(0);
        return;
      case 'unallocated':
        return await this.#readBehind(offset, into);
      case 'compressed': {
        const start = offset % this.#metadata.geometry.clusterSize;
        into.set((await this.#unpack(run)).subarray(start, start + into.length));
      }
    }
  }

  async #readBehind(offset: number, into: Uint8Array): Promise<void> {
    const behind = this.#backing === undefined ? 0 : this.#backing.length - offset;
    if (this.#backing === undefined || behind <= 0) {
      into.fill(0);
    } else if (behind >= into.length) {
      await this.#backing.read(offset, into);
    } else {
      await this.#backing.read(offset, into.subarray(0, behind));
      into.fill(0, behind);
    }
  }

  async #unpack(run: Run): Promise<Uint8Array> {
    if (this.#unpacked?.host === run.host) return this.#unpacked.bytes;
    const { geometry, dataStore } = this.#metadata;
    const packed = new Uint8Array(run.packedBytes);
    await dataStore.readAt(run.host, packed);
    let bytes: Uint8Array;
    try {
      bytes = this.#codecs.unpack(geometry.compression, packed, geometry.clusterSize);
    } catch (error) {
      if (error instanceof BlockError && error.code === 'unsupported') throw error;
      throw corrupt(geometry.file, 'compressed cluster', run.host, 'cannot be unpacked');
    }
    if (bytes.length !== geometry.clusterSize)
      throw corrupt(
        geometry.file,
        'compressed cluster',
        run.host,
        `holds ${bytes.length} bytes when unpacked`,
      );
    this.#unpacked = { host: run.host, bytes };
    return bytes;
  }
}
