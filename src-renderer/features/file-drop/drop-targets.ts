// What a dropped image can be used for: a new machine, or a drive of the machine whose page is open. Pure: what is shown
// before the file is let go and what is done then are decided by the same table.

import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { MachineView, ReadyMachine } from '../../../shared/machine/view.ts';
import { purposeOf } from '../../../shared/rpc/app-contract.ts';
import { newDrive } from '../../../shared/machine/new-drive.ts';

export type MachineUse = 'insert' | 'attach';

/** What the open page's machine can take now; undefined: nothing. */
export function machineUse(machine: MachineView | undefined): MachineUse | undefined {
  if (machine?.kind !== 'machine') return undefined;
  if (isAllowed('edit', machine.state)) return 'attach';
  const takesMedia = isAllowed('changeMedium', machine.state) && machine.config.drives.some(({ kind }) => kind !== 'disk');
  return takesMedia ? 'insert' : undefined;
}

export type Plan =
  | { readonly kind: 'create'; readonly purpose: 'cdrom' | 'disk' }
  | { readonly kind: 'import' }
  | { readonly kind: 'insert'; readonly drive: string }
  | { readonly kind: 'attach'; readonly purpose: 'cdrom' | 'disk' | 'floppy' }
  /** A reason that the user is told. */
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'floppyAlone' | 'diskWhileRunning' | 'noDrive' | 'noPlace' };

/** For a new machine (`machine` undefined) or for a machine. */
export function planFor(name: string, machine: ReadyMachine | undefined): Plan {
  const purpose = purposeOf(name);
  if (purpose === 'appliance') return { kind: 'import' };
  if (purpose !== 'cdrom' && purpose !== 'disk' && purpose !== 'floppy') return { kind: 'refused', why: 'unknown' };
  if (machine === undefined)
    return purpose === 'floppy' ? { kind: 'refused', why: 'floppyAlone' } : { kind: 'create', purpose };
  const { drives } = machine.config;
  const drive = drives.find(({ kind }) => kind !== 'disk' && kind === purpose);
  if (drive) return { kind: 'insert', drive: drive.id };
  if (!isAllowed('edit', machine.state))
    return { kind: 'refused', why: purpose === 'disk' ? 'diskWhileRunning' : 'noDrive' };
  return newDrive(drives, purpose, null, null) ? { kind: 'attach', purpose } : { kind: 'refused', why: 'noPlace' };
}
