// Buffers for large transfers between files. A buffer of its own begins 16 bytes into a page, as malloc gives it; the
// kernel's copies from pages of its cache, which begin at 0, then run into stores and loads that agree in their lowest
// twelve bits, and take four times as long (measured: 1 GiB from the cache in 0.6 s instead of 0.15 s).
// Reference: Intel 64 and IA-32 Optimization Reference Manual, "4-KByte aliasing".

/** Far from the start of a page, whatever the allocator puts in front. */
const SHIFT = 2048;

export function transferBuffer(bytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(bytes + SHIFT), SHIFT, bytes);
}
