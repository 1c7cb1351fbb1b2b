// Sleep of the host: running machines are paused before it and go on after it, so that no guest sees hours pass within
// one instruction. Their clocks then show the host's time again: the clock chip reads the host's at every look.

import { powerMonitor } from 'electron';
import type { MachineSupervisor } from '../services/machine-supervisor.ts';

export function pauseDuringSleep(supervisor: MachineSupervisor, report: (name: string, error: unknown) => void): void {
  let paused: string[] = [];
  powerMonitor.on('suspend', () => {
    const running = supervisor.running.filter((id) => supervisor.status(id).state === 'running');
    paused = [...new Set([...paused, ...running])];
    for (const id of running) supervisor.pause(id).catch((error: unknown) => report('suspend', error));
  });
  powerMonitor.on('resume', () => {
    const waiting = paused;
    paused = [];
    for (const id of waiting) void goOn(supervisor, id).catch((error: unknown) => report('resume', error));
  });
}

/** Unless the user or the guest decided otherwise meanwhile. A pause that the sleep overtook is waited for. */
async function goOn(supervisor: MachineSupervisor, id: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (supervisor.status(id).state === 'pausing' && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  if (supervisor.status(id).state === 'paused') await supervisor.resume(id);
}
