// Compression that image formats need, supplied by the host: the engine has no library of its own.
// Reference: RFC 1950 (zlib), RFC 1951 (deflate), RFC 8878 (Zstandard).

export type CompressionKind = 'deflate' | 'zlib' | 'gzip' | 'zstd' | 'bzip2' | 'lzfse';

export interface Codecs {
  /** Unpacks to at most `limit` bytes (more is cut off). Throws `BlockError` 'corrupt', or 'unsupported' for a kind it lacks. */
  unpack(kind: CompressionKind, packed: Uint8Array, limit: number): Uint8Array;
  /** Undefined when the result would not be smaller. Throws `BlockError` 'unsupported' for a kind it lacks. */
  pack(kind: CompressionKind, plain: Uint8Array): Uint8Array | undefined;
}
