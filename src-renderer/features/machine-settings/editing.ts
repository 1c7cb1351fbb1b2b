// The settings as they are being edited: the draft, what is wrong with it, and whether it differs from what is saved.

import { useCallback, useMemo, useState } from 'react';
import { defaultSettings, type MachineSettings, type NewDisk, settingsOf } from '../../../shared/machine/config.ts';
import { isSame, withPending } from '../../../shared/machine/pending-settings.ts';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import type { OpenIssue } from '../../components/fields.tsx';
import { useIssues } from '../../components/issues.ts';
import { said } from '../../i18n/strings.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { saveSettings } from '../../state/machine-actions.ts';
import { messageOf } from '../../state/notices.ts';

export interface Editing {
  readonly settings: MachineSettings;
  /** What a new machine would have. */
  readonly defaults: MachineSettings;
  readonly newDisks: readonly NewDisk[];
  readonly issues: readonly OpenIssue[];
  readonly isDirty: boolean;
  /** The machine runs or has a saved state: drives are only shown, and most settings wait until it is off. */
  readonly isLocked: boolean;
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
  const { id, config, state, pending } = machine;
  const machines = useApp((now) => now.machines);
  const hostMemoryMiB = useApp((now) => now.info?.host.memoryMiB);
  const saved = useMemo(() => withPending(settingsOf(config), pending), [config, pending]);
  const [patch, setPatch] = useState<Partial<MachineSettings>>({});
  const [newDisks, setNewDisks] = useState<readonly NewDisk[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);
  const settings = useMemo(() => ({ ...saved, ...patch }), [saved, patch]);
  const takenNames = useMemo(
    () => machines.filter((other) => other.id !== id).map(nameOf),
    [machines, id],
  );
  const change = useCallback((more: Partial<MachineSettings>) => setPatch((now) => ({ ...now, ...more })), []);
  const issues = useIssues(settings, { hostMemoryMiB, takenNames }, change);
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
    hostMemoryMiB,
    problem,
    isSaving,
    change,
    putNewDisk: (disk) => setNewDisks((all) => [...all.filter(({ drive }) => drive !== disk.drive), disk]),
    async save() {
      const fault = issues.find(({ severity }) => severity === 'error');
      if (fault) return setProblem(said(fault));
      setSaving(true);
      try {
        const wanted = newDisks.filter(({ drive }) => settings.drives.some((one) => one.id === drive));
        await saveSettings(id, settings, wanted);
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
