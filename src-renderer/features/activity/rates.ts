// From counters to what happens in a second.

import type { MachineStats } from '../../../shared/machine/view.ts';

/** How much a counter grew in each second. */
export function rates(history: readonly MachineStats[], counter: (stats: MachineStats) => number): number[] {
  return history.slice(1).map((stats, index) => {
    const before = history[index];
    if (before === undefined) return 0;
    const seconds = (stats.runningMs - before.runningMs) / 1000;
    return seconds > 0 ? Math.max(0, counter(stats) - counter(before)) / seconds : 0;
  });
}
