// Collects what a check finds. Damage may be everywhere in a hostile file: faults are listed up to a bound, and counted
// beyond it.

import type { CheckReport, ImageFault } from '../image-format.ts';

const MAX_LISTED = 200;
const MAX_COUNTED = 20_000;

export class CheckTally {
  readonly #faults: ImageFault[] = [];
  corruptions = 0;
  leaks = 0;
  corruptionsFixed = 0;
  leaksFixed = 0;
  checkErrors = 0;
  totalClusters = 0;
  allocatedClusters = 0;
  fragmentedClusters = 0;
  compressedClusters = 0;
  imageEndOffset = 0;
  #last = -1;

  corruption(structure: string, offset: number, message: string): void {
    this.corruptions++;
    this.#list({ kind: 'corruption', structure, offset, message });
  }

  leak(structure: string, offset: number, message: string, clusters = 1): void {
    this.leaks += clusters;
    this.#list({ kind: 'leak', structure, offset, message });
  }

  /** So much is wrong that going on tells nothing, and could take for ever in a file made for that. */
  get hopeless(): boolean {
    return this.corruptions > MAX_COUNTED;
  }

  /** A block in use, in the order of the virtual disk. */
  allocated(position: number, length: number): void {
    this.allocatedClusters++;
    if (this.#last >= 0 && position !== this.#last) this.fragmentedClusters++;
    this.#last = position + length;
    this.imageEndOffset = Math.max(this.imageEndOffset, position + length);
  }

  report(): CheckReport {
    return {
      faults: this.#faults,
      corruptions: this.corruptions,
      leaks: this.leaks,
      corruptionsFixed: this.corruptionsFixed,
      leaksFixed: this.leaksFixed,
      checkErrors: this.checkErrors + (this.hopeless ? 1 : 0),
      imageEndOffset: this.imageEndOffset,
      totalClusters: this.totalClusters,
      allocatedClusters: this.allocatedClusters,
      fragmentedClusters: this.fragmentedClusters,
      compressedClusters: this.compressedClusters,
    };
  }

  #list(fault: ImageFault): void {
    if (this.#faults.length < MAX_LISTED) this.#faults.push(fault);
  }
}

/** Which blocks of a file are taken: a bit each, in pieces, so that far positions cost nothing in between. */
export class UsedBlocks {
  static readonly #PIECE = 1 << 15;
  readonly #pieces = new Map<number, Uint8Array>();

  /** False if it was taken already. */
  take(index: number): boolean {
    const key = Math.floor(index / UsedBlocks.#PIECE);
    let piece = this.#pieces.get(key);
    if (!piece) this.#pieces.set(key, (piece = new Uint8Array(UsedBlocks.#PIECE / 8)));
    const bit = index % UsedBlocks.#PIECE;
    const mask = 1 << (bit & 7);
    if (piece[bit >> 3]! & mask) return false;
    piece[bit >> 3]! |= mask;
    return true;
  }

  has(index: number): boolean {
    const bit = index % UsedBlocks.#PIECE;
    return (
      ((this.#pieces.get(Math.floor(index / UsedBlocks.#PIECE))?.[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
    );
  }
}
