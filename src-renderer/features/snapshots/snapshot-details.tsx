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
}

export function SnapshotDetails({ machineId, snapshot }: SnapshotDetailsProps) {
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
      <Differences machineId={machineId} snapshot={snapshot.id} />
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

function Differences({ machineId, snapshot }: OneSnapshot) {
  const [diff, setDiff] = useState<SnapshotDiff | null>(null);
  useEffect(() => {
    setDiff(null);
    client()
      .call('snapshots.diff', { id: machineId, from: snapshot, to: null })
      // A snapshot that has just gone has no differences.
      .then(setDiff, () => setDiff(null));
  }, [machineId, snapshot]);
  if (diff === null) return null;
  if (diff.settings.length === 0) return <p className="quiet">{t.snapshots.noDifferences}</p>;
  return (
    <>
      <h3>{t.snapshots.differences}</h3>
      <ul className="snapshot-differences">
        {diff.settings.map(({ field, before, after }) => (
          <li key={field}>
            <code>{field}</code> {textOf(before)} → {textOf(after)}
          </li>
        ))}
      </ul>
    </>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return t.snapshots.notSet;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
