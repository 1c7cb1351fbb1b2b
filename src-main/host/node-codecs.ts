// Compression for image formats with Node's zlib. Zstandard is there from Node 22.15 on; bzip2 and LZFSE are not.

import { createRequire } from 'node:module';
import { BlockError, type Codecs, type CompressionKind } from '../engine/block/index.ts';

type Zlib = typeof import('node:zlib');
type Table<T> = Readonly<Partial<Record<CompressionKind, T>>>;
type Unpack = (packed: Uint8Array, limit: number) => Uint8Array;
type Pack = (plain: Uint8Array) => Uint8Array;
type Callback = (error: Error | null, packed: Uint8Array) => void;
type PackLater = (plain: Uint8Array, done: Callback) => void;

interface Tables {
  readonly unpack: Table<Unpack>;
  readonly pack: Table<Pack>;
  /** The same on the threads of Node's pool. */
  readonly packLater: Table<PackLater>;
}

/** Bytes are inflated into one buffer where they fit; Node's default would piece together many. */
const bounded = (limit: number) => ({ maxOutputLength: Math.max(limit, 1), chunkSize: Math.max(limit, 64) });

// A window of 4 KiB: what readers of qcow2 set aside.
const deflateOptions = (plain: Uint8Array) => ({ windowBits: 12, chunkSize: plain.length + 64 });
const zlibOptions = (plain: Uint8Array) => ({ chunkSize: plain.length + 64 });

const tablesOf = (zlib: Zlib): Tables => ({
  unpack: {
    deflate: (packed, limit) => zlib.inflateRawSync(packed, bounded(limit)),
    zlib: (packed, limit) => zlib.inflateSync(packed, bounded(limit)),
    gzip: (packed, limit) => zlib.gunzipSync(packed, bounded(limit)),
    ...('zstdDecompressSync' in zlib
      ? { zstd: (packed, limit) => zlib.zstdDecompressSync(zstdFrame(packed), bounded(limit)) }
      : {}),
  },
  pack: {
    deflate: (plain) => zlib.deflateRawSync(plain, deflateOptions(plain)),
    zlib: (plain) => zlib.deflateSync(plain, zlibOptions(plain)),
    gzip: (plain) => zlib.gzipSync(plain, zlibOptions(plain)),
    ...('zstdCompressSync' in zlib ? { zstd: (plain) => zlib.zstdCompressSync(plain) } : {}),
  },
  packLater: {
    deflate: (plain, done) => zlib.deflateRaw(plain, deflateOptions(plain), done),
    zlib: (plain, done) => zlib.deflate(plain, zlibOptions(plain), done),
    gzip: (plain, done) => zlib.gzip(plain, zlibOptions(plain), done),
    ...('zstdCompress' in zlib ? { zstd: (plain, done) => zlib.zstdCompress(plain, done) } : {}),
  },
});

let loaded: Tables | undefined;

/** Node's zlib is loaded when the first image is compressed: commands on others start sooner without it. */
function tables(): Tables {
  loaded ??= tablesOf(createRequire(import.meta.url)('node:zlib') as Zlib);
  return loaded;
}

export const nodeCodecs: Codecs = {
  unpack(kind, packed, limit) {
    const unpack = tables().unpack[kind] ?? unsupported(kind);
    try {
      return unpack(packed, limit);
    } catch (error) {
      const cause = error instanceof Error ? error.message : '';
      throw new BlockError('corrupt', `Compressed data (${kind}) cannot be unpacked: ${cause}.`, { cause });
    }
  },
  pack(kind, plain) {
    const packed = (tables().pack[kind] ?? unsupported(kind))(plain);
    return packed.length < plain.length ? packed : undefined;
  },
  packLater(kind, plain) {
    const pack = tables().packLater[kind] ?? unsupported(kind);
    return new Promise((resolve, reject) => {
      pack(plain, (error, packed) => {
        if (error) reject(error);
        else resolve(packed.length < plain.length ? packed : undefined);
      });
    });
  },
};

function unsupported(kind: CompressionKind): never {
  const reason = kind === 'zstd' ? `Node ${process.versions.node} has none; use Node 24` : 'not available';
  throw new BlockError('unsupported', `Compression “${kind}” is not supported: ${reason}.`, {
    feature: kind,
  });
}

/**
 * The first frame: Node would go on with what follows, which in a disk image may be the start of another one.
 * Reference: RFC 8878, section 3.1.1.
 */
function zstdFrame(packed: Uint8Array): Uint8Array {
  const descriptor = packed[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const idBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (singleSegment ? 0 : 1) + idBytes + sizeBytes;
  for (let last = false; !last && at < packed.length; ) {
    const block = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8) | ((packed[at + 2] ?? 0) << 16);
    last = (block & 1) !== 0;
    const isRepeated = ((block >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : block >> 3);
  }
  return packed.subarray(0, at + ((descriptor & 4) !== 0 ? 4 : 0));
}
