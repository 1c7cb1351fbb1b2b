// How many blocks of an image a list of runs needs, for measuring.

export const touchedBlocks = (
  data: readonly { readonly offset: number; readonly length: number }[],
  blockSize: number,
): number => {
  let count = 0;
  let next = 0;
  for (const { offset, length } of data) {
    const first = Math.max(next, Math.floor(offset / blockSize));
    const end = Math.ceil((offset + length) / blockSize);
    if (end > first) count += end - first;
    next = Math.max(next, end);
  }
  return count;
};
