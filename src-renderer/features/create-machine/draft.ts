// The form's model: the settings as they would be saved, what is wrong with them, and which fields the user has
// been at, so that an untouched form does not complain and no suggestion replaces what was typed.

import { useMemo, useState } from 'react';
import { defaultSettings, type MachineSettings } from '../../../shared/machine/config.ts';
import { type ConfigIssue, validateSettings } from '../../../shared/machine/validate.ts';
import type { FileReport } from '../../../shared/rpc/app-contract.ts';
import { t } from '../../i18n/strings.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { type FilePurpose, probeFile } from '../../state/files.ts';
import { messageOf } from '../../state/notices.ts';

/** What is known about a chosen file. */
export type Look =
  | { readonly kind: 'looking' }
  | { readonly kind: 'seen'; readonly report: FileReport }
  | { readonly kind: 'failed'; readonly message: string };

export interface Draft {
  readonly settings: MachineSettings;
  readonly issues: readonly ConfigIssue[];
  readonly looks: Readonly<Partial<Record<FilePurpose, Look>>>;
  readonly hostMemoryMiB: number | undefined;
  change(patch: Partial<MachineSettings>): void;
  chooseFile(purpose: FilePurpose, path: string | null): void;
  touch(field: string): void;
  touchAll(): void;
  /** Of one field, once the user has been there. */
  issuesOf(field: string): readonly ConfigIssue[];
}

export function useDraft(): Draft {
  const machines = useApp((state) => state.machines);
  const hostMemoryMiB = useApp((state) => state.info?.host.memoryMiB);
  const [settings, setSettings] = useState(() => defaultSettings(''));
  const [touched, setTouched] = useState<ReadonlySet<string> | 'all'>(new Set());
  const [named, setNamed] = useState(false);
  const [looks, setLooks] = useState<Draft['looks']>({});
  const takenNames = useMemo(() => machines.map(nameOf), [machines]);
  const issues = useMemo(
    () => validateSettings(settings, { hostMemoryMiB, takenNames }),
    [settings, hostMemoryMiB, takenNames],
  );
  const touch = (field: string) => setTouched((all) => (all === 'all' ? all : new Set(all).add(field)));

  const look = async (purpose: FilePurpose, path: string) => {
    setLooks((all) => ({ ...all, [purpose]: { kind: 'looking' } }));
    const seen = await lookAt(path, purpose);
    setLooks((all) => ({ ...all, [purpose]: seen }));
    if (purpose === 'kernel' && seen.kind === 'seen' && !named)
      setSettings((now) => ({ ...now, name: freeName(seen.report, takenNames) }));
  };

  return {
    settings,
    issues,
    looks,
    hostMemoryMiB,
    change(patch) {
      setSettings((now) => ({ ...now, ...patch }));
      if (patch.name !== undefined) {
        setNamed(patch.name !== '');
        if (patch.name !== '') touch('name');
      }
      if (patch.memoryMiB !== undefined) touch('memoryMiB');
      if (patch.boot?.commandLine !== undefined) touch('boot.commandLine');
    },
    chooseFile(purpose, path) {
      setSettings((now) => ({ ...now, boot: { ...now.boot, [purpose]: path } }));
      touch(`boot.${purpose}`);
      if (path === null) setLooks((all) => ({ ...all, [purpose]: undefined }));
      else void look(purpose, path);
    },
    touch,
    touchAll: () => setTouched('all'),
    issuesOf: (field) =>
      touched === 'all' || touched.has(field) ? issues.filter((issue) => issue.field === field) : [],
  };
}

async function lookAt(path: string, purpose: FilePurpose): Promise<Look> {
  try {
    return { kind: 'seen', report: await probeFile(path, purpose) };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

/** A name after the kernel's version that no other machine has. */
function freeName({ version }: FileReport, taken: readonly string[]): string {
  const release = version?.split(' ')[0];
  const base = release ? t.create.suggestedName(release) : t.create.bareName;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base} ${number}`;
    if (!taken.some((other) => other.toLowerCase() === name.toLowerCase())) return name;
  }
}
