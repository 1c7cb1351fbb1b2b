// Finding zeroes in buffers fast: words instead of bytes, and one view a buffer; or with what the host has for it. Not
// about what an image knows of its zeroes without reading them (`BlockNode.status`).

/** Whether two stretches of one length hold the same: the host's own, several times as fast as words. */
export type SameBytes = (a: Uint8Array, b: Uint8Array) => boolean;

/** As much is compared at a time. */
const STEP = 64 << 10;
const WORD = 8;

/** A stretch of a buffer that is zero throughout, or holds something else in every granule. */
export interface Run {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
}

/** Whether all bytes are zero; true for none. */
export function isZero(bytes: Uint8Array): boolean {
  return firstNonZero(wordsOf(bytes), bytes, 0, bytes.length) === bytes.length;
}

/**
 * Cuts a buffer into runs of zero and other granules. Granules begin at multiples of their size in the disk, where the
 * buffer is at `offset`, so the first and the last may be short.
 */
export function zeroRuns(bytes: Uint8Array, granule: number, offset: number, sameBytes?: SameBytes): Run[] {
  const words = wordsOf(bytes);
  const runs: Run[] = [];
  let start = 0;
  let zero = false;
  let end = granule - (offset % granule);
  let [zeroUpTo, mixedUpTo] = [0, 0];
  for (let at = 0; at < bytes.length; at = end, end += granule) {
    end = Math.min(end, bytes.length);
    if (sameBytes !== undefined && at >= zeroUpTo && at >= mixedUpTo && bytes[at] === 0) {
      const upTo = Math.min(at + STEP, bytes.length);
      if (repeatsZero(bytes, at, upTo, sameBytes)) zeroUpTo = upTo;
      else mixedUpTo = upTo;
    }
    const from = Math.max(at, Math.min(zeroUpTo, end));
    const granuleZero = firstNonZero(words, bytes, from, end) === end;
    if (at > start && granuleZero !== zero) {
      runs.push({ start, length: at - start, zero });
      start = at;
    }
    zero = granuleZero;
  }
  if (bytes.length > start) runs.push({ start, length: bytes.length - start, zero });
  return runs;
}

/** Index of the first byte in which the two differ, or their length; they are of one length. */
export function firstDifference(a: Uint8Array, b: Uint8Array, sameBytes?: SameBytes): number {
  if (sameBytes?.(a, b)) return a.length;
  const [left, right] = [wordsOf(a), wordsOf(b)];
  let at = 0;
  if (left !== undefined && right !== undefined) {
    const words = Math.min(left.length, right.length);
    at = skipEqualWords(left, right, words) * 4;
  }
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

/** Index of the first byte that is not zero, or the length. */
export function firstNonZeroByte(bytes: Uint8Array, sameBytes?: SameBytes): number {
  let from = 0;
  for (; sameBytes !== undefined && from < bytes.length; from += STEP)
    if (!repeatsZero(bytes, from, Math.min(from + STEP, bytes.length), sameBytes)) break;
  return firstNonZero(wordsOf(bytes), bytes, Math.min(from, bytes.length), bytes.length);
}

/**
 * Whether a stretch is zero: its first word is, and all that follows is as what stands a word before. Half as much to
 * read as beside other zeroes.
 */
function repeatsZero(bytes: Uint8Array, from: number, to: number, sameBytes: SameBytes): boolean {
  const second = Math.min(from + WORD, to);
  for (let at = from; at < second; at++) if (bytes[at] !== 0) return false;
  return sameBytes(bytes.subarray(second, to), bytes.subarray(from, from + to - second));
}

/** The whole words of a buffer, unless it begins at an odd place. */
function wordsOf(bytes: Uint8Array): Int32Array | undefined {
  if (bytes.byteOffset % 4 !== 0) return undefined;
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

function firstNonZero(words: Int32Array | undefined, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  if (words !== undefined && from % 4 === 0) at = skipZeroWords(words, from >>> 2, to >>> 2) * 4;
  while (at < to && bytes[at] === 0) at += 1;
  return at;
}

/** Index of the first word that is not zero, or `end`. Eight at a time: that is where convert's time goes. */
function skipZeroWords(words: Int32Array, from: number, end: number): number {
  let at = from;
  for (const last = end - 8; at <= last; at += 8) {
    const any =
      (words[at] as number) |
      (words[at + 1] as number) |
      (words[at + 2] as number) |
      (words[at + 3] as number) |
      (words[at + 4] as number) |
      (words[at + 5] as number) |
      (words[at + 6] as number) |
      (words[at + 7] as number);
    if (any !== 0) break;
  }
  while (at < end && words[at] === 0) at += 1;
  return at;
}

/** Index of the first word in which the two differ, or `end`. */
function skipEqualWords(a: Int32Array, b: Int32Array, end: number): number {
  let at = 0;
  for (const last = end - 4; at <= last; at += 4) {
    const any =
      ((a[at] as number) ^ (b[at] as number)) |
      ((a[at + 1] as number) ^ (b[at + 1] as number)) |
      ((a[at + 2] as number) ^ (b[at + 2] as number)) |
      ((a[at + 3] as number) ^ (b[at + 3] as number));
    if (any !== 0) break;
  }
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}
