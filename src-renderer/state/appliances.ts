// Machines that come from files and go into files: which dialog is open, and the calls behind them.

import { create } from 'zustand';
import type { ApplianceSummary, ExportRequest, ImportRequest } from '../../shared/appliance/appliance-view.ts';
import type { ReadyMachine } from '../../shared/machine/view.ts';
import { t } from '../i18n/strings.ts';
import { nameOf, putMachine } from './app-store.ts';
import { client } from './client.ts';
import { pickFile } from './files.ts';
import { goTo } from './navigation.ts';
import { notify, notifyFailure } from './notices.ts';

type Open = { readonly kind: 'import'; readonly path: string } | { readonly kind: 'export'; readonly machine: ReadyMachine };

export const useAppliances = create<{ readonly open: Open | null }>(() => ({ open: null }));

export function askImport(path: string): void {
  useAppliances.setState({ open: { kind: 'import', path } });
}

export function askExport(machine: ReadyMachine): void {
  useAppliances.setState({ open: { kind: 'export', machine } });
}

export function closeAppliance(): void {
  useAppliances.setState({ open: null });
}

/** Lets the user choose the file first. */
export async function chooseImport(): Promise<void> {
  try {
    const path = await pickFile('appliance', null);
    if (path !== null) askImport(path);
  } catch (error) {
    notifyFailure(error);
  }
}

export function inspectImport(path: string, system: string | undefined): Promise<ApplianceSummary> {
  return client().call('machines.inspectImport', { path, system });
}

/** Goes on as a job while the window is used for other things. */
export async function importMachine(request: ImportRequest): Promise<void> {
  try {
    const { machine, notes } = await client().call('machines.import', request);
    putMachine(machine);
    const name = nameOf(machine);
    notify({ level: 'info', message: notes.length === 0 ? t.appliance.imported(name) : t.appliance.importedWith(name, notes.length) });
    goTo(machine.id);
  } catch (error) {
    notifyUnlessCancelled(error);
  }
}

export async function exportMachine(request: ExportRequest): Promise<void> {
  try {
    const { path } = await client().call('machines.export', request);
    notify({ level: 'info', message: t.appliance.exported(path) });
  } catch (error) {
    notifyUnlessCancelled(error);
  }
}

/** Who cancelled a job knows. */
function notifyUnlessCancelled(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === 'media.cancelled') return;
  notifyFailure(error);
}
