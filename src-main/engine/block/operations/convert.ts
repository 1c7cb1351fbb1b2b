// Copying a disk's content into another image: what reads as zero is left out or written as zeroes, the rest is copied
// in large pieces that overlap. Not the creation of the target, nor names of files: see the command line.

import { BlockError } from '../block-error.ts';
import type { BlockJob, ImageNode } from '../image-format.ts';
import type { BlockNode, BlockStatus } from '../node.ts';
import { checkCancelled, UNWATCHED } from './job.ts';
import { inParallel, type Piece, piecesOf } from './pieces.ts';
import { transferBuffer } from './transfer-buffer.ts';
import { type SameBytes, zeroRuns } from './zeroes.ts';

export interface CopyOptions {
  /** What stands at the target reads as zero already, so zeroes need not be written. */
  readonly targetIsZero: boolean;
  /** Read data is searched for zeroes in steps of this many bytes; 0: it is all written, and zeroes too. Default 4096. */
  readonly sparseBytes?: number;
  /** Pieces in flight; default 3, with `compressed` 8. */
  readonly inFlight?: number;
  /** Write pieces as they come instead of in order. */
  readonly outOfOrder?: boolean;
  /** Write whole clusters packed. */
  readonly compressed?: boolean;
  /** Copy only what this says yes to; the rest of the target stays as it is. Default: everything. */
  readonly wanted?: (status: BlockStatus) => boolean;
  /** Read what can be read, zeroes for the rest; told of each place. */
  readonly onUnreadable?: (offset: number, length: number) => void;
  /** The host's comparison of bytes; zeroes are found faster with it. */
  readonly sameBytes?: SameBytes;
  readonly job?: BlockJob;
}

const PIECE_BYTES = 2 << 20;
/** Bound of all buffers together. */
const BUFFER_BYTES = 32 << 20;
/** Larger clusters are not written whole: that would fill them with zeroes. */
const WHOLE_CLUSTER_BYTES = 64 << 10;
const SALVAGE_BYTES = 512;
const DEFAULT_SPARSE_BYTES = 4096;
/** While one is written others are read; more would not stay in the processor's caches in between. */
const DEFAULT_IN_FLIGHT = 3;
/** As many as keep all threads packing. */
const PACKED_IN_FLIGHT = 8;

/** Copies the source's bytes to the start of the target, which is at least as long. */
export async function copyContent(source: BlockNode, target: ImageNode, options: CopyOptions): Promise<void> {
  if (target.length < source.length)
    throw new BlockError(
      'invalid-argument',
      `the target is smaller (${target.length} bytes) than the source (${source.length} bytes)`,
      { file: '' },
    );
  const copy = new Copy(source, target, options);
  await copy.run();
}

class Copy {
  readonly #source: BlockNode;
  readonly #target: ImageNode;
  readonly #options: CopyOptions;
  readonly #job: BlockJob;
  readonly #granule: number;
  readonly #pieceBytes: number;
  readonly #buffers: Uint8Array[] = [];
  #done = 0;

  constructor(source: BlockNode, target: ImageNode, options: CopyOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#job = options.job ?? UNWATCHED;
    this.#granule = granuleOf(target, options);
    this.#pieceBytes = Math.ceil(PIECE_BYTES / this.#granule) * this.#granule;
  }

  async run(): Promise<void> {
    const { compressed, inFlight = compressed ? PACKED_IN_FLIGHT : DEFAULT_IN_FLIGHT } = this.#options;
    const width = Math.max(1, Math.min(inFlight, Math.floor(BUFFER_BYTES / this.#pieceBytes)));
    const pieces = piecesOf(this.#source, 0, this.#source.length, this.#pieceBytes);
    const walk = compressed ? this.#wholeClusters(pieces) : pieces;
    this.#job.progress(0, this.#source.length);
    await inParallel(walk, width, (piece, slot, turn, passOn) => this.#copyPiece(piece, slot, turn, passOn));
    // The last pieces may all have been under way when somebody stopped it.
    checkCancelled(this.#job);
  }

  async #copyPiece(piece: Piece, slot: number, turn: Promise<void>, passOn: () => void): Promise<void> {
    checkCancelled(this.#job);
    if (this.#options.wanted?.(piece.status) !== false) {
      const inOrder = async () => {
        if (!this.#options.outOfOrder) await turn;
        checkCancelled(this.#job);
      };
      if (piece.status.zero && !this.#mustFill()) {
        await inOrder();
        await this.#writeZeroes(piece.offset, piece.length);
      } else {
        for (let done = 0; done < piece.length; done += this.#pieceBytes) {
          const bytes = this.#buffer(slot).subarray(0, Math.min(this.#pieceBytes, piece.length - done));
          if (piece.status.zero) bytes.fill(0);
          else await this.#read(piece.offset + done, bytes);
          await inOrder();
          const written = this.#write(piece.offset + done, bytes);
          // Places are taken in the order of the calls; the data itself may overlap with what follows.
          if (!this.#options.compressed && done + bytes.length === piece.length) passOn();
          await written;
        }
      }
    }
    passOn();
    this.#done += piece.length;
    this.#job.progress(this.#done, this.#source.length);
  }

  #mustFill(): boolean {
    return this.#options.sparseBytes === 0 && !this.#options.compressed;
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#mustFill()) return this.#target.write(offset, bytes);
    const writes: Promise<void>[] = [];
    for (const run of zeroRuns(bytes, this.#granule, offset, this.#options.sameBytes)) {
      if (run.zero) writes.push(this.#writeZeroes(offset + run.start, run.length));
      else if (this.#options.compressed) writes.push(...this.#packed(offset, bytes, run.start, run.length));
      else
        writes.push(
          this.#target.write(offset + run.start, bytes.subarray(run.start, run.start + run.length)),
        );
    }
    // All must have ended before the buffer is used again, also when one fails.
    const results = await Promise.allSettled(writes);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** A cluster a call, in order: the target packs them side by side. */
  #packed(offset: number, bytes: Uint8Array, start: number, length: number): Promise<void>[] {
    const writes: Promise<void>[] = [];
    for (let at = start; at < start + length; at += this.#granule) {
      const cluster = bytes.subarray(at, Math.min(at + this.#granule, start + length));
      writes.push(this.#target.writeCompressed?.(offset + at, cluster) ?? Promise.resolve());
    }
    return writes;
  }

  async #writeZeroes(offset: number, length: number): Promise<void> {
    if (!this.#options.targetIsZero) await this.#target.writeZeroes(offset, length, true);
  }

  async #read(offset: number, into: Uint8Array): Promise<void> {
    const { onUnreadable } = this.#options;
    try {
      return await this.#source.read(offset, into);
    } catch (error) {
      if (onUnreadable === undefined || !isUnreadable(error)) throw error;
    }
    for (let at = 0; at < into.length; at += SALVAGE_BYTES) {
      const sector = into.subarray(at, at + SALVAGE_BYTES);
      try {
        await this.#source.read(offset + at, sector);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        sector.fill(0);
        onUnreadable(offset + at, sector.length);
      }
    }
  }

  /** Pieces for packing: whole clusters, whatever the source says of parts of them. */
  async *#wholeClusters(pieces: AsyncGenerator<Piece>): AsyncGenerator<Piece> {
    const [step, end] = [this.#pieceBytes, this.#source.length];
    const status: BlockStatus = { length: step, zero: false, data: true, depth: 0, present: true };
    let covered = 0;
    function* dataUpTo(to: number): Generator<Piece> {
      for (; covered < to; covered += step)
        yield { offset: covered, length: Math.min(step, end - covered), status };
    }
    for await (const piece of pieces) {
      const pieceEnd = piece.offset + piece.length;
      if (!piece.status.zero && this.#options.wanted?.(piece.status) !== false) {
        yield* dataUpTo(pieceEnd);
        continue;
      }
      // Only the whole steps in it are left out.
      const from = Math.ceil(Math.max(piece.offset, covered) / step) * step;
      const to = pieceEnd === end ? end : Math.floor(pieceEnd / step) * step;
      if (to <= from) continue;
      yield* dataUpTo(from);
      yield { offset: from, length: to - from, status: piece.status };
      covered = to;
    }
    yield* dataUpTo(end);
  }

  #buffer(slot: number): Uint8Array {
    const buffer = this.#buffers[slot] ?? transferBuffer(this.#pieceBytes);
    this.#buffers[slot] = buffer;
    return buffer;
  }
}

/** In what steps zeroes are told from data: writing a part of a small cluster costs as much as all of it, and more. */
function granuleOf(target: ImageNode, { compressed, sparseBytes }: CopyOptions): number {
  const cluster = target.clusterSize ?? 0;
  if (compressed) {
    if (target.writeCompressed === undefined || cluster === 0)
      throw new BlockError(
        'unsupported',
        `compression is not supported by the format ${target.format} or its present options`,
        { file: '', feature: 'compression' },
      );
    return cluster;
  }
  const sparse = sparseBytes === undefined || sparseBytes === 0 ? DEFAULT_SPARSE_BYTES : sparseBytes;
  return cluster > sparse && cluster <= WHOLE_CLUSTER_BYTES ? cluster : Math.min(sparse, PIECE_BYTES);
}

function isUnreadable(error: unknown): boolean {
  return error instanceof BlockError && (error.code === 'io-error' || error.code === 'corrupt');
}
