// Which machine a word on the command line means: its id, its name, or the beginning of only one of them.

import type { MachineView } from '../../../shared/machine/view.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';

export function findMachine(machines: readonly MachineView[], word: string): MachineView {
  const folded = word.toLowerCase();
  const exact = machines.filter((machine) => namesOf(machine).some((name) => name === word));
  const similar = machines.filter((machine) => namesOf(machine).some((name) => name.toLowerCase().startsWith(folded)));
  const found = exact.length > 0 ? exact : similar;
  const [first, second] = found;
  if (first === undefined)
    throw new FailureError('machine.notFound', `There is no machine “${word}”; \`boxwright list\` shows those there are.`);
  if (second !== undefined)
    throw new FailureError(
      'machine.notFound',
      `“${word}” could be ${found.map(({ id }) => id).join(' or ')}; write more of the name.`,
    );
  return first;
}

export function nameOf(machine: MachineView): string {
  return machine.kind === 'machine' ? machine.config.name : machine.id;
}

function namesOf(machine: MachineView): string[] {
  return machine.kind === 'machine'
    ? [machine.id, machine.config.name, ...(machine.config.uuid === undefined ? [] : [machine.config.uuid])]
    : [machine.id];
}
