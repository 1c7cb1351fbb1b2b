// Apple disk images (UDIF), read only: plain, zero and zlib chunks; bzip2 and LZFSE where the host has a codec.
// Not: encrypted and segmented images, ADC and LZMA chunks.

import type { ByteStore } from '../../byte-store.ts';
import type { Codecs } from '../../codecs.ts';
import type { ImageFormat, ImageNode } from '../../image-format.ts';
import { corrupt } from '../../sparse/fields.ts';
import { ReadOnlyLayout } from '../../sparse/read-only-layout.ts';
import type { Placement } from '../../sparse/sparse-layout.ts';
import { SparseNode } from '../../sparse/sparse-node.ts';
import { type Chunk, type DmgParts, isTrailer, readDmg } from './chunks.ts';

class DmgLayout extends ReadOnlyLayout {
  readonly length: number;
  readonly blockSize = 512;
  readonly #chunks: readonly Chunk[];
  readonly #codecs: Codecs;

  constructor(store: ByteStore, parts: DmgParts, codecs: Codecs) {
    super(store);
    this.length = parts.length;
    this.#chunks = parts.chunks;
    this.#codecs = codecs;
  }

  async locate(offset: number, limit: number): Promise<Placement> {
    const index = this.#lastBefore(offset);
    const chunk = this.#chunks[index];
    if (!chunk || offset >= chunk.start + chunk.length) {
      const next = this.#chunks[index + 1]?.start ?? this.length;
      return { kind: 'zero', length: Math.min(limit, next - offset) };
    }
    const inside = offset - chunk.start;
    const length = Math.min(limit, chunk.length - inside);
    if (chunk.kind === 'zero') return { kind: 'zero', length };
    if (chunk.kind === 'raw')
      return { kind: 'data', length, store: this.store, position: chunk.position + inside };
    const { start, position } = chunk;
    return { kind: 'packed', length, start, key: position, unpack: () => this.#unpack(chunk) };
  }

  /** The last chunk that starts at or before `offset`; -1: none. */
  #lastBefore(offset: number): number {
    let low = -1;
    let high = this.#chunks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.start <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  async #unpack({ kind, length, position, stored }: Chunk): Promise<Uint8Array> {
    const packed = new Uint8Array(stored);
    await this.store.readAt(position, packed);
    const plain = this.#codecs.unpack(kind as 'zlib', packed, length);
    if (plain.length === length) return plain;
    throw corrupt(
      this.store.name,
      'DMG chunk',
      position,
      `it unpacks to ${plain.length} bytes, not ${length}`,
    );
  }
}

class DmgImage extends SparseNode implements ImageNode {
  readonly format = 'dmg';

  constructor(layout: DmgLayout) {
    super(layout, true, undefined);
  }

  details(): Readonly<Record<string, unknown>> {
    return {};
  }
}

export const dmg: ImageFormat = {
  name: 'dmg',
  probe: (_head, tail) => (isTrailer(tail) ? 80 : 0),
  open: async (store, host) => new DmgImage(new DmgLayout(store, await readDmg(store), host.codecs)),
};
