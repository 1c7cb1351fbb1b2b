// The serial ports: shown in the console, written to a file, or connected to nothing.

import { Plus, Trash2 } from 'lucide-react';
import { useId } from 'react';
import { MAX_SERIAL_PORTS, type SerialPortConfig } from '../../../shared/machine/config.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Select } from '../../components/choice.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import type { Editing } from './editing.ts';

const KINDS = ['console', 'file', 'none'] as const;

export function SerialSettings({ editing }: { readonly editing: Editing }) {
  const { serial } = editing.settings;
  const put = (index: number, port: SerialPortConfig) => editing.change({ serial: serial.with(index, port) });
  return (
    <>
      <ul className="drive-settings" aria-label={t.settings.sections.serial}>
        {serial.map((port, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a port is its number
          <li key={index} className="drive-setting">
            <Port port={port} number={index + 1} onChange={(next) => put(index, next)} />
            {index === serial.length - 1 && (
              <IconButton
                icon={Trash2}
                label={t.settings.removePort(index + 1)}
                onPress={() => editing.change({ serial: serial.slice(0, -1) })}
              />
            )}
          </li>
        ))}
      </ul>
      <FieldMessages messages={editing.issues.filter(({ field }) => field === 'serial')} />
      {serial.length < MAX_SERIAL_PORTS && (
        <Button icon={Plus} onPress={() => editing.change({ serial: [...serial, { kind: 'none' }] })}>
          {t.settings.addPort}
        </Button>
      )}
    </>
  );
}

interface PortProps {
  readonly port: SerialPortConfig;
  readonly number: number;
  readonly onChange: (port: SerialPortConfig) => void;
}

function Port({ port, number, onChange }: PortProps) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{t.overview.serialPort(number)}</label>
      <Select
        id={id}
        value={port.kind}
        options={KINDS.map((kind) => [kind, t.settings.serialKinds[kind]] as const)}
        onChange={(kind) => onChange(kind === 'file' ? { kind, path: `/tmp/serial${number}.log` } : { kind })}
      />
      {port.kind === 'file' && (
        <input
          className="input monospaced drive-setting-main"
          aria-label={t.settings.serialPath(number)}
          value={port.path}
          onChange={({ target }) => target.value !== '' && onChange({ kind: 'file', path: target.value })}
        />
      )}
    </>
  );
}
