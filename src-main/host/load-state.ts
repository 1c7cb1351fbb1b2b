// Puts a state file into a machine that waits for it: checks that it is one of such a machine, and fills its memory.

import type { StateMachine, StateSection } from '../engine/snapshot/index.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { MIB } from '../../shared/units/bytes.ts';
import { openState, stateFailure } from './state-files.ts';

/** Fills `memory`, which is all zero, and gives the sections. Throws `FailureError`. */
export async function loadState(path: string, machine: StateMachine, memory: Uint8Array): Promise<StateSection[]> {
  const reader = openState(path);
  try {
    checkMachine(path, reader.index.machine, machine);
    const sections = reader.sections();
    memory.fill(0, machine.memoryBytes);
    await reader.load(memory);
    return sections;
  } catch (error) {
    throw stateFailure(error, path);
  } finally {
    reader.close();
  }
}

function checkMachine(path: string, saved: StateMachine, machine: StateMachine): void {
  const refuse = (why: string): FailureError =>
    new FailureError('state.mismatch', `The state “${path}” does not fit this machine: ${why}.`, { path });
  if (saved.memoryBytes !== machine.memoryBytes)
    throw refuse(`it is of one with ${saved.memoryBytes / MIB} MiB of memory, this one has ${machine.memoryBytes / MIB}`);
  if (saved.cpuModel !== machine.cpuModel)
    throw refuse(`it is of one with the processor ${saved.cpuModel}, this one has ${machine.cpuModel}`);
  if (saved.tailBytes !== machine.tailBytes)
    throw refuse('it is of one with another BIOS or another amount of video memory');
}

/** A section that the machine does not take. */
export function refusedSection(path: string, section: string, message: string): FailureError {
  return new FailureError('state.mismatch', `The state “${path}” does not fit this machine: ${message}.`, { path, section });
}
