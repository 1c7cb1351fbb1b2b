// The guest's screen: picture, keyboard, pointer and text layer. Focus means that keys go to the machine.

import { type RefObject, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { HostKey } from '../../../shared/rpc/app-contract.ts';
import { t } from '../../i18n/strings.ts';
import { takeKeysRequest } from '../../state/navigation.ts';
import { notifyFailure } from '../../state/notices.ts';
import type { ConsoleSession } from './console-session.ts';
import { KeyboardCapture } from './keyboard-capture.ts';
import { PointerCapture } from './pointer-capture.ts';
import { type Scaling, type Size, shownSize, startOf } from './scaling.ts';
import { ScreenText } from './screen-text.tsx';

export interface ScreenCommands {
  chord(codes: readonly string[]): void;
  capturePointer(): void;
  focus(): void;
}

interface ScreenProps {
  readonly name: string;
  readonly hostKey: HostKey;
  readonly session: ConsoleSession;
  readonly canvas: HTMLCanvasElement;
  readonly scaling: Scaling;
  readonly isSelecting: boolean;
  /** The picture may use the whole display. */
  readonly isFull: boolean;
  /** Tab does not stop here. */
  readonly isPassed: boolean;
  readonly commands: RefObject<ScreenCommands | null>;
  readonly onKeyboard: (captured: boolean) => void;
  readonly onPointer: (captured: boolean) => void;
  /** The host key was pressed: where the focus goes. */
  readonly onFree: () => void;
  readonly onCopy: () => void;
  readonly onShortcut: (code: string) => boolean;
}

export function Screen(props: ScreenProps) {
  const { name, session, canvas, scaling, isSelecting, isFull } = props;
  const stage = useRef<HTMLDivElement>(null);
  const keys = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const width = useStore(session.state, (state) => state.width);
  const height = useStore(session.state, (state) => state.height);
  const text = useStore(session.state, (state) => state.text);
  const shown = useShownSize(stage, { width, height }, scaling, isFull);
  useInput(keys, props, text !== null);

  useEffect(() => {
    const place = holder.current;
    place?.append(canvas);
    return () => canvas.remove();
  }, [canvas]);
  useEffect(() => {
    if (shown.device.width === 0) return;
    session.resize(shown.device.width, shown.device.height);
    canvas.style.inlineSize = `${shown.css.width}px`;
    canvas.style.blockSize = `${shown.css.height}px`;
  }, [session, canvas, shown]);
  useEffect(() => {
    if (width > 0 && takeKeysRequest()) keys.current?.focus();
  }, [width]);

  return (
    <div ref={stage} className="screen-stage">
      <div
        className="screen"
        style={{
          inlineSize: shown.css.width,
          blockSize: shown.css.height,
          marginInlineStart: shown.margin.left,
          marginBlockStart: shown.margin.top,
        }}
      >
        <div ref={holder} aria-hidden className="screen-picture" />
        <div
          ref={keys}
          className="screen-keys"
          role="application"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys
          tabIndex={props.isPassed ? -1 : 0}
          aria-label={t.console.screen(name, t.console.hostKeys[props.hostKey])}
        />
        {text && <ScreenText text={text} size={shown.css} isSelectable={isSelecting} />}
      </div>
      {width === 0 && <p className="screen-note">{t.console.noPicture}</p>}
    </div>
  );
}

/** Room around the picture for the ring that shows the focus, in CSS pixels. */
const FOCUS_RING = 8;

interface Shown {
  readonly device: Size;
  readonly css: Size;
  /** To the picture from the stage's corner, in CSS pixels: it begins at a device pixel. */
  readonly margin: { readonly left: number; readonly top: number };
}

function useShownSize(stage: RefObject<HTMLDivElement | null>, guest: Size, scaling: Scaling, isFull: boolean): Shown {
  const [room, setRoom] = useState({ width: 0, height: 0, left: 0, top: 0, ratio: 1 });
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const measure = () => {
      const { left, top, width, height } = element.getBoundingClientRect();
      setRoom({ left, top, width, height, ratio: window.devicePixelRatio });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // The ratio changes with the zoom and with the display.
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', measure);
    };
  }, [stage]);
  const [shown, setShown] = useState<Shown>({
    device: { width: 0, height: 0 },
    css: { width: 0, height: 0 },
    margin: { left: 0, top: 0 },
  });
  const { width, height } = guest;
  useEffect(() => {
    const { ratio } = room;
    const ring = isFull ? 0 : FOCUS_RING;
    const inside = {
      width: Math.floor((room.width - ring) * ratio),
      height: Math.floor((room.height - ring) * ratio),
    };
    const device = shownSize({ width, height }, inside, scaling, ratio);
    setShown({
      device,
      css: { width: device.width / ratio, height: device.height / ratio },
      margin: {
        left: startOf(room.left, room.width, device.width, ratio),
        top: startOf(room.top, room.height, device.height, ratio),
      },
    });
  }, [room, width, height, scaling, isFull]);
  return shown;
}

function useInput(keys: RefObject<HTMLDivElement | null>, props: ScreenProps, isText: boolean): void {
  // The listeners live as long as the session; what they call is always the latest.
  const latest = useRef({ props, isText });
  latest.current = { props, isText };
  const { session } = props;
  useEffect(() => {
    const element = keys.current;
    if (!element) return;
    const keyboard = new KeyboardCapture({
      send: (codes) => session.send({ type: 'keyboard', scanCodes: codes }),
      hostKey: () => latest.current.props.hostKey,
      free: () => {
        pointer.free();
        latest.current.props.onFree();
      },
      copy: () => latest.current.props.onCopy(),
      shortcut: (code) => latest.current.props.onShortcut(code),
    });
    const pointer = new PointerCapture(element, (message) => session.send(message));
    const capturePointer = () => {
      element.focus();
      pointer.capture().catch(notifyFailure);
    };
    latest.current.props.commands.current = {
      chord: (codes) => keyboard.chord(codes),
      capturePointer,
      focus: () => element.focus(),
    };
    const stop = new AbortController();
    const { signal } = stop;
    element.addEventListener('keydown', (event) => keyboard.keyDown(event), { signal });
    element.addEventListener('keyup', (event) => keyboard.keyUp(event), { signal });
    element.addEventListener('focus', () => latest.current.props.onKeyboard(true), { signal });
    element.addEventListener(
      'blur',
      () => {
        keyboard.releaseAll();
        pointer.free();
        latest.current.props.onKeyboard(false);
      },
      { signal },
    );
    // A text screen is read and typed into; a graphics screen wants the pointer at once.
    element.addEventListener(
      'click',
      () => {
        if (!latest.current.isText && !pointer.captured) capturePointer();
      },
      { signal },
    );
    const stopPointer = pointer.listen((captured) => latest.current.props.onPointer(captured));
    return () => {
      keyboard.releaseAll();
      stop.abort();
      stopPointer();
      latest.current.props.commands.current = null;
    };
  }, [keys, session]);
}
