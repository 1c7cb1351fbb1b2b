// Sizes that follow from a qcow2 header, and how 64-bit entries of its tables are read. Offsets are numbers: the format
// has 56 bits for them, but no file is larger than 2^53 bytes.
// Reference: QEMU, docs/interop/qcow2.rst, "L2 table entry", "Extended L2 Entries".

import { BlockError } from '../../block-error.ts';

export const MIN_CLUSTER_BITS = 9;
export const MAX_CLUSTER_BITS = 21;
/** Largest L1 and refcount tables that other programs open, in bytes. */
export const MAX_L1_BYTES = 32 * 1024 * 1024;
export const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;

/** Bits of the upper half of L1 and L2 entries. */
export const COPIED = 0x8000_0000;
export const COMPRESSED = 0x4000_0000;
/** Bit of the lower half of plain L2 entries, from version 3. */
export const ALL_ZERO = 1;

export interface Geometry {
  readonly file: string;
  readonly version: number;
  readonly clusterBits: number;
  readonly clusterSize: number;
  /** 32 for extended L2 entries, else 1. */
  readonly subclusters: number;
  /** Bytes of a subcluster; the cluster's where there are none. */
  readonly unit: number;
  readonly entryBytes: 8 | 16;
  /** Entries of an L2 table. */
  readonly perTable: number;
  readonly refcountOrder: number;
  readonly refcountMax: number;
  readonly perRefcountBlock: number;
  /** Data is in a file of its own, at its guest offset, and has no refcounts. */
  readonly externalData: boolean;
  readonly rawExternalData: boolean;
  readonly compression: 'deflate' | 'zstd';
}

export interface GeometryParts {
  readonly file: string;
  readonly version: number;
  readonly clusterBits: number;
  readonly extendedL2: boolean;
  readonly refcountOrder: number;
  readonly externalData: boolean;
  readonly rawExternalData: boolean;
  readonly compression: 'deflate' | 'zstd';
}

export function makeGeometry({ extendedL2, ...parts }: GeometryParts): Geometry {
  const clusterSize = 2 ** parts.clusterBits;
  const entryBytes = extendedL2 ? 16 : 8;
  return {
    ...parts,
    clusterSize,
    subclusters: extendedL2 ? 32 : 1,
    unit: extendedL2 ? clusterSize / 32 : clusterSize,
    entryBytes,
    perTable: clusterSize / entryBytes,
    // 64-bit counts above 2^53 would not be exact; no image comes near.
    refcountMax: parts.refcountOrder === 6 ? Number.MAX_SAFE_INTEGER : 2 ** (2 ** parts.refcountOrder) - 1,
    perRefcountBlock: (clusterSize * 8) / 2 ** parts.refcountOrder,
  };
}

/** L1 entries that an image of `length` bytes needs. */
export function l1EntriesFor(geometry: Geometry, length: number): number {
  return Math.ceil(length / (geometry.clusterSize * geometry.perTable));
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** The offset of a cluster in an entry whose halves are given: bits 9 to 55. */
export function offsetOf(high: number, low: number): number {
  return (high & 0x00ff_ffff) * 0x1_0000_0000 + ((low & 0xffff_fe00) >>> 0);
}

/** The upper half of an entry for `offset`. */
export function highOf(offset: number): number {
  return Math.floor(offset / 0x1_0000_0000);
}

/** Damage found while working; `what` completes "… in “file” at offset N:". */
export function corrupt(file: string, structure: string, offset: number, what: string): BlockError {
  return new BlockError(
    'corrupt',
    `“${file}” is damaged: ${structure} at offset ${offset} (0x${offset.toString(16)}) ${what}. “boxwright img check -r all” may repair it; keep a copy first.`,
    { file, structure, offset },
  );
}
