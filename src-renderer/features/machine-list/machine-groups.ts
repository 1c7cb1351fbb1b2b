// Which machines the list shows, and in which groups.

import type { MachineView } from '../../../shared/machine/view.ts';
import { nameOf } from '../../state/app-store.ts';
import { groupOfKey } from '../../state/selection.ts';

export interface MachineGroup {
  /** Empty: machines without one. */
  readonly name: string;
  readonly machines: readonly MachineView[];
}

export function groupOf(machine: MachineView): string {
  return machine.kind === 'machine' ? machine.config.group.trim() : '';
}

export function tagsOf(machine: MachineView): readonly string[] {
  return machine.kind === 'machine' ? machine.config.tags : [];
}

/** Each word must be in the name, the group or a tag. */
export function matchingMachines(machines: readonly MachineView[], wanted: string): readonly MachineView[] {
  const words = wanted.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return machines;
  return machines.filter((machine) => {
    const text = [nameOf(machine), groupOf(machine), ...tagsOf(machine)].join('\n').toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** In order of their names, machines without a group at the end. */
export function inGroups(machines: readonly MachineView[]): readonly MachineGroup[] {
  const groups = new Map<string, MachineView[]>();
  for (const machine of machines) {
    const name = groupOf(machine);
    groups.set(name, [...(groups.get(name) ?? []), machine]);
  }
  return [...groups]
    .map(([name, members]) => ({ name, machines: members }))
    .sort((a, b) => Number(a.name === '') - Number(b.name === '') || a.name.localeCompare(b.name));
}

/** The machines that selected keys stand for, in the list's order. */
export function machinesOfKeys(machines: readonly MachineView[], keys: ReadonlySet<string>): readonly MachineView[] {
  const groups = new Set([...keys].map(groupOfKey));
  return machines.filter((machine) => keys.has(machine.id) || (groupOf(machine) !== '' && groups.has(groupOf(machine))));
}
