// The desktop application's life: one instance, one window, and an end that waits for the machines.

import { type BrowserWindow, dialog, app as electronApp } from 'electron';
import { connect } from '../../shared/rpc/connect.ts';
import { controlContract } from '../../shared/rpc/control-contract.ts';
import { App } from '../services/app.ts';
import { type Claim, claimFolder, connectControl } from '../services/control-socket.ts';
import { PageFiles } from '../services/page-files.ts';
import { serveControl } from '../services/serve-control.ts';
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
  let whenOpen: (app: App) => void = () => undefined;
  const opened = new Promise<App>((resolve) => {
    whenOpen = resolve;
  });
  const claim = await claimFolder(
    options.dataFolder,
    (channel) =>
      void opened.then((app) => serveControl(app, channel, { openWindow: () => showWindow(), onUnexpected: report })),
  );
  // A service of the command line has the machines: its window shows them.
  if (!claim) return quitFor(options.dataFolder);
  const app = await App.open({
    version: options.version,
    dataFolder: options.dataFolder,
    features: { nativeDialogs: true, nativeMenu: true },
    launch: processLauncher(options.bundles),
  });
  serveApp(await PageFiles.read(options.renderer));
  restrictSession();
  setMenu(process.platform);
  answerCalls(app, report);
  let window = open(app, options.preload);
  const showWindow = () => {
    if (window.isDestroyed()) window = open(app, options.preload);
    else if (window.isMinimized()) window.restore();
    window.focus();
  };
  whenOpen(app);
  electronApp.on('second-instance', showWindow);
  // Closing a window never stops a machine; starting Boxwright again shows it.
  electronApp.on('window-all-closed', () => {
    if (app.supervisor.active === 0) electronApp.quit();
  });
  endWithMachines(app, claim);
}

function report(name: string, error: unknown): void {
  console.error(`boxwright: ${name}:`, error);
}

async function quitFor(dataFolder: string): Promise<void> {
  const channel = await connectControl(dataFolder);
  if (channel) await connect(controlContract, channel).call('control.openWindow');
  electronApp.quit();
}

function open(app: App, preload: URL): BrowserWindow {
  const window = openMainWindow(preload);
  forwardEvents(app, window);
  return window;
}

/** The first request to quit asks and powers the machines off; the second, when they are, is granted. */
function endWithMachines(app: App, claim: Claim): void {
  let ended = false;
  electronApp.on('before-quit', (event) => {
    if (ended) return;
    event.preventDefault();
    void mayPowerOff(app).then(async (yes) => {
      if (!yes) return;
      await app.shutdown();
      claim.release();
      ended = true;
      electronApp.quit();
    });
  });
}

async function mayPowerOff(app: App): Promise<boolean> {
  const { active } = app.supervisor;
  if (active === 0) return true;
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    message: active === 1 ? 'A machine is running.' : `${active} machines are running.`,
    detail: 'Quitting powers them off; their guests lose what they have not saved.',
    buttons: ['Cancel', 'Power off and quit'],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}
