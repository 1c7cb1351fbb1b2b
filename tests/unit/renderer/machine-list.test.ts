// What the list shows for a search, and in which groups.

import { describe, expect, it, vi } from 'vitest';
import { defaultSettings } from '../../../shared/machine/config.ts';
import type { MachineView } from '../../../shared/machine/view.ts';

vi.stubGlobal('sessionStorage', { getItem: () => 'en' });
vi.stubGlobal('document', { documentElement: {} });
const { inGroups, machinesOfKeys, matchingMachines } = await import('../../../src-renderer/features/machine-list/machine-groups.ts');

const machine = (id: string, group: string, ...tags: string[]): MachineView => ({
  kind: 'machine', id, folder: `/m/${id}`, state: 'off', startedAtMs: null, lastExit: null, disposable: null, pending: null,
  config: { ...defaultSettings(id.toUpperCase()), schema: 1, id, group, tags },
});
const ALL: MachineView[] = [
  machine('alpha', 'Work', 'web', 'blue'),
  machine('beta', '', 'web'),
  machine('gamma', 'Home'),
  { kind: 'damaged', id: 'delta', file: '/m/delta', message: 'Broken.', newer: null, previous: null },
];
const ids = (machines: readonly MachineView[]) => machines.map(({ id }) => id);

describe('the list of machines', () => {
  it('finds by name, group and tag, each word of them', () => {
    expect(ids(matchingMachines(ALL, ' '))).toEqual(['alpha', 'beta', 'gamma', 'delta']);
    expect(ids(matchingMachines(ALL, 'web'))).toEqual(['alpha', 'beta']);
    expect(ids(matchingMachines(ALL, 'web work'))).toEqual(['alpha']);
    expect(ids(matchingMachines(ALL, 'DELTA'))).toEqual(['delta']);
    expect(ids(matchingMachines(ALL, 'red'))).toEqual([]);
  });

  it('has groups in order and the rest at the end', () => {
    expect(inGroups(ALL).map(({ name, machines }) => [name, ids(machines)])).toEqual([
      ['Home', ['gamma']],
      ['Work', ['alpha']],
      ['', ['beta', 'delta']],
    ]);
  });

  it('takes a chosen group for its machines', () => {
    expect(ids(machinesOfKeys(ALL, new Set(['group:Work', 'delta'])))).toEqual(['alpha', 'delta']);
    expect(ids(machinesOfKeys(ALL, new Set(['group:'])))).toEqual([]);
  });
});
