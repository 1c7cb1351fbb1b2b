// Ranges that callers ask a node for.

import { BlockError } from './block-error.ts';

/** Throws `BlockError` 'invalid-argument' for what does not lie inside the image. */
export function checkRange(file: string, imageLength: number, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= imageLength) return;
  throw new BlockError(
    'invalid-argument',
    `“${file}”: ${length} bytes at ${offset} are outside the image of ${imageLength} bytes.`,
    { file, offset, length },
  );
}
