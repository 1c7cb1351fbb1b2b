// What the user does to machines. Each call's failure becomes a notice; calls in progress are known, so that a button
// is not pressed twice.

import { create } from 'zustand';
import type { MachineSettings, DiskToMake, NewDisk } from '../../shared/machine/config.ts';
import { DEMO_GUEST } from '../../shared/machine/demo.ts';
import { isAllowed } from '../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../shared/machine/view.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { said, t } from '../i18n/strings.ts';
import { nameOf, putMachine, useApp } from './app-store.ts';
import { client } from './client.ts';
import { goTo } from './navigation.ts';
import { notify, notifyFailure } from './notices.ts';

export type PlainAction = 'start' | 'pause' | 'resume' | 'reset' | 'powerButton' | 'powerOff' | 'save' | 'discard' | 'delete';

export const usePending = create<{ readonly machineIds: ReadonlySet<string> }>(() => ({
  machineIds: new Set(),
}));

export async function perform(id: string, action: PlainAction, force = false): Promise<void> {
  mark(id, true);
  try {
    if (action === 'start') putMachine(await client().call('machines.start', { id, force }));
    else if (action === 'save' || action === 'discard') putMachine(await client().call(`machines.${action}`, { id }));
    else if (action === 'delete') await deleteMachines([id]);
    else await client().call(`machines.${action}`, { id });
  } catch (error) {
    if (error instanceof FailureError && error.code === 'host.memoryShort') offerStart(id, said(error));
    else if (error instanceof FailureError && error.code === 'snapshot.neededByClones') offerIndependence(id, error);
    else notifyFailure(error, id);
  } finally {
    mark(id, false);
  }
}

/** What the guest writes is thrown away at the end, unless the user then says otherwise. */
export async function startDisposable(id: string): Promise<void> {
  mark(id, true);
  goTo(id, 'console', true);
  try {
    putMachine(await client().call('machines.start', { id, disposable: true }));
  } catch (error) {
    notifyFailure(error, id);
  } finally {
    mark(id, false);
  }
}

export async function endDisposable(id: string, keep: boolean): Promise<void> {
  mark(id, true);
  try {
    putMachine(await client().call('machines.endDisposable', { id, keep }));
  } catch (error) {
    notifyFailure(error, id);
  } finally {
    mark(id, false);
  }
}

/** The clones that stand in the way get disks of their own, where the user wants that. */
function offerIndependence(id: string, { message, detail }: FailureError): void {
  const clones = String(detail?.['clones'] ?? '').split(' ').filter((one) => one !== '');
  const run = async () => {
    for (const clone of clones) await makeIndependent(clone);
  };
  notify({ level: 'warning', message, machineId: id, action: { label: t.snapshots.makeIndependent, run } });
}

/** Its disks are copied; the job shows how far that is. */
export async function makeIndependent(id: string): Promise<void> {
  mark(id, true);
  try {
    putMachine(await client().call('machines.makeIndependent', { id }));
  } catch (error) {
    notifyFailure(error, id);
  } finally {
    mark(id, false);
  }
}

export async function setTemplate(id: string, template: boolean): Promise<void> {
  try {
    putMachine(await client().call('machines.setTemplate', { id, template }));
  } catch (error) {
    notifyFailure(error, id);
  }
}

function offerStart(id: string, message: string): void {
  notify({ level: 'warning', message, machineId: id, action: { label: t.machine.startAnyway, run: () => perform(id, 'start', true) } });
}

/** Puts back the last good settings of a damaged machine. */
export async function repairMachine(id: string): Promise<void> {
  try {
    putMachine(await client().call('machines.repair', { id }));
  } catch (error) {
    notifyFailure(error, id);
  }
}

/** The same for several; each failure has its own message. */
export async function performAll(ids: readonly string[], action: PlainAction): Promise<void> {
  if (action !== 'delete') return void (await Promise.all(ids.map((id) => perform(id, action))));
  try {
    await deleteMachines(ids);
  } catch (error) {
    notifyFailure(error);
  }
}

/** What is not given stays as it is. */
export async function labelMachine(id: string, labels: { group?: string; tags?: string[] }): Promise<void> {
  try {
    putMachine(await client().call('machines.label', { id, ...labels }));
  } catch (error) {
    notifyFailure(error, id);
  }
}

/** The message offers to take it back. */
async function deleteMachines(ids: readonly string[]): Promise<void> {
  const { machines } = useApp.getState();
  const names = new Map(machines.map((machine) => [machine.id, nameOf(machine)]));
  const deleted: { id: string; trashed: string }[] = [];
  try {
    for (const id of ids) deleted.push({ id, ...(await client().call('machines.delete', { id })) });
  } finally {
    const [first] = deleted;
    if (first) {
      goTo(null);
      notify({
        level: 'info',
        message: deleted.length === 1 ? t.machine.deleted(names.get(first.id) ?? first.id) : t.list.deletedMany(deleted.length),
        action: { label: t.app.undo, run: () => restoreAll(deleted.map(({ trashed }) => trashed)) },
      });
    }
  }
}

async function restoreAll(trashed: readonly string[]): Promise<void> {
  for (const name of trashed) {
    try {
      const restored = await client().call('machines.restore', { trashed: name });
      putMachine(restored);
      if (trashed.length === 1) goTo(restored.id);
    } catch (error) {
      notifyFailure(error);
    }
  }
}

/** Throws a FailureError: the wizard stays open and shows it. */
export async function createMachine(settings: MachineSettings, newDisks: DiskToMake[], folder: string): Promise<MachineView> {
  const view = await client().call('machines.create', { settings, newDisks, folder });
  putMachine(view);
  return view;
}

/** Runs the demo machine in front of the user, and makes it when there is none. */
export async function tryDemo(): Promise<void> {
  try {
    const there = useApp.getState().machines.find((machine) => machine.kind === 'machine' && machine.config.guest === DEMO_GUEST);
    const machine = there ?? (await client().call('machines.createDemo', {}));
    putMachine(machine);
    goTo(machine.id, 'console', true);
    if (machine.kind === 'machine' && isAllowed('start', machine.state)) await perform(machine.id, 'start');
  } catch (error) {
    notifyFailure(error);
  }
}

/** The clone's page opens when it is there. */
export async function cloneMachine(
  id: string,
  request: { readonly snapshot: string | null; readonly name: string; readonly linked: boolean },
): Promise<void> {
  mark(id, true);
  try {
    const made = await client().call('machines.clone', { ...request, id, keepIdentity: false });
    putMachine(made);
    notify({ level: 'info', message: t.snapshots.cloned(nameOf(made)) });
    goTo(made.id);
  } catch (error) {
    notifyFailure(error, id);
  } finally {
    mark(id, false);
  }
}

/** Throws a FailureError: the page keeps what was entered and shows it. */
export async function saveSettings(id: string, settings: MachineSettings, newDisks: NewDisk[]): Promise<void> {
  putMachine(await client().call('machines.update', { id, settings, newDisks }));
}

/** `path` null: takes the medium out. */
export async function changeMedium(id: string, drive: string, path: string | null): Promise<void> {
  try {
    putMachine(
      path === null
        ? await client().call('machines.eject', { id, drive })
        : await client().call('machines.insert', { id, drive, path, format: null }),
    );
  } catch (error) {
    notifyFailure(error, id);
  }
}

function mark(id: string, pending: boolean): void {
  usePending.setState(({ machineIds }) => {
    const next = new Set(machineIds);
    if (pending) next.add(id);
    else next.delete(id);
    return { machineIds: next };
  });
}
