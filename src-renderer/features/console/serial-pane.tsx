// The serial port as a terminal, loaded when it is first wanted.

import {
  ChevronDown,
  ChevronUp,
  ClipboardPaste,
  Copy,
  Eraser,
  type LucideIcon,
  MoveHorizontal,
  Search,
  X,
} from 'lucide-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { Toolbar } from 'react-aria-components';
import type { HostKey } from '../../../shared/rpc/app-contract.ts';
import { IconButton, IconToggle } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';
import { notify, notifyFailure } from '../../state/notices.ts';
import type { ConsoleSession } from './console-session.ts';
import type { SerialTerminal } from './serial-terminal.ts';

interface SerialPaneProps {
  readonly session: ConsoleSession;
  readonly isConnected: boolean;
  readonly hostKey: HostKey;
  /** The host key leaves the terminal. */
  readonly onFree: () => void;
  readonly onClose: () => void;
}

export function SerialPane(props: SerialPaneProps) {
  const place = useRef<HTMLDivElement>(null);
  const [searching, setSearching] = useState(false);
  const { terminal, failed } = useTerminal(place, props, () => setSearching(true));
  const action = (icon: LucideIcon, label: string, run: (terminal: SerialTerminal) => void) => (
    <IconButton icon={icon} label={label} onPress={() => terminal && run(terminal)} />
  );
  if (!props.isConnected) return <p className="serial quiet pad">{t.console.serialAbsent}</p>;
  return (
    <section className="serial" aria-label={t.console.terminal}>
      <Toolbar className="serial-tools" aria-label={t.console.serial}>
        <span className="quiet">{t.console.terminalHint(t.console.hostKeys[props.hostKey])}</span>
        <span className="spring" aria-hidden />
        {searching && terminal && <Find terminal={terminal} />}
        <IconToggle icon={Search} label={t.console.terminalFind} isSelected={searching} onChange={setSearching} />
        {action(Copy, t.console.terminalCopy, (shown) => void copy(shown))}
        {action(ClipboardPaste, t.console.terminalPaste, (shown) => void paste(shown))}
        {action(MoveHorizontal, t.console.terminalResize, (shown) => shown.tellSize())}
        {action(Eraser, t.console.terminalClear, (shown) => shown.clear())}
        <IconButton icon={X} label={t.console.terminalClose} onPress={props.onClose} />
      </Toolbar>
      <div ref={place} className="serial-terminal">
        {failed && <p role="alert">{t.console.terminalFailed}</p>}
        {!terminal && !failed && <p className="quiet">{t.console.terminalLoading}</p>}
      </div>
    </section>
  );
}

function useTerminal(place: RefObject<HTMLDivElement | null>, props: SerialPaneProps, onFind: () => void) {
  const latest = useRef({ props, onFind });
  latest.current = { props, onFind };
  const [terminal, setTerminal] = useState<SerialTerminal | null>(null);
  const [failed, setFailed] = useState(false);
  const { session } = props;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let opened: SerialTerminal | undefined;
    let wanted = true;
    import('./serial-terminal.ts').then(
      ({ SerialTerminal }) => {
        if (!wanted) return;
        opened = new SerialTerminal(element, session, {
          hostKey: () => latest.current.props.hostKey,
          free: () => latest.current.props.onFree(),
          find: () => latest.current.onFind(),
          copy: (shown) => void copy(shown),
        });
        setTerminal(opened);
        opened.focus();
      },
      () => setFailed(true),
    );
    return () => {
      wanted = false;
      opened?.close();
    };
  }, [place, session]);
  return { terminal, failed };
}

function Find({ terminal }: { readonly terminal: SerialTerminal }) {
  const [text, setText] = useState('');
  return (
    <>
      <input
        className="input"
        aria-label={t.console.terminalFind}
        // biome-ignore lint/a11y/noAutofocus: it was just asked for
        autoFocus
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          terminal.find(target.value, 'next', true);
        }}
        onKeyDown={({ key, shiftKey }) => {
          if (key === 'Enter') terminal.find(text, shiftKey ? 'previous' : 'next', false);
          else if (key === 'Escape') terminal.focus();
        }}
      />
      <IconButton
        icon={ChevronUp}
        label={t.console.terminalFindPrevious}
        onPress={() => terminal.find(text, 'previous', false)}
      />
      <IconButton
        icon={ChevronDown}
        label={t.console.terminalFindNext}
        onPress={() => terminal.find(text, 'next', false)}
      />
    </>
  );
}

async function copy(terminal: SerialTerminal): Promise<void> {
  if (terminal.selection === '') return notify({ level: 'warning', message: t.console.terminalNothing });
  try {
    await navigator.clipboard.writeText(terminal.selection);
    notify({ level: 'info', message: t.console.terminalCopied });
  } catch (error) {
    notifyFailure(error);
  }
}

async function paste(terminal: SerialTerminal): Promise<void> {
  terminal.focus();
  try {
    terminal.paste(await navigator.clipboard.readText());
  } catch {
    // Not allowed here; the terminal's own paste needs no permission.
    notify({ level: 'warning', message: t.console.terminalPasteHint });
  }
}
