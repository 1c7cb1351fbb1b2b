// What there is to know about one snapshot: its texts, its picture, and how the settings differ from now.

import { useEffect, useState } from 'react';
import type { SnapshotDiff, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { t } from '../../i18n/strings.ts';
import { client } from '../../state/client.ts';
import { timeOf } from './age.ts';

interface SnapshotDetailsProps {
  readonly machineId: string;
  readonly snapshot: SnapshotView;
  /** What it may be compared with, besides the present state. */
  readonly others: readonly SnapshotView[];
}

export function SnapshotDetails({ machineId, snapshot, others }: SnapshotDetailsProps) {
  const { name, description, problem, stateProblem, kind, timeMs, bytes, config, disks } = snapshot;
  return (
    <section className="card snapshot-details" aria-label={name}>
      <h2>
        <bdi>{name}</bdi>
      </h2>
      {snapshot.thumbnail !== null && <Picture machineId={machineId} snapshot={snapshot.id} />}
      {(problem ?? stateProblem) !== null && <p className="snapshot-problem">{problem ?? stateProblem}</p>}
      {description !== '' && <p className="snapshot-description">{description}</p>}
      <dl>
        <Row name={t.snapshots.taken}>{timeOf(timeMs)}</Row>
        <Row name={t.snapshots.kind}>{t.snapshots.kinds[kind]}</Row>
        <Row name={t.snapshots.size}>{formatBytes(bytes)}</Row>
        <Row name={t.snapshots.memory}>{formatBytes(config.memoryMiB * MIB)}</Row>
        <Row name={t.snapshots.disks}>{disks.map(({ drive }) => drive).join(', ') || t.snapshots.noDisks}</Row>
      </dl>
      <Comparison key={snapshot.id} machineId={machineId} snapshot={snapshot.id} others={others} />
    </section>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div className="card-row">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface OneSnapshot {
  readonly machineId: string;
  readonly snapshot: string;
}

function Picture({ machineId, snapshot }: OneSnapshot) {
  const [png, setPng] = useState<string | null>(null);
  useEffect(() => {
    client()
      .call('snapshots.thumbnail', { id: machineId, snapshot })
      .then(({ pngBase64 }) => setPng(pngBase64), () => setPng(null));
  }, [machineId, snapshot]);
  return png === null ? null : <img className="snapshot-picture" src={`data:image/png;base64,${png}`} alt={t.snapshots.picture} />;
}

const NOW = '';

function Comparison({ machineId, snapshot, others }: OneSnapshot & { readonly others: readonly SnapshotView[] }) {
  const [other, setOther] = useState(NOW);
  const to = others.some(({ id }) => id === other) ? other : NOW;
  const diff = useDiff(machineId, snapshot, to);
  return (
    <section className="snapshot-comparison" aria-label={t.snapshots.differences}>
      <label className="field">
        <span className="label">{t.snapshots.compareWith}</span>
        <select className="input" value={to} onChange={({ target }) => setOther(target.value)}>
          <option value={NOW}>{t.snapshots.compareNow}</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {diff && <Differences diff={diff} />}
    </section>
  );
}

function useDiff(machineId: string, from: string, to: string): SnapshotDiff | null {
  const [diff, setDiff] = useState<SnapshotDiff | null>(null);
  useEffect(() => {
    let alive = true;
    const show = (found: SnapshotDiff | null) => {
      if (alive) setDiff(found);
    };
    show(null);
    client()
      .call('snapshots.diff', { id: machineId, from, to: to === NOW ? null : to })
      // A snapshot that has just gone has no differences.
      .then(show, () => show(null));
    return () => {
      alive = false;
    };
  }, [machineId, from, to]);
  return diff;
}

function Differences({ diff: { settings, disks } }: { readonly diff: SnapshotDiff }) {
  return (
    <ul className="snapshot-differences">
      {settings.length === 0 && <li className="quiet">{t.snapshots.noDifferences}</li>}
      {settings.map(({ field, before, after }) => (
        <li key={field}>
          <code>{field}</code> {textOf(before)} → {textOf(after)}
        </li>
      ))}
      {disks.map(({ drive, bytes }) => (
        <li key={drive}>
          <code>{drive}</code> {bytes === 0 ? t.snapshots.sameDisk : t.snapshots.diskDiffers(formatBytes(bytes))}
        </li>
      ))}
    </ul>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return t.snapshots.notSet;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
