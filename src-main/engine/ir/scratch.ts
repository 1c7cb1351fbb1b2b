// Arrays for the analyses of one function, which nobody needs any more when it is lowered: parts of one memory that
// serves for the next function again. To make a typed array takes longer than to analyse most blocks.

const WORD_BYTES = 4;

let memory = new ArrayBuffer(0x2_0000);
let used = 0;
let isReused = false;

/** What is made while `work` runs is overwritten after it. Elsewhere each array is new. */
export function reusing<T>(work: () => T): T {
  if (isReused) throw new Error('the scratch memory is in use');
  isReused = true;
  used = 0;
  try {
    return work();
  } finally {
    isReused = false;
  }
}

/** Where so many bytes may be. The arrays in a memory that has become too small keep it. */
function place(bytes: number): number {
  if (used + bytes > memory.byteLength) {
    memory = new ArrayBuffer(Math.max(2 * memory.byteLength, 2 * bytes));
    used = 0;
  }
  const at = used;
  used += (bytes + WORD_BYTES - 1) & -WORD_BYTES;
  return at;
}

/** Integers of one value, 0 unless another is given. */
export function integers(count: number, value = 0): Int32Array {
  if (!isReused) return value === 0 ? new Int32Array(count) : new Int32Array(count).fill(value);
  const at = place(count * WORD_BYTES);
  return new Int32Array(memory, at, count).fill(value);
}

/** Bytes that all are 0. */
export function zeroBytes(count: number): Uint8Array {
  if (!isReused) return new Uint8Array(count);
  const at = place(count);
  return new Uint8Array(memory, at, count).fill(0);
}
