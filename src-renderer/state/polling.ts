// Values that the application does not announce: asked for once a second while somebody looks at them.

import { useEffect, useState } from 'react';
import type { LogLine, MachineStats } from '../../shared/machine/view.ts';
import { client } from './client.ts';
import { notifyFailure } from './notices.ts';

const INTERVAL_MS = 1000;
const KEPT_LINES = 2000;

/** null while the machine does not run or has not answered yet. */
export function useStats(id: string, running: boolean): MachineStats | null {
  const [stats, setStats] = useState<MachineStats | null>(null);
  useEffect(() => {
    setStats(null);
    if (!running) return;
    return poll(async () => {
      try {
        setStats(await client().call('machines.stats', { id }));
      } catch {
        // The machine has just ended, or is busy: the state says so, and the next answer brings numbers again.
        setStats(null);
      }
    });
  }, [id, running]);
  return stats;
}

export function useLogs(id: string): readonly LogLine[] | null {
  const [lines, setLines] = useState<readonly LogLine[] | null>(null);
  useEffect(() => {
    let last: number | undefined;
    setLines(null);
    return poll(async (alive) => {
      try {
        const input = last === undefined ? { id } : { id, after: last };
        const added = await client().call('machines.logs', input);
        last = added.at(-1)?.sequence ?? last;
        if (alive())
          setLines((lines) =>
            lines && added.length === 0 ? lines : [...(lines ?? []), ...added].slice(-KEPT_LINES),
          );
      } catch (error) {
        notifyFailure(error, id);
      }
    });
  }, [id]);
  return lines;
}

function poll(ask: (alive: () => boolean) => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let alive = true;
  const next = async () => {
    await ask(() => alive);
    if (alive) timer = setTimeout(next, INTERVAL_MS);
  };
  void next();
  return () => {
    alive = false;
    clearTimeout(timer);
  };
}
