// Where the window was and how large: kept in the preferences, and used again where a display still shows it.

import { type BrowserWindow, type Rectangle, screen } from 'electron';
import type { Preferences } from '../../shared/rpc/app-contract.ts';
import type { App } from '../services/app.ts';

type Saved = Preferences['window'];

const DEFAULT = { width: 1280, height: 860 };
/** So much of a window must be on a display to be taken hold of. */
const VISIBLE = 80;

/** What a new window is made with. */
export function restoredBounds(saved: Saved, displays: readonly Rectangle[]): Partial<Rectangle> {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => saved[name]);
  if (typeof width !== 'number' || typeof height !== 'number') return DEFAULT;
  const size = { width: Math.max(720, Math.round(width)), height: Math.max(480, Math.round(height)) };
  if (typeof x !== 'number' || typeof y !== 'number') return size;
  const isSeen = displays.some(
    (display) =>
      x + size.width > display.x + VISIBLE &&
      x < display.x + display.width - VISIBLE &&
      y >= display.y &&
      y < display.y + display.height - VISIBLE,
  );
  return isSeen ? { x: Math.round(x), y: Math.round(y), ...size } : size;
}

/** Of this run, before the preferences are written. */
const latest = new WeakMap<App, Saved>();

export function boundsFor(app: App): Partial<Rectangle> {
  return restoredBounds(
    latest.get(app) ?? app.preferences.window,
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
}

/** Remembers the window when it closes. A failure to write costs a position, nothing else. */
export function rememberBounds(window: BrowserWindow, app: App, report: (name: string, error: unknown) => void): void {
  if (app.preferences.window['maximized'] === true) window.maximize();
  window.on('close', () => {
    const { x, y, width, height } = window.getNormalBounds();
    const maximized = window.isMaximized();
    const bounds = { ...app.preferences.window, x, y, width, height, maximized };
    latest.set(app, bounds);
    app
      .setPreferences({ window: bounds })
      .catch((error: unknown) => report('window', error));
  });
}
