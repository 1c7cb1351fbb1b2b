// What may be done to one machine or several of the list, and the questions before what cannot be taken back. The table
// of states decides, as everywhere; a machine in another state is left alone.

import { Pause, Play, Power, PowerOff, Save, Tags, Trash2, type LucideIcon } from 'lucide-react';
import { create } from 'zustand';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { t } from '../../i18n/strings.ts';
import { nameOf } from '../../state/app-store.ts';
import { type PlainAction, performAll } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';

export interface BulkAction {
  readonly id: PlainAction | 'label';
  readonly icon: LucideIcon;
  readonly title: string;
  /** The machines that it may be done to now. */
  readonly ids: readonly string[];
}

const ACTIONS = [
  { id: 'start', icon: Play, title: t.machine.start },
  { id: 'pause', icon: Pause, title: t.machine.pause },
  { id: 'resume', icon: Play, title: t.machine.resume },
  { id: 'powerButton', icon: Power, title: t.machine.powerButton },
  { id: 'save', icon: Save, title: t.machine.save },
  { id: 'powerOff', icon: PowerOff, title: t.machine.powerOff },
] as const;

/** The same list in every state, so that no button moves under the pointer. */
export function bulkActions(machines: readonly MachineView[]): readonly BulkAction[] {
  const actionOf = (id: PlainAction, icon: LucideIcon, title: string): BulkAction => {
    const ids = machines.filter((one) => allows(one, id)).map((one) => one.id);
    return { id, icon, title: machines.length > 1 && ids.length > 0 ? t.list.actionOn(title, ids.length) : title, ids };
  };
  const ready = machines.filter(({ kind }) => kind === 'machine').map(({ id }) => id);
  return [
    ...ACTIONS.map(({ id, icon, title }) => actionOf(id, icon, title)),
    { id: 'label', icon: Tags, title: t.list.labels, ids: ready },
    actionOf('delete', Trash2, t.machine.delete),
  ];
}

function allows(machine: MachineView, action: PlainAction): boolean {
  if (machine.kind === 'damaged') return action === 'delete';
  if (action === 'start' && machine.config.template === true) return false;
  return isAllowed(action, machine.state);
}

export interface Asked {
  readonly action: 'powerOff' | 'delete' | 'label';
  readonly machines: readonly MachineView[];
}

/** What is being asked; `BulkQuestion` shows it. */
export const useAsked = create<{ readonly asked: Asked | null }>(() => ({ asked: null }));

export function request(action: BulkAction['id'], machines: readonly MachineView[]): void {
  const ids = bulkActions(machines).find(({ id }) => id === action)?.ids ?? [];
  const [first] = ids;
  if (first === undefined) return;
  if (action === 'powerOff' || action === 'delete' || action === 'label')
    return useAsked.setState({ asked: { action, machines: machines.filter(({ id }) => ids.includes(id)) } });
  if (action === 'start' && machines.length === 1) goTo(first, 'console', true);
  void performAll(ids, action);
}

export function titleOf({ action, machines }: Asked): string {
  const [first] = machines;
  const name = machines.length === 1 && first ? nameOf(first) : undefined;
  const count = machines.length;
  if (action === 'label') return name === undefined ? t.list.labelsTitleMany(count) : t.list.labelsTitle(name);
  if (action === 'delete') return name === undefined ? t.list.confirmDeleteMany(count) : t.machine.confirmDelete(name);
  return name === undefined ? t.list.confirmPowerOffMany(count) : t.machine.confirmPowerOff(name);
}
