// What is wrong with the settings that a form holds, and what would put it right there.

import { useMemo } from 'react';
import type { MachineSettings } from '../../shared/machine/config.ts';
import { fixOf } from '../../shared/machine/fixes.ts';
import { type ValidationFacts, validateSettings } from '../../shared/machine/validate.ts';
import type { OpenIssue } from './fields.tsx';

export function useIssues(
  settings: MachineSettings,
  { hostMemoryMiB, takenNames }: ValidationFacts,
  change: (patch: Partial<MachineSettings>) => void,
): readonly OpenIssue[] {
  return useMemo(() => {
    const facts = { hostMemoryMiB, takenNames };
    return validateSettings(settings, facts).map((issue) => {
      const fix = fixOf(issue, settings, facts);
      return { ...issue, fix: fix && { label: fix.label, apply: () => change(fix.change) } };
    });
  }, [settings, hostMemoryMiB, takenNames, change]);
}
