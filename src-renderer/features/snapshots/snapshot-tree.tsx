// The tree of snapshots: a treegrid for the keyboard and for readers of screens, with the lanes drawn beside it.

import { Camera, Clock, MapPin, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Tree, TreeItem, TreeItemContent } from 'react-aria-components';
import type { SnapshotTreeView } from '../../../shared/snapshot/snapshot-view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { t } from '../../i18n/strings.ts';
import { ageOf, timeOf } from './age.ts';
import { LanePicture } from './lane-picture.tsx';
import { HERE, type Row, rowsOf } from './lanes.ts';

interface SnapshotTreeProps {
  readonly tree: SnapshotTreeView;
  readonly selected: string;
  readonly onSelect: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export function SnapshotTree({ tree, selected, onSelect, onOpen }: SnapshotTreeProps) {
  const rows = rowsOf(tree);
  const lanes = Math.max(...rows.map(({ lane }) => lane)) + 1;
  const place = new Map(rows.map((row, index) => [row.id, index]));
  /** Items in each other, as the tree is; the lanes follow the same order. */
  const itemsUnder = (parent: string | null): ReactNode[] =>
    rows
      .filter((row) => parentOf(tree, row) === parent)
      .sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
      .map((row) => (
        <TreeItem key={row.id} id={row.id} textValue={row.snapshot?.name ?? t.snapshots.here} className="snapshot-row">
          <TreeItemContent>
            <LanePicture row={row} lanes={lanes} />
            {row.snapshot === null ? <Here tree={tree} /> : <Entry row={row} />}
          </TreeItemContent>
          {row.id === HERE ? [] : itemsUnder(row.id)}
        </TreeItem>
      ));
  return (
    <Tree
      aria-label={t.snapshots.title}
      className="snapshot-tree"
      selectionMode="single"
      selectionBehavior="replace"
      disallowEmptySelection
      selectedKeys={[selected]}
      expandedKeys={rows.map(({ id }) => id)}
      onSelectionChange={(keys) => {
        const [key] = keys === 'all' ? [] : keys;
        if (key !== undefined) onSelect(String(key));
      }}
      onAction={(key) => onOpen(String(key))}
    >
      {itemsUnder(null)}
    </Tree>
  );
}

function parentOf(tree: SnapshotTreeView, row: Row): string | null {
  return row.snapshot === null ? tree.current.parent : row.snapshot.parent;
}

function Entry({ row: { snapshot } }: { readonly row: Row }) {
  if (snapshot === null) return null;
  const { name, timeMs, bytes, state, problem, kind, tags } = snapshot;
  return (
    <span className="snapshot-text">
      <span className="snapshot-name" data-kind={kind}>
        {kind === 'scheduled' ? <Clock aria-label={t.snapshots.kinds.scheduled} /> : <Camera aria-hidden />}
        <bdi>{name}</bdi>
        {tags.map((tag) => (
          <span key={tag} className="snapshot-tag">
            {tag}
          </span>
        ))}
      </span>
      <span className="quiet snapshot-facts">
        <time dateTime={new Date(timeMs).toISOString()} title={timeOf(timeMs)}>
          {ageOf(timeMs)}
        </time>
        <span>{formatBytes(bytes)}</span>
        {state !== null && <span>{t.snapshots.withMemory}</span>}
        {problem !== null && (
          <span className="snapshot-problem">
            <TriangleAlert aria-hidden /> {t.snapshots.damaged}
          </span>
        )}
      </span>
    </span>
  );
}

function Here({ tree: { current } }: { readonly tree: SnapshotTreeView }) {
  return (
    <span className="snapshot-text">
      <span className="snapshot-name snapshot-here">
        <MapPin aria-hidden />
        {t.snapshots.here}
      </span>
      <span className="quiet snapshot-facts">
        <span>{current.changed ? t.snapshots.changed : t.snapshots.unchanged}</span>
        {current.saved && <span>{t.snapshots.resumes}</span>}
        <span>{formatBytes(current.bytes)}</span>
      </span>
    </span>
  );
}
