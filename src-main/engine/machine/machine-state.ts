// The state of a whole machine but for its memory: which sections there are, in which order they are put back, and
// what keeps a state from being this machine's. The content of drives is no part of it.

import type { Device } from '../devices/device.ts';
import type { CpuEngine } from '../execution/cpu-engine.ts';
import { CPU_SECTION } from '../execution/cpu-section.ts';
import { StateError } from '../snapshot/codec.ts';
import { defineState } from '../snapshot/define-state.ts';
import { bool, f64 } from '../snapshot/fields.ts';
import type { StateSection } from '../snapshot/state-host.ts';
import type { SavedPart } from './saved-part.ts';

/** The run loop's own: guest time, and what the next slice begins with. */
export const RUN_SPEC = defineState('machine', 1, {
  timeNs: f64(), leaptNs: f64(-1), halted: bool(), wakeWanted: bool(), resetWanted: bool(),
});

export interface MachineStateParts {
  readonly engine: CpuEngine;
  readonly devices: readonly Device[];
  readonly interruptControllers: readonly Device[];
  /** What stands beside the devices; `machine`, whose time all timers need, first. */
  readonly parts: readonly SavedPart[];
}

export function saveSections({ engine, devices, parts }: MachineStateParts): StateSection[] {
  return [
    { ...CPU_SECTION, bytes: engine.saveState() },
    ...parts.map((part) => ({ id: part.id, version: part.version, bytes: part.save() })),
    ...devices.map(({ id, spec, state }) => ({ id, version: spec.version, bytes: spec.save(state) })),
  ];
}

/** Throws `StateError`; the machine is then good for nothing. Memory is in place or awaited. */
export function restoreSections(machine: MachineStateParts, sections: readonly StateSection[]): void {
  const { engine, devices, interruptControllers, parts } = machine;
  const saved = new Map(sections.map((section) => [section.id, section]));
  checkSections(machine, saved);
  const cpu = saved.get(CPU_SECTION.id)!;
  engine.restoreState(cpu.version, cpu.bytes);
  for (const part of parts) part.restore(saved.get(part.id)!.version, saved.get(part.id)!.bytes);
  const restore = (device: Device): void => {
    const { version, bytes } = saved.get(device.id)!;
    device.spec.restore(device.state, version, bytes);
  };
  for (const device of devices) restore(device);
  for (const device of devices) device.afterRestore?.();
  // Lines were driven to their levels one after the other: edges that came of it are none.
  for (const device of interruptControllers) restore(device);
  for (const device of interruptControllers) device.afterRestore?.();
}

function checkSections({ devices, parts }: MachineStateParts, saved: ReadonlyMap<string, StateSection>): void {
  const wanted = new Set([CPU_SECTION.id, ...parts.map(({ id }) => id), ...devices.map(({ id }) => id)]);
  for (const id of saved.keys()) {
    if (!wanted.has(id)) throw new StateError('bad-value', id, 'the state has this part, the machine does not');
  }
  for (const id of wanted) {
    if (!saved.has(id)) throw new StateError('bad-value', id, 'the machine has this part, the state does not');
  }
}
