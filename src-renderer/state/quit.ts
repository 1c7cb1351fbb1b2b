// The wish to end the application: carried out at once where nothing runs or it was decided for good; otherwise the
// dialog asks (features/quit).

import { create } from 'zustand';
import { hasProcess } from '../../shared/machine/lifecycle.ts';
import type { QuitAction } from '../../shared/rpc/app-contract.ts';
import { t } from '../i18n/strings.ts';
import { useApp } from './app-store.ts';
import { client } from './client.ts';
import { notify, notifyFailure } from './notices.ts';

export const useQuit = create<{ readonly isAsking: boolean }>(() => ({ isAsking: false }));

export function running(): number {
  return useApp.getState().machines.filter((machine) => machine.kind === 'machine' && hasProcess(machine.state)).length;
}

export function requestQuit(): void {
  const decided = useApp.getState().preferences?.closeAction ?? 'ask';
  if (running() > 0 && decided === 'ask') useQuit.setState({ isAsking: true });
  else
    void quit(decided === 'ask' ? 'powerOff' : decided)
      .then((problem) => problem && notify({ level: 'warning', message: problem }))
      .catch(notifyFailure);
}

/** What keeps it from ending, or null. */
export async function quit(action: QuitAction): Promise<string | null> {
  const { stillRunning } = await client().call('app.quit', { action });
  return stillRunning.length === 0 ? null : t.console.closeRefused(stillRunning.join(', '));
}
