// The form's model: the plan, the settings it comes to, what is wrong with them, and which fields the user has been
// at, so that an untouched form does not complain and no suggestion replaces what was typed.

import { useEffect, useMemo, useRef, useState } from 'react';
import type { DiskToMake, MachineSettings, NewDiskFormat } from '../../../shared/machine/config.ts';
import { freeName } from '../../../shared/machine/free-name.ts';
import { type GuestProfile, guestProfile } from '../../../shared/machine/guest-profiles.ts';
import type { ConfigIssue } from '../../../shared/machine/validate.ts';
import type { FileReport } from '../../../shared/rpc/app-contract.ts';
import type { OpenIssue } from '../../components/fields.tsx';
import { useIssues } from '../../components/issues.ts';
import { t } from '../../i18n/strings.ts';
import { machineFolderOf, nameOf, useApp } from '../../state/app-store.ts';
import { type ChosenFile, type MachineFile, probeFile } from '../../state/files.ts';
import { messageOf } from '../../state/notices.ts';
import {
  type DiskChoice,
  emptyPlan,
  newDisksOf,
  type Plan,
  planFor,
  type Source,
  settingsOfPlan,
} from './plan.ts';

/** What is known about a chosen file. */
export type Look =
  | { readonly kind: 'looking' }
  | { readonly kind: 'seen'; readonly report: FileReport }
  | { readonly kind: 'failed'; readonly message: string };

export interface Draft {
  readonly plan: Plan;
  readonly settings: MachineSettings;
  readonly newDisks: DiskToMake[];
  readonly profile: GuestProfile | undefined;
  /** Why this system was chosen, when the user did not. */
  readonly guestReason: FileReport['guest'];
  readonly issues: readonly OpenIssue[];
  readonly looks: Readonly<Partial<Record<MachineFile, Look>>>;
  readonly hostMemoryMiB: number | undefined;
  /** Where the machine's own folder is made. */
  readonly folder: string;
  change(patch: Partial<MachineSettings>): void;
  choose(patch: { source?: Source; diskChoice?: DiskChoice; newDiskGiB?: number; newDiskFormat?: NewDiskFormat; keepImage?: boolean }): void;
  chooseGuest(id: string): void;
  fileOf(purpose: MachineFile): string | null;
  chooseFile(purpose: MachineFile, path: string | null): void;
  chooseFolder(path: string): void;
  touchAll(): void;
  /** Of one field, once the user has been there. */
  issuesOf(field: string): readonly OpenIssue[];
  issuesOfFile(purpose: MachineFile): readonly OpenIssue[];
}

export function useDraft(file?: ChosenFile): Draft {
  const machines = useApp((state) => state.machines);
  const hostMemoryMiB = useApp((state) => state.info?.host.memoryMiB);
  const usualFolder = useApp(machineFolderOf);
  const [folder, chooseFolder] = useState<string>();
  const [plan, setPlan] = useState(emptyPlan);
  const [touched, setTouched] = useState<ReadonlySet<string> | 'all'>(new Set());
  // A look at a file ends later than the user types: it asks what they have been at then, not when it began.
  const entered = useRef({ name: false, touched });
  entered.current.touched = touched;
  const [looks, setLooks] = useState<Draft['looks']>({});
  const [guestReason, setGuestReason] = useState<FileReport['guest']>(null);
  const takenNames = useMemo(() => machines.map(nameOf), [machines]);
  const settings = useMemo(() => settingsOfPlan(plan), [plan]);
  const isTouched = (field: string) => {
    const { touched: now } = entered.current;
    return now === 'all' || now.has(field);
  };
  const touch = (field: string) => setTouched((all) => (all === 'all' ? all : new Set(all).add(field)));
  const change = (patch: Partial<MachineSettings>) => {
    setPlan((now) => ({ ...now, base: { ...now.base, ...patch } }));
    if (patch.name !== undefined) {
      entered.current.name = patch.name !== '';
      if (patch.name !== '') touch('name');
    }
    if (patch.memoryMiB !== undefined) touch('memoryMiB');
    if (patch.cpu !== undefined) touch('cpu');
    if (patch.boot?.commandLine !== undefined) touch('boot.commandLine');
  };
  const issues = useIssues(settings, { hostMemoryMiB, takenNames }, change);
  const suggestName = (base: string) => {
    if (!entered.current.name) setPlan((now) => ({ ...now, base: { ...now.base, name: freeName(base, takenNames) } }));
  };

  const look = async (purpose: MachineFile, path: string) => {
    setLooks((all) => ({ ...all, [purpose]: { kind: 'looking' } }));
    const seen = await lookAt(path, purpose);
    setLooks((all) => ({ ...all, [purpose]: seen }));
    if (seen.kind !== 'seen') return;
    const { guest, version } = seen.report;
    const profile = guestProfile(guest?.profile);
    if (purpose === 'kernel') suggestName(kernelName(version));
    if (purpose === 'disk' && (plan.source === 'disk' || file?.purpose === 'disk')) suggestName(fileName(path));
    if (purpose !== 'cdrom' || profile === undefined) return;
    suggestName(profile.id === 'other' ? fileName(path) : profile.name.replace(/ \(.*\)$/, ''));
    if (isTouched('guest')) return;
    setGuestReason(profile.id === 'other' ? null : guest);
    setPlan((now) => planFor(now, profile, isTouched));
  };

  const chooseFile = (purpose: MachineFile, path: string | null) => {
    setPlan((now) => ({ ...now, files: { ...now.files, [purpose]: path } }));
    touch(`file.${purpose}`);
    if (path === null) setLooks((all) => ({ ...all, [purpose]: undefined }));
    else void look(purpose, path);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the form opens
  useEffect(() => {
    if (!file) return;
    setPlan((now) => ({ ...now, source: file.purpose }));
    chooseFile(file.purpose, file.path);
  }, []);

  return {
    plan,
    settings,
    newDisks: newDisksOf(plan),
    profile: guestProfile(plan.guest),
    guestReason,
    issues,
    looks,
    hostMemoryMiB,
    folder: folder ?? usualFolder,
    chooseFolder,
    change,
    choose(patch) {
      setPlan((now) => ({ ...now, ...patch }));
      if (patch.source === undefined) touch('disk');
    },
    chooseGuest(id) {
      const profile = guestProfile(id);
      touch('guest');
      setGuestReason(null);
      if (profile) setPlan((now) => planFor(now, profile, isTouched));
    },
    fileOf: (purpose) => plan.files[purpose],
    chooseFile,
    touchAll: () => setTouched('all'),
    issuesOf: (field) => (isTouched(field) ? issues.filter((issue) => issue.field === field) : []),
    issuesOfFile: (purpose) =>
      isTouched(`file.${purpose}`) ? issues.filter((issue) => isAbout(issue, purpose, plan.source)) : [],
  };
}

/** Which file field an issue belongs under. */
function isAbout({ field, code }: ConfigIssue, purpose: MachineFile, source: Source): boolean {
  if (code === 'boot.nothing') return purpose === source;
  return field === `boot.${purpose}` || (purpose === 'disk' && field.startsWith('drives.'));
}

async function lookAt(path: string, purpose: MachineFile): Promise<Look> {
  try {
    return { kind: 'seen', report: await probeFile(path, purpose) };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

function kernelName(version: string | null): string {
  const release = version?.split(' ')[0];
  return release ? t.create.suggestedName(release) : t.create.bareName;
}

/** "/images/Debian 12.qcow2" → "Debian 12". */
function fileName(path: string): string {
  const name = path.split(/[/\\]/).at(-1) ?? '';
  return name.replace(/\.[A-Za-z0-9]{1,8}$/, '').slice(0, 60).trim() || t.create.bareName;
}
