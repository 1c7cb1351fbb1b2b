// The bytes that a region was made from, apart from where they stand: what tells whether it is one of the code that memory
// holds at some place.

/** Stretches of code, none of which lies in two pages. */
export interface DecodedCode {
  /** Offset from the entry's page and length, by turns. */
  readonly places: readonly number[];
  /** One stretch behind the other. */
  readonly bytes: Uint8Array;
}

/** Whether memory holds the code, its bytes standing where `placeOf` says by offset; undefined: in a page that does not matter. */
export function isCodeAt({ places, bytes }: DecodedCode, memory: Uint8Array, placeOf: (offset: number) => number | undefined): boolean {
  let from = 0;
  for (let at = 0; at < places.length; at += 2) {
    const length = places[at + 1] as number;
    const place = placeOf(places[at] as number);
    if (place !== undefined && !isSame(bytes, from, memory, place, length)) return false;
    from += length;
  }
  return true;
}

function isSame(left: Uint8Array, leftAt: number, right: Uint8Array, rightAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (left[leftAt + i] !== right[rightAt + i]) return false;
  return true;
}
