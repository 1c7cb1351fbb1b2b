// Lanes of the tree of snapshots: the way to the present state keeps the first lane, branches stand to its right.

import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../../shared/machine/config.ts';
import type { SnapshotTreeView } from '../../../../shared/snapshot/snapshot-view.ts';
import { rowsOf } from '../../../../src-renderer/features/snapshots/lanes.ts';

function tree(parents: Readonly<Record<string, string | null>>, here: string | null): SnapshotTreeView {
  const config = { ...defaultSettings('A'), schema: 1 as const, id: 'a' };
  const snapshots = Object.entries(parents).map(([id, parent]) => ({
    id, parent, name: id, description: '', tags: [], timeMs: 0, kind: 'manual' as const, config, disks: [], state: null, nvram: null, pending: false,
    thumbnail: null, bytes: 0, problem: null, stateProblem: null,
  }));
  const current = { parent: here, changed: false, bytes: 0, saved: false };
  return { machine: 'a', snapshots, current, keepBeforeRestoreDays: 14, unfreedBytes: 0, warning: null, schedule: null, isLinked: false };
}

const picture = (view: SnapshotTreeView) => rowsOf(view).map(({ id, lane, from, past }) => `${id} ${lane} ${from} [${past}]`);

describe('the lanes', () => {
  it('of a chain are one', () => {
    expect(picture(tree({ a: null, b: 'a' }, 'b'))).toEqual(['a 0 null []', 'b 0 0 []', 'here 0 0 []']);
  });

  it('of a branch pass it by', () => {
    expect(picture(tree({ a: null, b: 'a', c: 'b', d: 'a' }, 'd'))).toEqual([
      'a 0 null []', 'b 1 0 [0]', 'c 1 1 [0]', 'd 0 0 []', 'here 0 0 []',
    ]);
  });

  it('of a branch of a branch stand side by side', () => {
    expect(picture(tree({ a: null, b: 'a', c: 'b', d: 'b' }, 'a'))).toEqual([
      'a 0 null []', 'b 1 0 [0]', 'c 2 1 [0,1]', 'd 1 1 [0]', 'here 0 0 []',
    ]);
  });

  it('are there without a parent of the present state', () => {
    expect(picture(tree({ a: null }, null))).toEqual(['a 0 null []', 'here 0 null []']);
  });
});
