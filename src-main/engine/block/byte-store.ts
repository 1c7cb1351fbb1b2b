// A file as the image formats see it: the only door of the block layer to the host. Node's side is in src-main/host;
// tests have one in memory that can fail, tear writes and lose power.

export interface ByteStore {
  /** For messages: the file's path as the user knows it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** Bytes; follows every write and truncate at once. */
  readonly length: number;
  /** Fills `into` from `position`; what lies behind the end reads zero. Throws `BlockError` 'io-error'. */
  readAt(position: number, into: Uint8Array): Promise<void>;
  /** Writes all of `from`, growing the file if need be. Durable only after `flush`; may be reordered until then. */
  writeAt(position: number, from: Uint8Array): Promise<void>;
  /** Cuts, or grows with zeroes that take no room. */
  truncate(length: number): Promise<void>;
  /** Reserves room for a range. Absent where the host cannot. */
  allocate?(position: number, length: number): Promise<void>;
  /**
   * The run that `position` is in: bytes up to its end, and whether the host stores them. Absent where the host
   * cannot tell; then everything counts as data.
   */
  extent?(position: number): Promise<{ readonly length: number; readonly data: boolean }>;
  /** Resolves when everything written before is durable. */
  flush(): Promise<void>;
  /** Releases the file and its lock; does not flush. */
  close(): Promise<void>;
}

/** How formats reach other files: backing images, extents, external data. Policy on names is the host's. */
export interface ImageFiles {
  /**
   * Throws `BlockError`: 'not-found', 'permission', 'is-directory', 'not-a-file', 'in-use'. One writer, or any number
   * of readers.
   */
  open(path: string, access: 'read' | 'write'): Promise<ByteStore>;
  /** A new, empty file, open for writing. Throws `BlockError` 'exists' when there is one. */
  create(path: string): Promise<ByteStore>;
  /**
   * The path a name inside the image `from` stands for. Throws `BlockError` 'reference-refused' for what an image
   * must not reach.
   */
  resolve(from: string, name: string): string;
}
