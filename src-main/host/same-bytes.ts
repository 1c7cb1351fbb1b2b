// Comparing stretches of bytes with the C library's memcmp, which passes several times as much as words in JavaScript do.

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
