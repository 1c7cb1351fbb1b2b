// Monotonic time that all threads of the process agree on.

/** Nanoseconds since some moment before the process began. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}
