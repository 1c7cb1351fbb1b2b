// The settings as they are being edited: the draft, what is wrong with it, and whether it differs from what is saved.

import { useMemo, useState } from 'react';
import { defaultSettings, type MachineSettings, type NewDisk, settingsOf } from '../../../shared/machine/config.ts';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import { type ConfigIssue, hasErrors, validateSettings } from '../../../shared/machine/validate.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { saveLabels, saveSettings } from '../../state/machine-actions.ts';
import { messageOf } from '../../state/notices.ts';

export interface Editing {
  readonly settings: MachineSettings;
  /** What a new machine would have. */
  readonly defaults: MachineSettings;
  readonly newDisks: readonly NewDisk[];
  readonly issues: readonly ConfigIssue[];
  readonly isDirty: boolean;
  /** While the machine runs most settings are only shown. */
  readonly isLocked: boolean;
  /** What was changed can be saved now. */
  readonly canSave: boolean;
  readonly hostMemoryMiB: number | undefined;
  readonly problem: string | null;
  readonly isSaving: boolean;
  change(patch: Partial<MachineSettings>): void;
  /** A disk that Save makes; one for each drive. */
  putNewDisk(disk: NewDisk): void;
  save(): Promise<void>;
  discard(): void;
}

export function useEditing(machine: ReadyMachine): Editing {
  const { id, config, state } = machine;
  const machines = useApp((now) => now.machines);
  const hostMemoryMiB = useApp((now) => now.info?.host.memoryMiB);
  const saved = useMemo(() => settingsOf(config), [config]);
  const [patch, setPatch] = useState<Partial<MachineSettings>>({});
  const [newDisks, setNewDisks] = useState<readonly NewDisk[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);
  const settings = useMemo(() => ({ ...saved, ...patch }), [saved, patch]);
  const takenNames = useMemo(
    () => machines.filter((other) => other.id !== id).map(nameOf),
    [machines, id],
  );
  const issues = useMemo(
    () => validateSettings(settings, { hostMemoryMiB, takenNames }),
    [settings, hostMemoryMiB, takenNames],
  );
  const isLocked = !isAllowed('edit', state);
  const discard = () => {
    setPatch({});
    setNewDisks([]);
    setProblem(null);
  };
  return {
    settings,
    defaults: useMemo(() => defaultSettings(config.name), [config.name]),
    newDisks,
    issues,
    isDirty: !isSame(settings, saved),
    isLocked,
    canSave: !isLocked || Object.keys(patch).every(isLive),
    hostMemoryMiB,
    problem,
    isSaving,
    change: (more) => setPatch((now) => ({ ...now, ...more })),
    putNewDisk: (disk) => setNewDisks((all) => [...all.filter(({ drive }) => drive !== disk.drive), disk]),
    async save() {
      if (hasErrors(issues)) return setProblem(issues.find(({ severity }) => severity === 'error')?.message ?? '');
      setSaving(true);
      try {
        const wanted = newDisks.filter(({ drive }) => settings.drives.some((one) => one.id === drive));
        await (isLocked ? saveLabels(id, settings) : saveSettings(id, settings, wanted));
        discard();
      } catch (error) {
        setProblem(messageOf(error));
      } finally {
        setSaving(false);
      }
    },
    discard,
  };
}

/** Settings that a running machine does not notice. */
export function isLive(key: string): boolean {
  return key === 'name' || key === 'guest';
}

/** Plain data in the order it was read. */
export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
