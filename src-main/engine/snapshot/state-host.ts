// What writing and reading state files needs of the host: compression, digests, and the bytes of a file.

export interface StateCodec {
  /** Raw deflate, fast rather than small. */
  deflate(plain: Uint8Array): Uint8Array;
  /** Throws when the bytes are no deflate stream or come to more than `limit`. */
  inflate(packed: Uint8Array, limit: number): Uint8Array;
  /** The same on another thread, where there is one to be had. */
  inflateLater(packed: Uint8Array, limit: number): Promise<Uint8Array>;
  /** `DIGEST_BYTES` characters below 256; equal digests are taken for equal contents. */
  digest(bytes: Uint8Array): string;
}

/** A new file, which grows at its end. */
export interface StateSink {
  append(bytes: Uint8Array): void;
  /** At the start of the file, which was left free with the first `append`. */
  writeHeader(bytes: Uint8Array): void;
}

/** A file that is read. */
export interface StateSource {
  readonly name: string;
  readonly bytes: number;
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** A device or another part of the machine in its own encoding. */
export interface StateSection {
  readonly id: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}
