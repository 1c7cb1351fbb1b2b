// Consoles in windows of their own: opened by this window, known until they are closed. The shell decides what such a
// window may do; it shows the address `#console/<machine>` of the same page.

import { create } from 'zustand';
import { t } from '../../i18n/strings.ts';
import { notify } from '../../state/notices.ts';

const POLL_MS = 400;

interface Detached {
  readonly windows: ReadonlyMap<string, Window>;
}

export const useDetached = create<Detached>(() => ({ windows: new Map() }));

/** Its name makes a second request for the same machine find the first window. */
export function detach(machineId: string, width: number, height: number): void {
  const opened = window.open(
    `${location.pathname}#console/${machineId}`,
    `boxwright-console-${machineId}`,
    `popup,width=${Math.round(width)},height=${Math.round(height)}`,
  );
  if (opened === null) return notify({ level: 'warning', message: t.console.windowBlocked });
  put(machineId, opened);
  // Windows do not tell their openers that they close.
  const timer = setInterval(() => {
    if (!opened.closed) return;
    clearInterval(timer);
    if (useDetached.getState().windows.get(machineId) === opened) put(machineId, undefined);
  }, POLL_MS);
}

export function takeBack(machineId: string): void {
  useDetached.getState().windows.get(machineId)?.close();
  put(machineId, undefined);
}

function put(machineId: string, opened: Window | undefined): void {
  useDetached.setState(({ windows }) => {
    const next = new Map(windows);
    if (opened) next.set(machineId, opened);
    else next.delete(machineId);
    return { windows: next };
  });
}
