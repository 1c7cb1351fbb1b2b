// The serial port: what the guest wrote to it and a line to send.

import { CornerDownLeft } from 'lucide-react';
import { useState } from 'react';
import { Input, TextField } from 'react-aria-components';
import { useStore } from 'zustand';
import { Button } from '../../components/button.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { t } from '../../i18n/strings.ts';
import type { ConsoleSession } from './console-session.ts';

interface SerialPaneProps {
  readonly session: ConsoleSession;
  readonly isConnected: boolean;
}

export function SerialPane({ session, isConnected }: SerialPaneProps) {
  const text = useStore(session.state, (state) => state.serial);
  const [line, setLine] = useState('');
  if (!isConnected) return <p className="serial quiet pad">{t.console.serialAbsent}</p>;
  return (
    <section className="serial" aria-label={t.console.serial}>
      <ScrollBox className="serial-text" role="log" label={t.console.serialOutput}>
        {text === '' ? <span className="quiet">{t.console.serialEmpty}</span> : text}
      </ScrollBox>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          session.sendSerial(`${line}\r`);
          setLine('');
        }}
      >
        <TextField aria-label={t.console.serialInput} value={line} onChange={setLine} autoComplete="off">
          <Input className="input monospaced" placeholder={t.console.serialPlaceholder} spellCheck={false} />
        </TextField>
        <Button icon={CornerDownLeft} type="submit">
          {t.console.serialSend}
        </Button>
      </form>
    </section>
  );
}
