// The public face of the engine: making a machine, and the types its users meet.

import { createCpuEngine } from './execution/engine.ts';
import { Machine } from './machine/machine.ts';
import type { MachineHost } from './machine/machine-host.ts';
import type { MachineOptions } from './machine/options.ts';

/** Throws `BootError` when the boot files cannot be used. */
export function createMachine(options: MachineOptions, host: MachineHost): Machine {
  return new Machine(options, host, createCpuEngine);
}

export type { Machine, MachineHost, MachineOptions };
export type { MachineCommand, MachineEvent } from './machine/messages.ts';
export type { BootFile, BootModule, BootOptions, FrameUpdate, MachineStats, StopReason } from './machine/options.ts';
export { BootError, type BootErrorCode } from './firmware/boot-error.ts';
export { type KernelKind, kernelKind } from './firmware/start.ts';
export type { StateSection } from './snapshot/state-host.ts';
