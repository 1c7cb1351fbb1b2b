// The tree of snapshots as rows with lanes: each row a snapshot or the present state, its lane a column. The way to the
// present state keeps its lane; branches stand above it, one lane further right.

import type { SnapshotTreeView, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';

export interface Row {
  /** null: “you are here”. */
  readonly snapshot: SnapshotView | null;
  readonly id: string;
  readonly level: number;
  readonly lane: number;
  /** The lane of the parent, from which a line comes; null: it has none. */
  readonly from: number | null;
  /** Lanes whose lines go past. */
  readonly past: readonly number[];
  /** A line goes on downwards. */
  readonly goesOn: boolean;
}

export const HERE = 'here';

export function rowsOf({ snapshots, current }: SnapshotTreeView): Row[] {
  const rows: Row[] = [];
  const parents = new Map(snapshots.map(({ id, parent }) => [id, parent]));
  const way = new Set<string>([HERE]);
  for (let id = current.parent; id !== null; id = parents.get(id) ?? null) way.add(id);
  const childrenOf = (parent: string | null): { id: string; snapshot: SnapshotView | null }[] => [
    ...snapshots.filter((one) => one.parent === parent).map((snapshot) => ({ id: snapshot.id, snapshot })),
    ...(current.parent === parent ? [{ id: HERE, snapshot: null }] : []),
  ];
  const walk = (node: { id: string; snapshot: SnapshotView | null }, level: number, lane: number, from: number | null, past: readonly number[]): void => {
    const children = node.id === HERE ? [] : childrenOf(node.id);
    const main = children.find(({ id }) => way.has(id)) ?? children.at(-1);
    rows.push({ snapshot: node.snapshot, id: node.id, level, lane, from, past, goesOn: children.length > 0 });
    for (const child of children) if (child !== main) walk(child, level + 1, lane + 1, lane, [...past, lane]);
    if (main) walk(main, level + 1, lane, lane, past);
  };
  for (const root of childrenOf(null)) walk(root, 1, 0, null, []);
  return rows;
}
