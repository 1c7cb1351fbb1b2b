// The walk over a source that copying operations share: what it knows of its content, cut into pieces of bounded
// size, handed to several workers in order. Reading overlaps; what the caller does with the pieces may be kept in order.

import type { BlockNode, BlockStatus } from '../node.ts';

export interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly status: BlockStatus;
}

/** Asks the source in steps of at most this, so that one answer does not walk the tables of a whole image. */
const ASK_BYTES = 1 << 30;

/** Pieces of `[from, to)` in order, none longer than `limit` unless it reads as zero. */
export async function* piecesOf(
  source: BlockNode,
  from: number,
  to: number,
  limit: number,
): AsyncGenerator<Piece> {
  let offset = from;
  while (offset < to) {
    const status = await source.status(offset, Math.min(to - offset, ASK_BYTES));
    const end = offset + Math.min(status.length, to - offset);
    if (status.zero) {
      yield { offset, length: end - offset, status };
      offset = end;
      continue;
    }
    while (offset < end) {
      // Pieces end at multiples of the limit, so that they hold whole clusters of the target.
      const length = Math.min(end - offset, limit - (offset % limit));
      yield { offset, length, status };
      offset += length;
    }
  }
}

/**
 * Runs `work` on the items, at most `width` at a time. Each worker may `await turn` to go on only when the workers of
 * all earlier items have called `passOn` (or ended). The first error stops the rest and is thrown when all have ended.
 */
export async function inParallel<T>(
  items: AsyncIterator<T>,
  width: number,
  work: (item: T, slot: number, turn: Promise<void>, passOn: () => void) => Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let lastTurn = Promise.resolve();
  let taking: Promise<void> = Promise.resolve();
  const take = async () => {
    const next = await items.next();
    if (next.done === true || failure !== undefined) return undefined;
    const turn = lastTurn;
    let passOn = () => {};
    const passed = new Promise<void>((resolve) => {
      passOn = resolve;
    });
    // Who passes on without having waited does not let others overtake who is still at it.
    lastTurn = Promise.all([turn, passed]).then(() => {});
    return { item: next.value, turn, passOn };
  };
  const runSlot = async (slot: number) => {
    while (failure === undefined) {
      // Taken one after the other: a turn belongs to its place in the order.
      const taken = taking.then(take);
      taking = taken.then(
        () => {},
        () => {},
      );
      const mine = await taken;
      if (mine === undefined) return;
      try {
        await work(mine.item, slot, mine.turn, mine.passOn);
      } finally {
        mine.passOn();
      }
    }
  };
  const slots = Array.from({ length: width }, (_, slot) =>
    runSlot(slot).catch((error: unknown) => {
      failure ??= { error };
    }),
  );
  await Promise.all(slots);
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
}
