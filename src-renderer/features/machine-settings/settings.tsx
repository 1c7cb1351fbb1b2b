// The settings of a machine: sections of rows, found by their words, changed together by "Save".

import { Info, SearchX } from 'lucide-react';
import { useState } from 'react';
import { settingsOf } from '../../../shared/machine/config.ts';
import { isSame, LIVE_KEYS } from '../../../shared/machine/pending-settings.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { FieldMessages, SearchField } from '../../components/fields.tsx';
import { hasWords } from '../../i18n/has-words.ts';
import { t } from '../../i18n/strings.ts';
import { type Editing, useEditing } from './editing.ts';
import { FIELDS, ROWS, type Row, SECTIONS, type Section } from './rows.tsx';
import { SerialSettings } from './serial-settings.tsx';
import { Setting } from '../../components/setting.tsx';
import { saveSettings } from '../../state/machine-actions.ts';
import { notifyFailure } from '../../state/notices.ts';
import { Storage } from './storage.tsx';

export function Settings({ machine }: { readonly machine: ReadyMachine }) {
  const editing = useEditing(machine);
  const [wanted, setWanted] = useState('');
  const sections = SECTIONS.filter((section) => isFound(section, wanted, editing));
  return (
    <div className="settings">
      <div className="settings-top">
        <SearchField label={t.settings.search} clearLabel={t.list.clearSearch} value={wanted} onChange={setWanted} />
        {editing.isLocked && (
          <p className="hint">
            <Info aria-hidden /> {machine.state === 'saved' ? t.settings.lockedBySaved : t.settings.locked}
          </p>
        )}
        {machine.pending && <Button onPress={() => void forgetPending(machine)}>{t.settings.forgetPending}</Button>}
      </div>
      {sections.map((section) => (
        <SectionCard key={section} machine={machine} section={section} wanted={wanted} editing={editing} />
      ))}
      {sections.length === 0 && (
        <p className="quiet">
          <SearchX aria-hidden /> {t.settings.nothingFound(wanted)}
        </p>
      )}
      {editing.isDirty && <SaveBar editing={editing} />}
    </div>
  );
}

interface SectionProps {
  readonly machine: ReadyMachine;
  readonly section: Section;
  readonly wanted: string;
  readonly editing: Editing;
}

function SectionCard({ machine, section, wanted, editing }: SectionProps) {
  const heading = `settings-${section}`;
  return (
    <section className="card" aria-labelledby={heading}>
      <h2 id={heading}>{t.settings.sections[section]}</h2>
      {rowsOf(section, wanted, editing).map((row) => (
        <RowSetting key={row.key} row={row} machine={machine} editing={editing} />
      ))}
      {section === 'storage' && <Storage machineId={machine.id} state={machine.state} editing={editing} />}
      {section === 'serial' && <SerialSettings editing={editing} />}
      {section === 'serial' && editing.isLocked && <p className="chip">{t.settings.afterRestart}</p>}
    </section>
  );
}

/** Undefined: what is chosen holds at once. */
function chipOf(row: Row, machine: ReadyMachine, { isLocked, settings }: Editing): string | undefined {
  if (!isLocked || LIVE_KEYS.some((key) => key === row.key)) return undefined;
  return isSame(row.value(settings), row.value(machine.config)) ? t.settings.afterRestart : t.settings.waitsForRestart;
}

interface RowSettingProps {
  readonly row: Row;
  readonly machine: ReadyMachine;
  readonly editing: Editing;
}

function RowSetting({ row, machine, editing }: RowSettingProps) {
  const { settings, defaults, issues } = editing;
  const { label, hint } = t.settings.rows[row.key];
  const field = FIELDS[row.key] ?? row.key;
  return (
    <Setting
      row={row.key}
      label={label}
      hint={hint}
      issues={issues.filter((issue) => issue.field === field)}
      isDefault={row.reset === undefined || isSame(row.value(settings), row.value(defaults))}
      chip={chipOf(row, machine, editing)}
      onReset={() => row.reset && editing.change(row.reset(settings, defaults))}
    >
      {({ control, note }) => row.control({ id: control, note, editing })}
    </Setting>
  );
}

async function forgetPending({ id, config }: ReadyMachine): Promise<void> {
  try {
    await saveSettings(id, settingsOf(config), []);
  } catch (error) {
    notifyFailure(error, id);
  }
}

function SaveBar({ editing }: { readonly editing: Editing }) {
  return (
    <footer className="save-bar">
      <div role="alert" className="footer-message">
        {editing.problem && <FieldMessages messages={[{ severity: 'error', message: editing.problem }]} />}
      </div>
      <Button onPress={editing.discard}>{t.settings.discard}</Button>
      <Button kind="primary" isPending={editing.isSaving} onPress={() => void editing.save()}>
        {t.settings.save}
      </Button>
    </footer>
  );
}

function rowsOf(section: Section, wanted: string, { settings }: Editing): Row[] {
  const inSection = ROWS.filter((row) => row.section === section && (row.applies?.(settings) ?? true));
  if (hasWords(({ settings }) => settings.sections[section], wanted)) return inSection;
  return inSection.filter(({ key }) => hasWords(({ settings }) => `${settings.rows[key].label} ${settings.rows[key].hint ?? ''}`, wanted));
}

function isFound(section: Section, wanted: string, editing: Editing): boolean {
  if (section === 'storage' || section === 'serial')
    return hasWords((texts) => `${texts.settings.sections[section]} ${texts.settings[`${section}Words`]}`, wanted);
  return rowsOf(section, wanted, editing).length > 0;
}
