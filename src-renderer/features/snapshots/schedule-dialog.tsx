// How often a snapshot is taken by the clock, and how many of these are kept.

import { useState } from 'react';
import type { SnapshotSchedule } from '../../../shared/snapshot/snapshot-schedule.ts';
import { SelectField } from '../../components/choice.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { t } from '../../i18n/strings.ts';

interface ScheduleDialogProps {
  readonly schedule: SnapshotSchedule | null;
  readonly onClose: () => void;
  readonly onDone: (schedule: SnapshotSchedule | null) => void;
}

const NEVER = 'off';

export function ScheduleDialog({ schedule, onClose, onDone }: ScheduleDialogProps) {
  const [every, setEvery] = useState(schedule === null ? NEVER : String(schedule.everyMinutes));
  const [keep, setKeep] = useState(String(schedule?.keep ?? 10));
  const count = Number(keep);
  const isGood = every === NEVER || (Number.isInteger(count) && count >= 1 && count <= 500);
  const known: Readonly<Record<string, string>> = t.snapshots.intervals;
  const own = every in known ? [] : [[every, t.snapshots.otherInterval(Number(every))] as const];
  const choices = [...Object.entries(known).sort(([a], [b]) => (a === NEVER ? -1 : b === NEVER ? 1 : Number(a) - Number(b))), ...own];
  return (
    <FormDialog
      title={t.snapshots.scheduleTitle}
      action={t.snapshots.save}
      isReady={isGood}
      onClose={onClose}
      onSubmit={() => onDone(every === NEVER ? null : { everyMinutes: Number(every), keep: count })}
    >
      <p>{t.snapshots.scheduleText}</p>
      <SelectField label={t.snapshots.every} value={every} options={choices} onChange={setEvery} />
      {every !== NEVER && (
        <label className="field">
          <span className="label">{t.snapshots.keepCount}</span>
          <input className="input" type="number" min={1} max={500} value={keep} onChange={({ target }) => setKeep(target.value)} />
        </label>
      )}
    </FormDialog>
  );
}
