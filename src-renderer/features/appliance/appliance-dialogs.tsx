// Importing and exporting machines: what a file brings and what would be left out, before anything is done.

import { type ReactNode, useEffect, useState } from 'react';
import { APPLIANCE_KINDS, type ApplianceKind, type ApplianceNote, type ApplianceSummary, applianceKindOf } from '../../../shared/appliance/appliance-view.ts';
import { guestProfile } from '../../../shared/machine/guest-profiles.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { SelectField } from '../../components/choice.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { FieldMessages, TextField, Tick } from '../../components/fields.tsx';
import { PlaceField } from '../../components/place-field.tsx';
import { guestText, t } from '../../i18n/strings.ts';
import { machineFolderOf, useApp } from '../../state/app-store.ts';
import { closeAppliance, exportMachine, importMachine, inspectImport, useAppliances } from '../../state/appliances.ts';
import { isAbsolute } from '../../state/files.ts';
import { messageOf } from '../../state/notices.ts';

export function ApplianceDialogs() {
  const open = useAppliances((state) => state.open);
  if (open === null) return null;
  return open.kind === 'import' ? <ImportDialog key={open.path} path={open.path} /> : <ExportDialog key={open.machine.id} machine={open.machine} />;
}

function ImportDialog({ path }: { readonly path: string }) {
  const [system, setSystem] = useState<string>();
  const [summary, setSummary] = useState<ApplianceSummary | string | null>(null);
  const [name, setName] = useState<string | null>(null);
  const [group, setGroup] = useState('');
  const usualFolder = useApp(machineFolderOf);
  const [folder, setFolder] = useState<string>();
  const [keepIdentity, setKeepIdentity] = useState(false);
  const [unverified, setUnverified] = useState(false);
  useEffect(() => {
    let alive = true;
    const show = (found: ApplianceSummary | string) => {
      if (alive) setSummary(found);
    };
    inspectImport(path, system).then(show, (error: unknown) => show(messageOf(error)));
    return () => {
      alive = false;
    };
  }, [path, system]);
  const found = typeof summary === 'object' ? summary : null;
  const submit = () => {
    closeAppliance();
    void importMachine({ path, system, name: (name ?? '').trim(), group: group.trim(), folder: folder ?? usualFolder, keepIdentity, verify: !unverified });
  };
  return (
    <FormDialog title={t.appliance.importTitle} size="large" action={t.appliance.import} isReady={found !== null} onClose={closeAppliance} onSubmit={submit}>
      <p className="monospaced appliance-path" title={path}>
        <bdi>{path}</bdi>
      </p>
      {summary === null && <p className="quiet">{t.appliance.looking}</p>}
      {typeof summary === 'string' && <FieldMessages messages={[{ severity: 'error', message: summary }]} />}
      {found && (
        <>
          {found.systems.length > 1 && <SystemChoice summary={found} value={system} onChange={setSystem} />}
          <TextField label={t.appliance.name} value={name ?? found.name} onChange={setName} maxLength={80} autoFocus />
          <TextField label={t.appliance.group} hint={t.appliance.groupHint} value={group} onChange={setGroup} maxLength={40} />
          <PlaceField path={folder ?? usualFolder} onChange={setFolder} />
          {found.kind === 'bundle' && <Tick label={t.appliance.keepIdentity} hint={t.appliance.keepIdentityHint} value={keepIdentity} onChange={setKeepIdentity} />}
          {found.checksums !== 'none' && <Tick label={t.appliance.noVerify} value={unverified} onChange={setUnverified} />}
          <Facts summary={found} />
          <Notes notes={found.notes} />
        </>
      )}
    </FormDialog>
  );
}

interface SystemChoiceProps {
  readonly summary: ApplianceSummary;
  readonly value: string | undefined;
  readonly onChange: (id: string) => void;
}

function SystemChoice({ summary: { systems }, value, onChange }: SystemChoiceProps) {
  return (
    <SelectField label={t.appliance.system} value={value ?? systems[0]?.id ?? ''} options={systems.map(({ id, name }) => [id, name])} onChange={onChange} />
  );
}

function Facts({ summary }: { readonly summary: ApplianceSummary }) {
  const { format, description, guest, memoryMiB, disks, snapshots, checksums, needsBytes } = summary;
  const size = (bytes: number | null) => (bytes === null || bytes === 0 ? null : formatBytes(bytes));
  return (
    <section aria-label={t.appliance.holds}>
      <h3>{t.appliance.from(format)}</h3>
      <dl className="appliance-facts">
        {description !== '' && (
          <Fact name={t.settings.rows.description.label}>
            <span className="lines">{description}</span>
          </Fact>
        )}
        <Fact name={t.appliance.guest}>{guestText(guestProfile(guest)?.name ?? guest)}</Fact>
        <Fact name={t.appliance.memory}>{`${memoryMiB} MiB`}</Fact>
        <Fact name={t.appliance.disks}>
          {disks.length === 0 ? t.appliance.noDisks : disks.map(({ drive, name, virtualBytes, packedBytes }) => <span key={drive}>{t.appliance.disk(name, size(virtualBytes), size(packedBytes))}</span>)}
        </Fact>
        {snapshots > 0 && <Fact name={t.appliance.snapshots}>{snapshots}</Fact>}
        <Fact name={t.appliance.checksums}>{t.appliance.checksumNames[checksums]}</Fact>
        <Fact name={t.appliance.needs}>{t.appliance.atLeast(formatBytes(needsBytes))}</Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Notes({ notes }: { readonly notes: readonly ApplianceNote[] }) {
  return (
    <section aria-label={t.appliance.notes}>
      <h3>{t.appliance.notes}</h3>
      {notes.length === 0 ? (
        <p className="quiet">{t.appliance.noNotes}</p>
      ) : (
        <ul className="appliance-notes">
          {notes.map(({ level, text }) => (
            <li key={text} data-level={level}>
              {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const ENDINGS: Readonly<Record<ApplianceKind, string>> = { bundle: 'boxwright', ova: 'ova', ovf: 'ovf' };

function ExportDialog({ machine: { id, config } }: { readonly machine: ReadyMachine }) {
  const folder = useApp((state) => state.info?.dataFolder ?? '');
  const [kind, setKind] = useState<ApplianceKind>('bundle');
  const [typed, setTyped] = useState<string | null>(null);
  const [withMedia, setWithMedia] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const path = typed ?? `${folder}/${id}.${ENDINGS[kind]}`;
  const choose = (next: ApplianceKind) => {
    setKind(next);
    if (typed !== null && applianceKindOf(typed) !== undefined) setTyped(typed.replace(/\.[a-z]+$/i, `.${ENDINGS[next]}`));
  };
  const submit = () => {
    if (!isAbsolute(path)) return setProblem(t.media.form.absolute);
    closeAppliance();
    void exportMachine({ id, path, kind, snapshot: null, withMedia });
  };
  return (
    <FormDialog title={t.appliance.exportTitle(config.name)} action={t.appliance.export} onClose={closeAppliance} onSubmit={submit}>
      <div role="radiogroup" aria-label={t.media.form.format} className="clone-kinds">
        {APPLIANCE_KINDS.map((one) => (
          <label key={one} className="inline-check">
            <input type="radio" name="kind" value={one} checked={one === kind} onChange={() => choose(one)} />
            <span>
              <strong>{t.appliance.kinds[one].name}</strong> <span className="quiet">{t.appliance.kinds[one].text}</span>
            </span>
          </label>
        ))}
      </div>
      <TextField label={t.appliance.file} value={path} onChange={setTyped} isMonospaced autoFocus />
      {kind === 'bundle' && <Tick label={t.appliance.withMedia} value={withMedia} onChange={setWithMedia} />}
      {problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}
    </FormDialog>
  );
}
