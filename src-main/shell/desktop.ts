// The desktop application's life: one instance, one window, and an end that waits for the machines.

import { type BrowserWindow, app as electronApp } from 'electron';
import { App } from '../services/app.ts';
import { PageFiles } from '../services/page-files.ts';
import { registerAppScheme, serveApp } from './app-protocol.ts';
import { answerCalls, forwardEvents, openMainWindow, restrictSession } from './main-window.ts';
import { setMenu } from './menu.ts';
import { processLauncher } from './process-launcher.ts';

export interface DesktopOptions {
  readonly version: string;
  readonly dataFolder: string;
  /** Folders and files of the build. */
  readonly bundles: URL;
  readonly renderer: URL;
  readonly preload: URL;
}

export async function startDesktop(options: DesktopOptions): Promise<void> {
  if (!electronApp.requestSingleInstanceLock()) return electronApp.quit();
  registerAppScheme();
  // Chromium's own files beside ours, wherever that is.
  electronApp.setPath('userData', `${options.dataFolder}/window`);
  await electronApp.whenReady();
  const app = await App.open({
    version: options.version,
    dataFolder: options.dataFolder,
    features: { nativeDialogs: true, nativeMenu: true },
    launch: processLauncher(options.bundles),
  });
  serveApp(await PageFiles.read(options.renderer));
  restrictSession();
  setMenu(process.platform);
  answerCalls(app, (name, error) => console.error(`boxwright: ${name}:`, error));
  let window = open(app, options.preload);
  electronApp.on('second-instance', () => {
    if (window.isDestroyed()) window = open(app, options.preload);
    else if (window.isMinimized()) window.restore();
    window.focus();
  });
  electronApp.on('window-all-closed', () => electronApp.quit());
  endWithMachines(app);
}

function open(app: App, preload: URL): BrowserWindow {
  const window = openMainWindow(preload);
  forwardEvents(app, window);
  return window;
}

/** The first request to quit powers the machines off; the second, when they are, is granted. */
function endWithMachines(app: App): void {
  let ended = false;
  electronApp.on('before-quit', (event) => {
    if (ended) return;
    event.preventDefault();
    void app.shutdown().finally(() => {
      ended = true;
      electronApp.quit();
    });
  });
}
