// Monotonic time that all threads of the process agree on.

// Guests ask often, and looking the global up would cost as much as the answer.
const { hrtime } = process;

/** Nanoseconds since some moment before the process began. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e9 + nanoseconds;
}
