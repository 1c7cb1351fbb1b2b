// A test machine's state taken and put into another one, and two machines compared in everything that a guest could see.

import { createHash } from 'node:crypto';
import { createMachine, type Machine, type MachineOptions, type StateSection } from '../../src-main/engine/index.ts';

export interface TakenState {
  readonly sections: readonly StateSection[];
  /** RAM, ROM and video memory. */
  readonly memory: Uint8Array;
}

export function guestMemory({ engine }: Machine): Uint8Array {
  return new Uint8Array(engine.memory.buffer, engine.ram.base, engine.ram.bytes);
}

export function takeState(machine: Machine): TakenState {
  machine.command({ kind: 'hold', copies: undefined });
  const sections = machine.saveState();
  const memory = guestMemory(machine).slice();
  machine.command({ kind: 'release' });
  return { sections, memory };
}

/** `options`: those of the machine that the state is of, with copies of its drives. */
export function machineFrom({ sections, memory }: TakenState, options: MachineOptions): Machine {
  const machine = createMachine({ ...options, awaitsState: true }, {
    nowNs: () => 0, wallTimeMs: () => 0, receive: () => undefined, emit: () => {}, alarm: () => {},
  });
  guestMemory(machine).set(memory);
  machine.restoreState(sections);
  machine.command({ kind: 'release' });
  return machine;
}

/** Digests by section, and of memory. */
export function fingerprint(machine: Machine): Record<string, string> {
  const { sections, memory } = takeState(machine);
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { ...Object.fromEntries(sections.map(({ id, bytes }) => [id, digest(bytes)])), memory: digest(memory) };
}
