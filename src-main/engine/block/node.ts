// A node in the block graph: an opened image, an overlay or a filter. Addressed in bytes, because raw files and
// foreign images need not end at a sector. Calls may overlap; a node orders those that touch the same range.

export interface BlockNode {
  /** Virtual size in bytes. */
  readonly length: number;
  readonly readOnly: boolean;
  /** The whole range must lie inside `length`. Throws `BlockError`. */
  read(offset: number, into: Uint8Array): Promise<void>;
  write(offset: number, from: Uint8Array): Promise<void>;
  /** The range reads zero from now on, also above non-zero backing data. `unmap`: room may be given back. */
  writeZeroes(offset: number, length: number, unmap: boolean): Promise<void>;
  /** The content of the range no longer matters; it may read anything the format allows. */
  discard(offset: number, length: number): Promise<void>;
  /** What is known of the run that starts at `offset`, at most `length` bytes of it. */
  status(offset: number, length: number): Promise<BlockStatus>;
  /** Resolves when everything written before is durable. */
  flush(): Promise<void>;
  /** New bytes read zero, whatever lies behind. Absent: the format cannot. */
  resize?(length: number, preallocation?: 'off' | 'metadata' | 'falloc' | 'full'): Promise<void>;
  /** Flushes, marks the image clean and releases its files. */
  close(): Promise<void>;
}

export interface BlockStatus {
  /** Bytes with the same answer, at least 1. */
  readonly length: number;
  /** Reads as zero throughout. */
  readonly zero: boolean;
  /** Some layer stores bytes for it. */
  readonly data: boolean;
  /** Distance of the layer that decides it: 0 this image, 1 its backing image… */
  readonly depth: number;
  /** Decided in any layer at all; false: no layer holds it, it reads as zero. */
  readonly present: boolean;
  readonly compressed?: boolean;
  /** Where the bytes are stored as they are, in the file of that layer. */
  readonly fileOffset?: number;
}
