// Asks the guests of all machines to shut down, and waits for them, but not for ever: a guest may refuse.

import type { MachineId } from '../../shared/machine/config.ts';
import { isAllowed } from '../../shared/machine/lifecycle.ts';
import type { MachineSupervisor } from './machine-supervisor.ts';

const PATIENCE_MS = 60_000;
const POLL_MS = 100;

/** Those that are still running. */
export async function shutDownAll(supervisor: MachineSupervisor, patienceMs = PATIENCE_MS): Promise<MachineId[]> {
  for (const id of supervisor.running) {
    // A paused guest hears no button.
    if (isAllowed('resume', supervisor.status(id).state)) await supervisor.resume(id).catch(ignoreEnded);
    if (isAllowed('powerButton', supervisor.status(id).state)) await supervisor.powerButton(id).catch(ignoreEnded);
  }
  const deadline = performance.now() + patienceMs;
  while (supervisor.active > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return supervisor.running;
}

/** A machine that ends meanwhile needs no button; one that does not answer is among those that are left. */
function ignoreEnded(): void {}
