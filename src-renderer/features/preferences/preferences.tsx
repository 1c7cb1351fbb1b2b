// The preferences: what holds for the whole application, each with its default and the way back to it.

import { type ReactNode, useState } from 'react';
import { CLOSE_ACTIONS, HOST_KEYS, type Preferences as Values } from '../../../shared/rpc/app-contract.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { Select } from '../../components/choice.tsx';
import { SearchField } from '../../components/fields.tsx';
import { FolderField } from '../../components/folder-field.tsx';
import { Setting } from '../../components/setting.tsx';
import { hasWords } from '../../i18n/has-words.ts';
import { t } from '../../i18n/strings.ts';
import { changePreferences, useApp } from '../../state/app-store.ts';

type Changeable = keyof typeof t.preferences.rows;
type Ids = { readonly control: string; readonly note: string };

interface Row<K extends Changeable = Changeable> {
  readonly key: K;
  readonly initial: Values[K];
  readonly control: (value: Values[K], ids: Ids, change: (value: Values[K]) => void) => ReactNode;
}

/** Keeps a row's key, default and control of one type. */
function row<K extends Changeable>(key: K, initial: Values[K], control: Row<K>['control']) {
  return {
    key,
    isDefault: (values: Values) => values[key] === initial,
    reset: () => void changePreferences({ [key]: initial }),
    draw: (values: Values, ids: Ids) => control(values[key], ids, (value) => void changePreferences({ [key]: value })),
  };
}

function choice<T extends string>(options: Readonly<Record<T, string>>, order: readonly T[]) {
  return (value: T, { control, note }: Ids, change: (value: T) => void) => (
    <Select id={control} note={note} value={value} options={order.map((key) => [key, options[key]] as const)} onChange={change} />
  );
}

const SECTIONS = [
  {
    key: 'window',
    rows: [
      row('theme', 'system', choice(t.app.themes, ['system', 'light', 'dark'])),
      row('language', 'system', choice(t.app.languages, ['system', 'en', 'zh-CN'])),
      row('thumbnails', true, (value, { control, note }, change) => (
        <input id={control} type="checkbox" aria-describedby={note} checked={value} onChange={({ target }) => change(target.checked)} />
      )),
    ],
  },
  {
    key: 'console',
    rows: [
      row('consoleScaling', 'fit', choice(t.console.scalings, ['none', 'integer', 'fit'])),
      row('hostKey', 'ControlRight', choice(t.console.hostKeys, HOST_KEYS)),
    ],
  },
  {
    key: 'machines',
    rows: [
      row('memoryReserveMiB', 256, (value, { control, note }, change) => (
        <MemoryField key={value} id={control} note={note} value={value} onChange={change} />
      )),
      row('machineFolder', null, (value, { control, note }, change) => <MachineFolder id={control} note={note} value={value} onChange={change} />),
      row('closeAction', 'ask', choice(t.console.closeActions, CLOSE_ACTIONS)),
    ],
  },
] as const;

export function Preferences() {
  const values = useApp((state) => state.preferences);
  const host = useApp((state) => state.info);
  const [wanted, setWanted] = useState('');
  if (!values) return null;
  const { rows: texts } = t.preferences;
  const shown = SECTIONS.map(({ key, rows }) => ({
    key,
    rows: rows.filter(({ key: name }) => hasWords(({ preferences: { sections, rows: all } }) => [sections[key], all[name].label, all[name].hint ?? ''].join(' '), wanted)),
  })).filter(({ rows }) => rows.length > 0);
  return (
    <div className="global-page">
      <header className="page-header">
        <div className="page-title">
          <h1>{t.preferences.title}</h1>
        </div>
        <div className="media-tools">
          <SearchField label={t.preferences.search} clearLabel={t.list.clearSearch} value={wanted} onChange={setWanted} />
        </div>
      </header>
      <div className="media-body">
        <div className="settings">
          {shown.length === 0 && <p className="quiet">{t.settings.nothingFound(wanted)}</p>}
          {shown.map(({ key, rows }) => (
            <section key={key} className="card" aria-labelledby={`preferences-${key}`}>
              <h2 id={`preferences-${key}`}>{t.preferences.sections[key]}</h2>
              {rows.map((one) => (
                <Setting
                  key={one.key}
                  row={one.key}
                  label={texts[one.key].label}
                  hint={texts[one.key].hint}
                  isDefault={one.isDefault(values)}
                  onReset={one.reset}
                >
                  {(ids) => one.draw(values, ids)}
                </Setting>
              ))}
            </section>
          ))}
          {host && wanted.trim() === '' && (
            <p className="quiet">
              {t.preferences.dataFolder}: <code>{host.dataFolder}</code> · {t.create.memoryOfHost(formatBytes(host.host.memoryMiB * MIB))}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

interface MachineFolderProps {
  readonly id: string;
  readonly note: string;
  readonly value: string | null;
  readonly onChange: (value: string) => void;
}

function MachineFolder({ id, note, value, onChange }: MachineFolderProps) {
  const own = useApp((state) => state.info?.machineFolder ?? '');
  return <FolderField id={id} note={note} label={t.preferences.rows.machineFolder.label} path={value ?? own} onChange={onChange} />;
}

interface MemoryFieldProps {
  readonly id: string;
  readonly note: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** Takes effect when the field is left: half a number is not meant. */
function MemoryField({ id, note, value, onChange }: MemoryFieldProps) {
  return (
    <span className="with-unit">
      <input
        id={id}
        className="input"
        type="number"
        min={0}
        max={1024 * 1024}
        step={64}
        aria-describedby={note}
        defaultValue={value}
        onBlur={({ target }) => {
          const wanted = Math.round(target.valueAsNumber);
          if (wanted >= 0 && wanted <= 1024 * 1024) onChange(wanted);
          else target.value = String(value);
        }}
      />
      {t.create.memoryUnit}
    </span>
  );
}
