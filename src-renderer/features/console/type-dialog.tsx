// Types text into a machine as keys: what is short and plain at once, anything else after a look at it.

import { useState } from 'react';
import { TextArea, TextField } from 'react-aria-components';
import { MAX_TYPED_CHARACTERS } from '../../../shared/machine/view.ts';
import { untypableIn } from '../../../shared/rpc/typed-text.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { client } from '../../state/client.ts';
import { messageOf, notify, notifyFailure } from '../../state/notices.ts';

/** Longer or of several lines: a look at it first. */
const SHORT = 100;

export interface ToType {
  readonly text: string;
  /** The clipboard could not be read. */
  readonly isRefused: boolean;
}

/** undefined: it is typed. */
export async function typeClipboard(machineId: string): Promise<ToType | undefined> {
  const text = await clipboardText();
  if (text === undefined) return { text: '', isRefused: true };
  if (text === '' || text.length > SHORT || text.includes('\n') || untypableIn(text) !== '')
    return { text, isRefused: false };
  try {
    await client().call('machines.typeText', { id: machineId, text });
    notify({ level: 'info', message: t.console.typed });
  } catch (error) {
    notifyFailure(error, machineId);
  }
  return undefined;
}

async function clipboardText(): Promise<string | undefined> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    // Not allowed, or not here: the user pastes it.
    return undefined;
  }
}

interface TypeDialogProps {
  readonly machineId: string;
  readonly toType: ToType;
  readonly onClose: () => void;
}

export function TypeDialog({ machineId, toType, onClose }: TypeDialogProps) {
  const [text, setText] = useState(toType.text);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const untypable = untypableIn(text);
  const isTooLong = text.length > MAX_TYPED_CHARACTERS;
  const type = async () => {
    setBusy(true);
    try {
      await client().call('machines.typeText', { id: machineId, text });
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  const messages = [
    ...(untypable === '' ? [] : [t.console.untypable(shown(untypable))]),
    ...(isTooLong ? [t.console.tooLong(MAX_TYPED_CHARACTERS)] : []),
    ...(problem === null ? [] : [problem]),
  ].map((message) => ({ severity: 'error' as const, message }));
  return (
    <Dialog title={t.console.typeTitle} onClose={onClose}>
      <div className="dialog-body type-dialog">
        <TextField className="field" value={text} onChange={setText} autoFocus>
          <span className="label">{t.console.typeText}</span>
          <TextArea className="input text-area monospaced" aria-label={t.console.typeText} rows={8} spellCheck={false} />
        </TextField>
        <p className="hint">{toType.isRefused ? t.console.pasteHint : t.console.typeHint}</p>
        <div className="messages" role="alert">
          <FieldMessages messages={messages} />
        </div>
      </div>
      <footer className="dialog-footer">
        <span className="footer-message quiet">{t.console.typeCount(text.length)}</span>
        {untypable !== '' && (
          <Button onPress={() => setText([...text].filter((character) => !untypable.includes(character)).join(''))}>
            {t.console.leaveOut}
          </Button>
        )}
        <Button onPress={onClose}>{t.app.cancel}</Button>
        <Button
          kind="primary"
          isDisabled={text === '' || untypable !== '' || isTooLong}
          isPending={busy}
          onPress={() => void type()}
        >
          {t.console.type}
        </Button>
      </footer>
    </Dialog>
  );
}

function shown(characters: string): string {
  const few = [...characters].slice(0, 12).join(' ');
  return few.length < characters.length ? `${few} …` : few;
}
