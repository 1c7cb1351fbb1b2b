// A connected console: tools above, screen in the middle, serial port and status below.

import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';
import { changePreferences, useApp } from '../../state/app-store.ts';
import { notify, notifyFailure } from '../../state/notices.ts';
import { ConsoleSession } from './console-session.ts';
import { ConsoleTools } from './console-tools.tsx';
import { Screen, type ScreenCommands } from './screen.tsx';
import { textOf } from './screen-text.tsx';
import { SerialPane } from './serial-pane.tsx';
import { StatusLine } from './status-line.tsx';

interface Connected {
  readonly session: ConsoleSession;
  readonly canvas: HTMLCanvasElement;
}

const CTRL_ALT_DEL = ['ControlLeft', 'AltLeft', 'Delete'];

export function ConsoleView({ machine }: { readonly machine: ReadyMachine }) {
  const [attempt, setAttempt] = useState(0);
  const connected = useConnection(machine.id, attempt);
  if (!connected) return <p className="quiet pad">{t.console.connecting}</p>;
  return <Connected machine={machine} {...connected} onReconnect={() => setAttempt(attempt + 1)} />;
}

/** A canvas is given to its worker for good, so each connection has one of its own. */
function useConnection(machineId: string, attempt: number): Connected | null {
  const [connected, setConnected] = useState<Connected | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another connection
  useEffect(() => {
    const canvas = document.createElement('canvas');
    const session = new ConsoleSession(machineId, canvas);
    setConnected({ session, canvas });
    return () => {
      session.close();
      setConnected(null);
    };
  }, [machineId, attempt]);
  return connected;
}

interface ConnectedProps extends Connected {
  readonly machine: ReadyMachine;
  readonly onReconnect: () => void;
}

function Connected({ machine, session, canvas, onReconnect }: ConnectedProps) {
  const { config, state } = machine;
  const whole = useRef<HTMLDivElement>(null);
  const tools = useRef<HTMLButtonElement>(null);
  const commands = useRef<ScreenCommands | null>(null);
  const scaling = useApp(({ preferences }) => preferences?.consoleScaling ?? 'fit');
  const connection = useStore(session.state, (now) => now.connection);
  const problem = useStore(session.state, (now) => now.problem);
  const [keyboard, setKeyboard] = useState(false);
  const [pointer, setPointer] = useState(false);
  const [selecting, setSelecting] = useState(false);
  const [serial, setSerial] = useState(false);

  const sendCtrlAltDel = () => commands.current?.chord(CTRL_ALT_DEL);
  const toggleFullScreen = () => void switchFullScreen(whole.current).catch(notifyFailure);
  const copy = () => void copyScreen(session).catch(notifyFailure);
  const shortcut = (code: string) => {
    if (code === 'KeyF') toggleFullScreen();
    else if (code === 'Delete') sendCtrlAltDel();
    else return false;
    return true;
  };

  return (
    <div ref={whole} className="console">
      <ConsoleTools
        focusTarget={tools}
        scaling={scaling}
        onScaling={(next) => void changePreferences({ consoleScaling: next })}
        isSelecting={selecting}
        onSelecting={setSelecting}
        isSerialShown={serial}
        onSerial={setSerial}
        onCtrlAltDel={() => {
          sendCtrlAltDel();
          commands.current?.focus();
        }}
        onCopy={copy}
        onPointer={() => commands.current?.capturePointer()}
        onFullScreen={toggleFullScreen}
      />
      <div className="screen-area">
        <Screen
          name={config.name}
          session={session}
          canvas={canvas}
          scaling={scaling}
          isSelecting={selecting}
          commands={commands}
          onKeyboard={setKeyboard}
          onPointer={setPointer}
          onFree={() => tools.current?.focus()}
          onCopy={copy}
          onShortcut={shortcut}
        />
        {pointer && <p className="screen-banner">{t.console.pointerBanner}</p>}
        {state === 'paused' && <p className="screen-banner">{t.console.pausedBanner}</p>}
        {connection === 'closed' && state !== 'stopping' && (
          <div className="screen-banner" role="alert">
            <span>{problem ?? t.console.closed}</span>
            <Button onPress={onReconnect}>{t.console.reconnect}</Button>
          </div>
        )}
      </div>
      {serial && (
        <SerialPane session={session} isConnected={config.serial.some(({ kind }) => kind === 'console')} />
      )}
      <StatusLine machine={machine} session={session} isKeyboardCaptured={keyboard} />
    </div>
  );
}

async function copyScreen(session: ConsoleSession): Promise<void> {
  const { text } = session.state.getState();
  if (!text) return notify({ level: 'warning', message: t.console.nothingToCopy });
  await navigator.clipboard.writeText(textOf(text));
  notify({ level: 'info', message: t.console.copied });
}

/** In full screen the browser also gives up its own shortcuts, where it can. */
async function switchFullScreen(element: HTMLElement | null): Promise<void> {
  const { keyboard } = navigator as Navigator & {
    readonly keyboard?: { lock(): Promise<void>; unlock(): void };
  };
  if (document.fullscreenElement) {
    keyboard?.unlock();
    return document.exitFullscreen();
  }
  await element?.requestFullscreen();
  await keyboard?.lock();
}
