// What a machine did over the last minutes: one sample a second while somebody looks, kept per machine for as long as
// the window is open.

import { useEffect, useState } from 'react';
import type { MachineStats } from '../../../shared/machine/view.ts';
import { useStats } from '../../state/polling.ts';

const KEPT_SAMPLES = 120;
const histories = new Map<string, readonly MachineStats[]>();

/** Oldest first. A machine that was started again begins anew. */
export function useHistory(id: string, running: boolean): readonly MachineStats[] {
  const stats = useStats(id, running);
  const [history, setHistory] = useState(() => histories.get(id) ?? []);
  useEffect(() => {
    if (stats === null) return;
    const before = histories.get(id) ?? [];
    const next = [...withoutEarlierRun(before, stats), stats].slice(-KEPT_SAMPLES);
    histories.set(id, next);
    setHistory(next);
  }, [id, stats]);
  return history;
}

function withoutEarlierRun(before: readonly MachineStats[], now: MachineStats): readonly MachineStats[] {
  const last = before.at(-1);
  return last !== undefined && last.runningMs > now.runningMs ? [] : before;
}
