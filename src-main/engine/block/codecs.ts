// Compression that image formats need, supplied by the host: the engine has no library of its own.
// Reference: RFC 1950 (zlib), RFC 1951 (deflate), RFC 8878 (Zstandard).

export type CompressionKind = 'deflate' | 'zlib' | 'gzip' | 'zstd' | 'bzip2' | 'lzfse';

export interface Codecs {
  /**
   * Unpacks one stream; what follows it in `packed` is padding. Throws `BlockError` 'corrupt' (also for more than
   * `limit` bytes), or 'unsupported' for a kind it lacks. The result is a view that nobody else holds.
   */
  unpack(kind: CompressionKind, packed: Uint8Array, limit: number): Uint8Array;
  /** Undefined when the result would not be smaller. Throws `BlockError` 'unsupported' for a kind it lacks. */
  pack(kind: CompressionKind, plain: Uint8Array): Uint8Array | undefined;
  /** The same on another thread, several at a time; `plain` must not change meanwhile. Absent: use `pack`. */
  packLater?(kind: CompressionKind, plain: Uint8Array): Promise<Uint8Array | undefined>;
}
