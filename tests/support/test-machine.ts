// A machine in the test's own thread, its time counted in instructions, its events collected.

import {
  createMachine,
  type Machine,
  type MachineEvent,
  type MachineOptions,
} from '../../src-main/engine/index.ts';
import { testOptions } from './machine-options.ts';

export interface TestMachine {
  readonly machine: Machine;
  readonly events: MachineEvent[];
  /** Everything COM1 has sent. */
  serial(): string;
}

export function testMachine(kernel: Uint8Array, change: Partial<MachineOptions> = {}): TestMachine {
  const events: MachineEvent[] = [];
  const machine = createMachine(testOptions(kernel, change), {
    nowNs: () => 0,
    wallTimeMs: () => 0,
    receive: () => undefined,
    emit: (event) => void events.push(event),
    alarm: () => {},
  });
  const serial = (): string =>
    events
      .map((event) =>
        event.kind === 'serial-output' && event.port === 0 ? String.fromCharCode(...event.bytes) : '',
      )
      .join('');
  return { machine, events, serial };
}
