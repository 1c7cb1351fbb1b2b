// What a format tells the sparse node: where a run of the virtual disk is stored, and how room is made for more.
// A block is the unit of allocation: VDI and VHD block, VMDK grain, qcow cluster, VHDX payload block.

import type { ByteStore } from '../byte-store.ts';

export type Placement =
  /** `absent`: the backing image decides; without one it is zero. */
  | { readonly kind: 'absent' | 'zero'; readonly length: number }
  | {
      readonly kind: 'data';
      readonly length: number;
      readonly store: ByteStore;
      readonly position: number;
      /** The file has a hole there. */
      readonly hole?: boolean;
    }
  /** Compressed: `unpack` gives the block that starts at `start`. */
  | {
      readonly kind: 'packed';
      readonly length: number;
      readonly start: number;
      /** Where the packed bytes are; the same key is the same content while nobody writes. */
      readonly key: number;
      unpack(): Promise<Uint8Array>;
    };

/** Room in the file for the virtual range `start` … `start + length`, which no table knows of yet. */
export interface Room {
  readonly start: number;
  readonly length: number;
  readonly position: number;
  /** It reads zero in the file already. */
  readonly fresh: boolean;
}

export interface SparseLayout {
  readonly length: number;
  readonly blockSize: number;
  readonly store: ByteStore;
  /** No image can lie behind this one: what is absent is decided here, and is zero. */
  readonly alone?: boolean;
  /** What is known from `offset` on, at most `limit` bytes. */
  locate(offset: number, limit: number): Promise<Placement>;
  /** Room around `offset` for as much of `limit` bytes as can be had in one piece. None of it is 'data'. */
  reserve(offset: number, limit: number): Promise<Room>;
  /** The room has its content: tables point to it from now on. */
  publish(room: Room): Promise<void>;
  /** Makes whole blocks read zero without storing them; false: the format has no way. `was`: what they are now. */
  markZero(offset: number, length: number, was: Placement['kind']): Promise<boolean>;
  /** Stores one block packed; false: no way, or it would not be smaller. */
  placePacked?(offset: number, plain: Uint8Array): Promise<boolean>;
  /** Everything written becomes durable, data before tables. */
  commit(): Promise<void>;
  /** Called after each change, when tables are consistent. */
  settle?(): Promise<void>;
  /** First change in this session: identifiers, dirty marks. */
  beginWriting?(): Promise<void>;
  /** After the last commit, before the file is closed. */
  finish?(): Promise<void>;
}
