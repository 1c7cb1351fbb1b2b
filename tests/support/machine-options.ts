// What test machines are made of unless a test says otherwise. Plain data: it does not take the engine along.

import type { MachineOptions } from '../../src-main/engine/index.ts';

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
