// How often a snapshot is taken by the clock, and how many of these are kept.

import { useState } from 'react';
import type { SnapshotSchedule } from '../../../shared/snapshot/snapshot-schedule.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
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
    <Dialog title={t.snapshots.scheduleTitle} onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isGood) onDone(every === NEVER ? null : { everyMinutes: Number(every), keep: count });
        }}
      >
        <div className="dialog-body snapshot-question">
          <p>{t.snapshots.scheduleText}</p>
          <label className="field">
            <span className="label">{t.snapshots.every}</span>
            <select className="input" value={every} onChange={({ target }) => setEvery(target.value)}>
              {choices.map(([minutes, text]) => (
                <option key={minutes} value={minutes}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          {every !== NEVER && (
            <label className="field">
              <span className="label">{t.snapshots.keepCount}</span>
              <input className="input" type="number" min={1} max={500} value={keep} onChange={({ target }) => setKeep(target.value)} />
            </label>
          )}
        </div>
        <footer className="dialog-footer">
          <Button onPress={onClose}>{t.app.cancel}</Button>
          <Button kind="primary" type="submit" isDisabled={!isGood}>
            {t.snapshots.save}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
