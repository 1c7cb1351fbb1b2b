// Limits of time on a host that may have more to do than it can.

import { availableParallelism, loadavg } from 'node:os';

const SAMPLE_MS = 100;

/** The limit; on an overloaded host as many times more as work takes longer there than its own processor time. */
export function timeLimit(limitMs: number): number {
  const isBusy = (loadavg()[0] ?? 0) > 1.5 * availableParallelism();
  return isBusy ? limitMs * slowdown() : limitMs;
}

function slowdown(): number {
  const began = performance.now();
  const before = process.cpuUsage();
  const usedMs = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  while (usedMs() < SAMPLE_MS);
  return Math.max(1, (performance.now() - began) / usedMs());
}
