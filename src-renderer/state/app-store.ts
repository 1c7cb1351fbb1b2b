// What the application has told this window: itself, preferences, machines. Written here only, from answers and events.

import { create } from 'zustand';
import type { MachineView } from '../../shared/machine/view.ts';
import type { AppInfo, Preferences } from '../../shared/rpc/app-contract.ts';
import { followLanguage } from '../i18n/strings.ts';
import { client, setClient } from './client.ts';
import { connectApp } from './connect-app.ts';
import { followJobs, loadJobs } from './jobs.ts';
import { putThumbnail } from './thumbnails.ts';
import { messageOf, notify, notifyFailure } from './notices.ts';

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly message: string }
  /** It was open: the application has ended. */
  | { readonly kind: 'lost' };

interface AppState {
  readonly connection: Connection;
  readonly info: AppInfo | null;
  readonly preferences: Preferences | null;
  /** In order of their names. */
  readonly machines: readonly MachineView[];
}

export const useApp = create<AppState>(() => ({
  connection: { kind: 'connecting' },
  info: null,
  preferences: null,
  machines: [],
}));

/** Where new machines are put unless another folder is chosen. */
export function machineFolderOf({ preferences, info }: AppState): string {
  return preferences?.machineFolder ?? info?.machineFolder ?? '';
}

/** Never rejects; what went wrong is in the store. */
export async function openApp(): Promise<void> {
  try {
    const opened = await connectApp();
    setClient(opened);
    opened.onClose(() => useApp.setState({ connection: { kind: 'lost' } }));
    opened.on('machineChanged', (view) =>
      useApp.setState(({ machines }) => ({ machines: put(machines, view) })),
    );
    opened.on('machineRemoved', ({ id }) =>
      useApp.setState(({ machines }) => ({ machines: machines.filter((machine) => machine.id !== id) })),
    );
    followJobs(opened);
    opened.on('thumbnailChanged', ({ id, pngBase64 }) => putThumbnail(id, pngBase64));
    opened.on('preferencesChanged', (preferences) => {
      useApp.setState({ preferences });
      followLanguage(preferences.language);
    });
    opened.on('notice', ({ level, message, machineId }) =>
      notify({ level: level === 'debug' ? 'info' : level, message, machineId }),
    );
    const [info, preferences, machines] = await Promise.all([
      opened.call('app.info'),
      opened.call('app.preferences'),
      opened.call('machines.list'),
    ]);
    followLanguage(preferences.language);
    useApp.setState({ connection: { kind: 'open' }, info, preferences, machines: machines.sort(byName) });
    await loadJobs(opened);
    // Afterwards: the list can be used without them.
    for (const { id, pngBase64 } of await opened.call('machines.thumbnails')) putThumbnail(id, pngBase64);
  } catch (error) {
    const { kind } = useApp.getState().connection;
    // With the list in sight, one that is lost says so by itself.
    if (kind === 'open') notifyFailure(error);
    else if (useApp.getState().info === null) useApp.setState({ connection: { kind: 'refused', message: messageOf(error) } });
  }
}

export async function changePreferences(patch: Partial<Preferences>): Promise<void> {
  try {
    useApp.setState({ preferences: await client().call('app.setPreferences', patch) });
  } catch (error) {
    notifyFailure(error);
  }
}

export function useMachine(id: string | null): MachineView | undefined {
  return useApp(({ machines }) => machines.find((machine) => machine.id === id));
}

export function nameOf(machine: MachineView): string {
  return machine.kind === 'machine' ? machine.config.name : (machine.newer?.name ?? machine.id);
}

/** Also for answers that hold a machine's new state, which may come before or after the event. */
export function putMachine(view: MachineView): void {
  useApp.setState(({ machines }) => ({ machines: put(machines, view) }));
}

function put(machines: readonly MachineView[], view: MachineView): MachineView[] {
  return [...machines.filter((machine) => machine.id !== view.id), view].sort(byName);
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byName(a: MachineView, b: MachineView): number {
  return collator.compare(nameOf(a), nameOf(b)) || collator.compare(a.id, b.id);
}
