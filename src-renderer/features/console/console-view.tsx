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
import { detach } from './detached.ts';
import { switchFullScreen, useFullScreen } from './full-screen.ts';
import { COMBOS } from './key-combos.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { Screen, type ScreenCommands } from './screen.tsx';
import { textOf } from './screen-text.tsx';
import { copyScreenshot, saveScreenshot } from './screenshot.ts';
import { SerialPane } from './serial-pane.tsx';
import { StatusLine } from './status-line.tsx';
import { type ToType, TypeDialog, typeClipboard } from './type-dialog.tsx';

interface Connected {
  readonly session: ConsoleSession;
  readonly canvas: HTMLCanvasElement;
}

interface ConsoleViewProps {
  readonly machine: ReadyMachine;
  readonly isOwnWindow: boolean;
}

export function ConsoleView(props: ConsoleViewProps) {
  const [attempt, setAttempt] = useState(0);
  const connected = useConnection(props.machine.id, attempt);
  if (!connected) return <p className="quiet pad">{t.console.connecting}</p>;
  return <Connected {...props} {...connected} onReconnect={() => setAttempt(attempt + 1)} />;
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

interface ConnectedProps extends Connected, ConsoleViewProps {
  readonly onReconnect: () => void;
}

function Connected({ machine, isOwnWindow, session, canvas, onReconnect }: ConnectedProps) {
  const { config, id, state } = machine;
  const whole = useRef<HTMLDivElement>(null);
  const tools = useRef<HTMLButtonElement>(null);
  const commands = useRef<ScreenCommands | null>(null);
  const scaling = useApp(({ preferences }) => preferences?.consoleScaling ?? 'fit');
  const hostKey = useApp(({ preferences }) => preferences?.hostKey ?? 'ControlRight');
  const [keyboard, setKeyboard] = useState(false);
  // The host key has freed the keyboard: Tab leads past the screen, to what is below it.
  const [isPassed, setPassed] = useState(false);
  const [pointer, setPointer] = useState(false);
  const [selecting, setSelecting] = useState(false);
  const [serial, setSerial] = useState(false);
  const [dialog, setDialog] = useState<'keys' | ToType | null>(null);
  const isFull = useFullScreen();
  const [miniTools, setMiniTools] = useMiniTools(isFull);

  const send = (keys: readonly string[]) => {
    commands.current?.chord(keys);
    afterMenu(() => commands.current?.focus());
  };
  const free = () => {
    setMiniTools(true);
    setPassed(true);
    tools.current?.focus();
  };
  const toggleFullScreen = () => void switchFullScreen().catch(notifyFailure);
  const copy = () => void copyScreen(session).catch(notifyFailure);
  const type = () => {
    void typeClipboard(id).then((left) => {
      if (left) setDialog(left);
      else commands.current?.focus();
    });
  };
  const screenshot = (to: 'file' | 'clipboard') =>
    void (to === 'file' ? saveScreenshot(id, config.name) : copyScreenshot(id));
  const ownWindow = isOwnWindow
    ? undefined
    : () => detach(id, whole.current?.clientWidth ?? 1024, (whole.current?.clientHeight ?? 700) + 60);
  const shortcuts: Readonly<Record<string, () => void>> = {
    KeyF: toggleFullScreen,
    Home: free,
    Delete: () => commands.current?.chord(COMBOS['ctrl-alt-del']),
    KeyE: () => screenshot('file'),
    KeyV: type,
    ...(ownWindow ? { KeyD: ownWindow } : {}),
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches where the focus goes
    <div
      ref={whole}
      className="console"
      data-full={isFull || undefined}
      onFocus={({ target }) => tools.current?.parentElement?.contains(target) || setPassed(false)}
    >
      <ConsoleTools
        name={config.name}
        focusTarget={tools}
        isFull={isFull}
        isShown={miniTools}
        scaling={scaling}
        onScaling={(next) => void changePreferences({ consoleScaling: next })}
        isSelecting={selecting}
        onSelecting={setSelecting}
        isSerialShown={serial}
        onSerial={setSerial}
        onSend={send}
        onEditKeys={() => setDialog('keys')}
        onType={type}
        onCopy={copy}
        onScreenshot={screenshot}
        onPointer={() => commands.current?.capturePointer()}
        onFullScreen={toggleFullScreen}
        onOwnWindow={ownWindow}
      />
      <div className="screen-area">
        <Screen
          name={config.name}
          hostKey={hostKey}
          session={session}
          canvas={canvas}
          scaling={scaling}
          isSelecting={selecting}
          isFull={isFull}
          isPassed={isPassed}
          commands={commands}
          onKeyboard={(captured) => {
            setKeyboard(captured);
            if (captured) setMiniTools(false);
          }}
          onPointer={setPointer}
          onFree={free}
          onCopy={copy}
          onShortcut={(code) => {
            shortcuts[code]?.();
            return code in shortcuts;
          }}
        />
        <Banner machine={machine} session={session} pointer={pointer} isFull={isFull} onReconnect={onReconnect} />
      </div>
      {serial && (
        <SerialPane
          session={session}
          isConnected={config.serial.some(({ kind }) => kind === 'console')}
          hostKey={hostKey}
          onFree={free}
          onClose={() => setSerial(false)}
        />
      )}
      {!isFull && <StatusLine machine={machine} session={session} isKeyboardCaptured={keyboard} />}
      {dialog === 'keys' && <KeysDialog onClose={() => setDialog(null)} />}
      {dialog !== null && dialog !== 'keys' && state === 'running' && (
        <TypeDialog machineId={id} toType={dialog} onClose={() => setDialog(null)} />
      )}
    </div>
  );
}

/** A menu gives the focus back to its button a frame after it has closed. */
function afterMenu(act: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(act)));
}

const NOTE_MS = 5000;

/** In full screen the tools are shown for a moment, then when they are asked for. */
function useMiniTools(isFull: boolean): [boolean, (shown: boolean) => void] {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    setShown(isFull);
    if (!isFull) return;
    const timer = setTimeout(() => setShown(false), NOTE_MS);
    return () => clearTimeout(timer);
  }, [isFull]);
  return [shown, setShown];
}

interface BannerProps {
  readonly machine: ReadyMachine;
  readonly session: ConsoleSession;
  readonly pointer: boolean;
  readonly isFull: boolean;
  readonly onReconnect: () => void;
}

/** What the user must know now, above the screen: the most pressing one. */
function Banner({ machine: { state }, session, pointer, isFull, onReconnect }: BannerProps) {
  const hostKey = useApp(({ preferences }) => t.console.hostKeys[preferences?.hostKey ?? 'ControlRight']);
  const connection = useStore(session.state, (now) => now.connection);
  const problem = useStore(session.state, (now) => now.problem);
  const [note, setNote] = useState(false);
  useEffect(() => {
    setNote(isFull);
    if (!isFull) return;
    const timer = setTimeout(() => setNote(false), NOTE_MS);
    return () => clearTimeout(timer);
  }, [isFull]);
  if (connection === 'closed' && state !== 'stopping')
    return (
      <div className="screen-banner" role="alert">
        <span>{problem ?? t.console.closed}</span>
        <Button onPress={onReconnect}>{t.console.reconnect}</Button>
      </div>
    );
  const text =
    (state === 'paused' && t.console.pausedBanner) ||
    (pointer && t.console.pointerBanner(hostKey)) ||
    (note && t.console.fullScreenNote(hostKey));
  return text ? (
    <p className="screen-banner" role="status">
      {text}
    </p>
  ) : null;
}

async function copyScreen(session: ConsoleSession): Promise<void> {
  const { text } = session.state.getState();
  if (!text) return notify({ level: 'warning', message: t.console.nothingToCopy });
  await navigator.clipboard.writeText(textOf(text));
  notify({ level: 'info', message: t.console.copied });
}
