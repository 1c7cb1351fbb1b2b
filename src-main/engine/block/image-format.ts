// What one file format offers. Formats are listed in formats/index.ts; there is no self-registration.

import type { ByteStore, ImageFiles } from './byte-store.ts';
import type { Codecs } from './codecs.ts';
import type { BlockNode } from './node.ts';

export type FormatName =
  | 'raw' | 'qcow2' | 'qcow' | 'vdi' | 'vmdk' | 'vpc' | 'vhdx'
  | 'parallels' | 'dmg' | 'gzip';

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
  /** Opens the image behind this one; `format` undefined: found out by probing, never raw by guess. */
  openBacking(path: string, format: FormatName | undefined): Promise<BlockNode>;
  /** Do not open what lies behind (info, rebase -u). */
  readonly noBacking?: boolean;
}

/** An opened image: a node that knows its format's particulars. */
export interface ImageNode extends BlockNode {
  readonly format: FormatName;
  readonly backing?: BlockNode;
  readonly backingName?: string;
  readonly backingFormat?: FormatName;
  readonly clusterSize?: number;
  /** As qemu-img info's format-specific data: plain JSON values. */
  details(): Readonly<Record<string, unknown>>;
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
  readonly imageEndOffset: number;
  readonly totalClusters: number;
  readonly allocatedClusters: number;
  readonly fragmentedClusters: number;
  readonly compressedClusters: number;
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
  check?(store: ByteStore, host: ImageHost, repair: 'none' | 'leaks' | 'all'): Promise<CheckReport>;
}
