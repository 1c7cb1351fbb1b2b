// A machine in the test's own thread, its time counted in instructions, its events collected.

import {
  createMachine,
  type Machine,
  type MachineEvent,
  type MachineOptions,
} from '../../src-main/engine/index.ts';

export const MiB = 0x10_0000;

export function testOptions(kernel: Uint8Array, change: Partial<MachineOptions> = {}): MachineOptions {
  return {
    memoryBytes: 8 * MiB,
    cpuModel: 'pentium3',
    accelerator: 'interp',
    boot: { kernel: { name: 'kernel', bytes: kernel }, modules: [], commandLine: '' },
    serialPorts: 1,
    debugConsole: false,
    debugExit: undefined,
    videoMemoryBytes: 0,
    onReset: 'restart',
    time: 'instructions',
    ...change,
  };
}

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
