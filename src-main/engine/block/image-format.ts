// What one file format offers. Formats are listed in formats/index.ts; there is no self-registration.

import type { ByteStore, ImageFiles } from './byte-store.ts';
import type { Codecs } from './codecs.ts';
import type { BlockNode } from './node.ts';

export type FormatName =
  | 'raw'
  | 'qcow2'
  | 'qcow'
  | 'vdi'
  | 'vmdk'
  | 'vpc'
  | 'vhdx'
  | 'parallels'
  | 'dmg'
  | 'gzip';

/** What opening and creating may use. */
export interface ImageHost {
  readonly files: ImageFiles;
  readonly codecs: Codecs;
  /** UUIDs and the like; not for secrets. */
  random(bytes: number): Uint8Array;
  /** Milliseconds since 1970-01-01 UTC. */
  wallTimeMs(): number;
}

export interface OpenOptions {
  readonly path: string;
  readonly write: boolean;
  /** Bound of the metadata cache in bytes. */
  readonly cacheBytes: number;
  /**
   * Opens the image behind this one; `format` undefined: found out by probing (raw only for reading). `path` is what
   * `ImageFiles.resolve` made of the name inside.
   */
  openBacking(path: string, format: FormatName | undefined): Promise<BlockNode>;
  /** Do not open what lies behind (info, rebase -u). */
  readonly noBacking?: boolean;
}

/** An opened image: a node that knows its format's particulars. */
export interface ImageNode extends BlockNode {
  readonly format: FormatName;
  readonly backing?: BlockNode;
  readonly backingName?: string | undefined;
  readonly backingFormat?: FormatName | undefined;
  readonly clusterSize?: number;
  /** As qemu-img info's format-specific data: plain JSON values. */
  details(): Readonly<Record<string, unknown>>;
  /** States kept inside the file. Absent: the format has none. */
  readonly snapshots?: ImageSnapshots;
  /**
   * Writes one cluster (`clusterSize` bytes, the last of the image may be shorter) in packed form; plain where that
   * takes less room. For filling new images: what was there is replaced as a whole.
   */
  writeCompressed?(offset: number, from: Uint8Array): Promise<void>;
  /** Names another image behind this one, or none, without touching data (rebase -u). Takes effect when reopened. */
  setBacking?(backing: { readonly name: string; readonly format: FormatName } | undefined): Promise<void>;
  /** Forgets all this layer holds, so that the image behind shows through (after commit). */
  clear?(): Promise<void>;
}

/** An internal snapshot, with qemu-img's terms. */
export interface ImageSnapshot {
  readonly id: string;
  readonly name: string;
  readonly vmStateSize: number;
  readonly dateSeconds: number;
  readonly dateNanoseconds: number;
  readonly vmClockNanoseconds: number;
  /** Instructions carried out until then; most programs keep 0, some nothing. */
  readonly instructionCount?: number;
  /** The disk's size when it was taken. */
  readonly length: number;
}

/** `which` is a name or an id, looked for in this order. Throws `BlockError` 'not-found'. */
export interface ImageSnapshots {
  list(): readonly ImageSnapshot[];
  create(name: string): Promise<ImageSnapshot>;
  apply(which: string): Promise<void>;
  delete(which: string): Promise<void>;
  /** The state as a read-only node; it holds as long as the image is open and the snapshot exists. */
  open(which: string): Promise<BlockNode>;
}

/** How a long operation is followed and stopped. */
export interface BlockJob {
  /** Checked between steps; the operation then throws `BlockError` 'cancelled'. */
  readonly cancelled: boolean;
  progress(done: number, total: number): void;
}

export interface CreateOptions {
  readonly path: string;
  /** Virtual bytes. */
  readonly length: number;
  readonly backing?: { readonly name: string; readonly format: FormatName };
  readonly preallocation?: 'off' | 'metadata' | 'falloc' | 'full';
  /** The format's own options by qemu-img's names, as typed. */
  readonly options: Readonly<Record<string, string>>;
}

export interface ImageFault {
  readonly kind: 'leak' | 'corruption';
  readonly structure: string;
  readonly offset: number;
  readonly message: string;
}

/** Counts as qemu-img check prints them. */
export interface CheckReport {
  readonly faults: readonly ImageFault[];
  readonly corruptions: number;
  readonly leaks: number;
  readonly corruptionsFixed: number;
  readonly leaksFixed: number;
  /** What could not be looked at (unreadable or unknown); qemu-img's check-errors. */
  readonly checkErrors: number;
  readonly imageEndOffset: number;
  readonly totalClusters: number;
  readonly allocatedClusters: number;
  readonly fragmentedClusters: number;
  readonly compressedClusters: number;
}

export interface CheckOptions {
  readonly path: string;
  readonly repair: 'none' | 'leaks' | 'all';
  readonly job?: BlockJob;
}

export interface MeasureOptions {
  readonly length: number;
  /** Starts and lengths of what is not zero, ascending. */
  readonly data: readonly { readonly offset: number; readonly length: number }[];
  readonly preallocation?: CreateOptions['preallocation'];
  readonly options: Readonly<Record<string, string>>;
}

export interface ImageFormat {
  readonly name: FormatName;
  /** 0 no … 100 certain. `head` and `tail`: up to 64 KiB of the file's start and end. */
  probe(head: Uint8Array, tail: Uint8Array): number;
  open(store: ByteStore, host: ImageHost, options: OpenOptions): Promise<ImageNode>;
  /** Absent: the format is read only. `store` is new and empty; other files come from `host.files`. */
  create?(store: ByteStore, host: ImageHost, options: CreateOptions): Promise<void>;
  /** Option names with a line of help, for `create -o help`. */
  readonly createOptions?: readonly { readonly name: string; readonly help: string }[];
  /** Throws only where not even the header can be read. */
  check?(store: ByteStore, host: ImageHost, options: CheckOptions): Promise<CheckReport>;
  /** Sizes of a new image's file: holding `data`, and filled throughout. */
  measure?(options: MeasureOptions): { readonly required: number; readonly fullyAllocated: number };
}
