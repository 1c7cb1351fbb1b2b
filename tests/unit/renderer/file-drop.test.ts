// What a dropped image is used for, by its name and the machine it is dropped onto.

import { describe, expect, it } from 'vitest';
import { defaultSettings, type DriveConfig } from '../../../shared/machine/config.ts';
import type { MachineState } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { machineUse, planFor } from '../../../src-renderer/features/file-drop/drop-targets.ts';

const CD: DriveConfig = { id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path: null, format: null, readOnly: true };

function machine(state: MachineState, drives: DriveConfig[]): ReadyMachine {
  const config = { ...defaultSettings('A'), schema: 1 as const, id: 'a', drives };
  return { kind: 'machine', id: 'a', folder: '/', config, state, startedAtMs: null, lastExit: null } as ReadyMachine;
}

describe('a dropped image', () => {
  it.each([
    ['debian.ISO', { kind: 'create', purpose: 'cdrom' }],
    ['disk.qcow2', { kind: 'create', purpose: 'disk' }],
    ['boot.ima', { kind: 'refused', why: 'floppyAlone' }],
    ['letter.odt', { kind: 'refused', why: 'unknown' }],
    ['no extension', { kind: 'refused', why: 'unknown' }],
  ])('makes a new machine: %s', (name, plan) => {
    expect(planFor(name, undefined)).toEqual(plan);
  });

  it.each([
    ['running', [CD], 'a.iso', { kind: 'insert', drive: 'cd0' }],
    ['off', [CD], 'a.iso', { kind: 'insert', drive: 'cd0' }],
    ['running', [], 'a.iso', { kind: 'refused', why: 'noDrive' }],
    ['running', [CD], 'a.vdi', { kind: 'refused', why: 'diskWhileRunning' }],
    ['off', [], 'a.iso', { kind: 'attach', purpose: 'cdrom' }],
    ['off', [CD], 'a.vdi', { kind: 'attach', purpose: 'disk' }],
    ['off', [], 'a.flp', { kind: 'attach', purpose: 'floppy' }],
  ] as const)('goes to a machine that is %s with %j: %s', (state, drives, name, plan) => {
    expect(planFor(name, machine(state, [...drives]))).toEqual(plan);
  });

  it('is offered a machine only where that can take one', () => {
    expect(machineUse(undefined)).toBeUndefined();
    expect(machineUse(machine('running', []))).toBeUndefined();
    expect(machineUse(machine('running', [CD]))).toBe('insert');
    expect(machineUse(machine('off', []))).toBe('attach');
    // The state was made with the media that are in the drives.
    expect(machineUse(machine('saved', [CD]))).toBeUndefined();
  });

  it('imports machines wherever they are dropped', () => {
    for (const name of ['a.ova', 'B.OVF', 'c.boxwright']) expect(planFor(name, undefined)).toEqual({ kind: 'import' });
  });
});
